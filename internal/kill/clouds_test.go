package kill

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/videovector/exports/internal/emulator"
	"github.com/videovector/exports/internal/emulator/azurite"
)

// clouds are the emulators that all services share.
type clouds struct {
	gcs, azure string // base URLs
	tokens     string // where both get their tokens
	authority  string // file of the certificates' authority
	pair       tls.Certificate
}

// fakeGCS runs until the test binary ends.
var fakeGCS = emulator.Emulator{Name: "fake-gcs-server", Script: "fake-gcs.sh"}

// startClouds runs fake-gcs-server and Azurite until the test binary ends.
func startClouds(t *testing.T) *clouds {
	t.Helper()
	authority, pair, err := azurite.Certify(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := &clouds{authority: authority, pair: pair, gcs: fakeGCS.Start(t)}
	c.azure = plain(t, azurite.Emulator.Start(t))
	c.tokens = tokenServer(t)
	return c
}

// plain is an http front of an https server, for functions that know no authority of ours.
func plain(t *testing.T, secure string) string {
	t.Helper()
	to, err := url.Parse(secure)
	if err != nil {
		t.Fatal(err)
	}
	front := &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(to); r.Out.Host = to.Host },
		Transport:    &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, // it is on this machine
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
		ErrorLog:     quiet,
	}
	s := httptest.NewServer(front)
	t.Cleanup(s.Close)
	return s.URL
}

// tokenServer gives everybody a token that both emulators take: Azurite looks at its claims, and neither at a signature.
func tokenServer(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":3600}`, azurite.Token("signature"))
	}))
	t.Cleanup(s.Close)
	return s.URL
}
