package localca

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"
)

func TestAuthorityIsKeptAndItsServerIsTrusted(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	first, err := Open(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Open(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	if !first.cert.Equal(again.cert) {
		t.Error("a second Open made another authority")
	}
	cert, err := again.ServerCertificate("127.0.0.1", now)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	srv.StartTLS()
	defer srv.Close()

	pem, err := os.ReadFile(first.File)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		t.Fatal("ca.pem holds no certificate")
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	res, err := client.Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusNoContent {
		t.Errorf("status = %d", res.StatusCode)
	}
}

func TestAuthorityNearItsEndIsReplaced(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	first, err := Open(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	later, err := Open(dir, now.Add(authorityLife-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if first.cert.Equal(later.cert) {
		t.Error("an authority about to expire was kept")
	}
}
