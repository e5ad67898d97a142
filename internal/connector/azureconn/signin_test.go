package azureconn_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/videovector/exports/internal/emulator/azurite"
)

const (
	tenant       = azurite.Tenant
	client       = "11059fcc-5514-4800-b5f8-49808b9cfab6"
	clientSecret = "secret~of/the+application="
)

// signIn gives tokens as Microsoft's sign-in does: to the one application, for its secret and this scope.
type signIn struct {
	*httptest.Server

	mu     sync.Mutex
	refuse func(w http.ResponseWriter) bool
	asked  int
}

func newSignIn(t *testing.T) *signIn {
	t.Helper()
	s := &signIn{}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *signIn) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	w.Header().Set("Content-Type", "application/json")
	if s.refuse != nil && s.refuse(w) {
		return
	}
	if r.Method != http.MethodPost || r.URL.RequestURI() != "/"+tenant+"/oauth2/v2.0/token" {
		aadsts(http.StatusBadRequest, "invalid_request", 90002)(w)
		return
	}
	if r.PostFormValue("grant_type") != "client_credentials" || r.PostFormValue("scope") != "https://storage.azure.com/.default" {
		aadsts(http.StatusBadRequest, "invalid_scope", 1002012)(w)
		return
	}
	if r.PostFormValue("client_id") != client || r.PostFormValue("client_secret") != clientSecret {
		aadsts(http.StatusUnauthorized, "invalid_client", 7000215)(w)
		return
	}
	fmt.Fprintf(w, `{"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":%q}`, azurite.Token("signature"))
}

// aadsts is a refusal in the sign-in's form.
func aadsts(status int, code string, number int) func(w http.ResponseWriter) bool {
	return func(w http.ResponseWriter) bool {
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"error":%q,"error_description":"AADSTS%d: canary. Trace ID: 0","error_codes":[%d],"timestamp":"2026-05-01 12:00:00Z"}`, code, number, number)
		return true
	}
}
