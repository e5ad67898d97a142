package api

import (
	"net/http"

	"github.com/videovector/exports/internal/tenant"
)

// maxEdgeBytes is the largest object that CloudFront takes from an origin: 50 GB, by its quotas.
const maxEdgeBytes = 50_000_000_000

// locationView is where the edge finds the file that a request may have, and what it says of it. Who may read it may
// have the file: the key is the one of the export's gcs_uri.
type locationView struct {
	Key                string `json:"key"`
	Bytes              int64  `json:"bytes"`
	ContentType        string `json:"content_type"`
	ContentDisposition string `json:"content_disposition"`
}

// locate answers as download does, with the place of the file instead of the file: whatever is refused there is
// refused here, in the same words. The edge hands a refusal on as it is.
func (s downloader) locate(w http.ResponseWriter, r *http.Request) error {
	e, f, err := s.granted(r)
	if err != nil {
		return err
	}
	key := e.Artifact.KeyOf(f.name)
	stored, err := s.Documents.Head(tenant.With(r.Context(), e.AccountID), key)
	if err != nil {
		return missing(err)
	}
	if err := f.check(stored, maxEdgeBytes); err != nil {
		return err
	}
	return reply(w, http.StatusOK, locationView{key, stored.Bytes, f.contentType, f.disposition()})
}
