package kill

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/videovector/exports/internal/emulator"
	"github.com/videovector/exports/internal/localca"
)

// clouds are the emulators that all services share.
type clouds struct {
	gcs, azure string // base URLs
	tokens     string // where both get their tokens
	authority  string // file of the certificates' authority
	pair       tls.Certificate
}

// The emulators run until the test binary ends.
var (
	fakeGCS = emulator.Emulator{Name: "fake-gcs-server", Script: "fake-gcs.sh"}
	azurite = emulator.Emulator{Name: "Azurite", Script: "azurite.sh"}
)

// startClouds runs fake-gcs-server and Azurite until the test binary ends.
func startClouds(t *testing.T) *clouds {
	t.Helper()
	dir := t.TempDir()
	authority, err := localca.Open(dir, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.ServerCertificate("127.0.0.1", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	chain, key := writePair(t, dir, pair)
	azurite.Args = []string{chain, key}
	c := &clouds{authority: authority.File, pair: pair, gcs: fakeGCS.Start(t)}
	c.azure = plain(t, azurite.Start(t))
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
		fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":3600}`, blobToken())
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func blobToken() string {
	now := time.Now().Unix()
	claims, err := json.Marshal(map[string]any{
		"aud": "https://storage.azure.com", "iss": "https://sts.windows-ppe.net/72f988bf-86f1-41af-91ab-2d7cd011db47/", "iat": now - 60, "nbf": now - 60, "exp": now + 7200,
	})
	if err != nil {
		panic(err) // it is fixed
	}
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"typ":"JWT","alg":"RS256"}`)) + "." + part(claims) + "." + part([]byte("signature"))
}

// writePair writes a certificate and its key into files.
func writePair(t *testing.T, dir string, pair tls.Certificate) (chain, key string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	for _, der := range pair.Certificate {
		text.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	chain, key = filepath.Join(dir, "chain.pem"), filepath.Join(dir, "server-key.pem")
	for file, text := range map[string][]byte{chain: text.Bytes(), key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return chain, key
}
