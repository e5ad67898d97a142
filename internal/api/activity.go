package api

import (
	"net/http"

	"github.com/videovector/exports/internal/auth"
)

// validate says whether the key is good: 204 for any valid one, whatever its scope.
func validate(w http.ResponseWriter, r *http.Request) error {
	if _, err := caller(r, auth.ScopeNone); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// activityView is the reply to a client that announces what it is about to do.
type activityView struct {
	Accepted   bool   `json:"accepted"`
	WakeStatus string `json:"wake_status"`
	Reason     string `json:"reason"`
}

// recordActivity takes a client's announcement. Nothing here needs waking, so the body is not even read.
func recordActivity(w http.ResponseWriter, r *http.Request) error {
	if _, err := caller(r, auth.ScopeNone); err != nil {
		return err
	}
	return reply(w, http.StatusOK, activityView{Accepted: true, WakeStatus: "accepted", Reason: "recorded"})
}
