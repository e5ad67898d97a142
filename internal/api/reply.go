package api

import (
	"net/http"

	"github.com/go-json-experiment/json"

	"github.com/videovector/exports/internal/fault"
)

// reply answers with a JSON body. Replies may hold links and belong to one caller: nothing on the way may keep them.
func reply(w http.ResponseWriter, status int, body any) error {
	text, err := encodeReply(body)
	if err != nil {
		return err
	}
	write(w, status, text)
	return nil
}

func encodeReply(body any) ([]byte, error) {
	text, err := json.Marshal(body, json.Deterministic(true))
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "internal_error", "The reply could not be written.")
	}
	return text, nil
}

// write answers with a body that is encoded already.
func write(w http.ResponseWriter, status int, text []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(text) //nolint:gosec // G705: JSON, under its own content type; a caller that is gone needs no answer
}
