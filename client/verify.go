package client

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"
)

// Event is what a webhook is sent.
type Event struct {
	// ID stays the same however often the event comes: who has handled it needn't again.
	ID         string          `json:"id"`
	Event      string          `json:"event"` // EventExportReady, EventExportFailed, or webhook.test
	Data       json.RawMessage `json:"data"`
	CreatedAt  time.Time       `json:"created_at"`
	APIVersion string          `json:"api_version"`
	Metadata   json.RawMessage `json:"metadata"` // the webhook's own; nil where it has none
}

// Export is the export that the event is about, but for its links.
func (e *Event) Export() (*Export, error) {
	if e.Event != EventExportReady && e.Event != EventExportFailed {
		return nil, errors.New("client: the event " + e.Event + " is about no export")
	}
	var x Export
	if err := json.Unmarshal(e.Data, &x); err != nil {
		return nil, err
	}
	return &x, nil
}

// ErrSignature is why VerifyWebhook refuses a request.
var ErrSignature = errors.New("client: the request is not signed with the webhook's secret")

// VerifyWebhook checks that a request to a webhook is signed with its secret, and reads the event. The body is the
// request's, byte for byte: what was decoded and encoded again doesn't verify. While a secret is being rotated, try both.
func VerifyWebhook(secret Secret, header http.Header, body []byte) (*Event, error) {
	given, ok := strings.CutPrefix(header.Get("X-Webhook-Signature"), "sha256=")
	if !ok || secret == "" {
		return nil, ErrSignature
	}
	sum, err := hex.DecodeString(given)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	if err != nil || !hmac.Equal(sum, mac.Sum(nil)) {
		return nil, ErrSignature
	}
	var e Event
	if err := json.Unmarshal(body, &e); err != nil {
		return nil, err
	}
	return &e, nil
}
