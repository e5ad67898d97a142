package api

import (
	"net/http"

	"github.com/videovector/exports/internal/auth"
)

// mintView is the reply to a request for a download link: exactly these five keys.
type mintView struct {
	ExportID               string  `json:"export_id"`
	Status                 string  `json:"status"`
	DestinationType        string  `json:"destination_type"`
	DestinationConnectorID *string `json:"destination_connector_id"`
	DownloadURL            *string `json:"download_url"`
}

// mint answers for an export in any state; only one that can be downloaded gets a link. Every call makes another one.
func (s reader) mint(w http.ResponseWriter, r *http.Request) error {
	_, e, err := s.load(r)
	if err != nil {
		return err
	}
	now := s.Clock()
	v := mintView{ExportID: e.ID, Status: string(e.Status), DestinationType: destinationType(e)}
	if e.ToConnector() {
		v.DestinationConnectorID = given(e.Request.Destination.ConnectorID)
	}
	if downloadable(e, now) {
		origin, err := originOf(r.Context(), s.Origin)
		if err != nil {
			return err
		}
		minter := auth.CredentialHash(r.Header)
		if minter == "" { // the link has to end with a key
			return auth.ErrKey()
		}
		token, err := s.Keys.MintToken(auth.Grant{
			AccountID: e.AccountID, ExportID: e.ID, Artifact: e.Artifact.ManifestSHA256, KeyHash: minter,
		}, now)
		if err != nil {
			return err
		}
		v.DownloadURL = given(string(origin) + downloadPath(e.ID) + "?token=" + token)
	}
	return reply(w, http.StatusOK, v)
}
