package azureconn_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/connector/azureconn"
	"github.com/videovector/exports/internal/connector/conntest"
	"github.com/videovector/exports/internal/connector/conntest/faultproxy"
	"github.com/videovector/exports/internal/connector/guard"
	"github.com/videovector/exports/internal/emulator/azurite"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/store"
)

// blockBytes makes three blocks of the suite's large objects.
const blockBytes = 100_000

// roots are whom Azurite's certificate is of.
var roots = x509.NewCertPool()

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "azureconn")
	if err == nil {
		err = certify(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

func certify(dir string) error {
	authority, _, err := azurite.Certify(dir)
	if err != nil {
		return err
	}
	trusted, err := os.ReadFile(authority)
	if err != nil || !roots.AppendCertsFromPEM(trusted) {
		return fmt.Errorf("%s: %w", authority, err)
	}
	return nil
}

func TestConformance(t *testing.T) {
	conntest.Run(t, func(t *testing.T) conntest.Harness {
		w := newWorld(t)
		revoked := newSignIn(t)
		revoked.refuse = aadsts(http.StatusUnauthorized, "invalid_client", 7000222)
		return conntest.Harness{
			Target: w.open(t, w.container(t)), Line: w.line, LargeBytes: 2*blockBytes + 1000,
			Gone:    w.open(t, "gone"),
			Revoked: openWith(t, opener(t, w.line.URL(), revoked.URL), w.container(t)),
			Refuses: func(key string) bool { return strings.HasSuffix(key, ".") || strings.Contains(key, "./") },
		}
	})
}

// TestOverTLS delivers without anything between, by the guard's own client and the certificate's authority.
func TestOverTLS(t *testing.T) {
	w := newWorld(t)
	container := w.container(t)
	o := opener(t, w.store, w.signIn.URL)
	if _, err := connector.Put(t.Context(), openWith(t, o, container), small("a")); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("without its authority: %v", err)
	}
	o.Client = guard.NewClient(guard.Config{Allow: []string{host(w.store), host(w.signIn.URL)}, Roots: roots})
	if _, err := connector.Put(t.Context(), openWith(t, o, container), small("a")); err != nil {
		t.Error(err)
	}
}

// world is Azurite behind a line that can be broken, and a sign-in.
type world struct {
	store  string
	line   *faultproxy.Proxy
	signIn *signIn
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{store: azurite.Emulator.Start(t), signIn: newSignIn(t)}
	w.line = faultproxy.New(t, faultproxy.Config{Upstream: w.store, Transport: transport(), Refuse: refuse})
	return w
}

func transport() *http.Transport {
	return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableCompression: true, MaxIdleConnsPerHost: 16}
}

// refuse answers as Blob Storage does.
func refuse(w http.ResponseWriter, status int) {
	code := map[int]string{409: "BlobAlreadyExists", 412: "ConditionNotMet", 429: "TooManyRequests", 500: "InternalError", 503: "ServerBusy"}[status]
	w.Header().Set("x-ms-error-code", code)
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, `<?xml version="1.0" encoding="utf-8"?><Error><Code>%s</Code><Message>m</Message></Error>`, code)
}

var containers atomic.Int64

// account is the one that Azurite has.
const account = "devstoreaccount1"

// container makes a container that no other test has.
func (w *world) container(t *testing.T) string {
	t.Helper()
	name := fmt.Sprintf("container-%d", containers.Add(1))
	r, err := http.NewRequest(http.MethodPut, w.store+"/"+account+"/"+name+"?restype=container", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+azurite.Token("signature"))
	r.Header.Set("x-ms-version", "2024-11-04")
	reply, err := (&http.Client{Transport: transport()}).Do(r)
	if err != nil || reply.StatusCode != http.StatusCreated {
		t.Fatalf("making %s: %v, %v", name, reply, err)
	}
	reply.Body.Close()
	return name
}

func (w *world) open(t *testing.T, container string) connector.Target {
	t.Helper()
	return openWith(t, opener(t, w.line.URL(), w.signIn.URL), container)
}

// opener reaches the two places and no other.
func opener(t *testing.T, endpoint, loginURL string) azureconn.Opener {
	t.Helper()
	sealer, err := seal.NewKeyFile(t.TempDir() + "/key")
	if err != nil {
		t.Fatal(err)
	}
	client := guard.NewClient(guard.Config{Allow: []string{host(endpoint), host(loginURL)}})
	return azureconn.Opener{Sealer: sealer, Client: client, Endpoint: endpoint, LoginURL: loginURL, BlockBytes: blockBytes}
}

func host(base string) string {
	_, host, _ := strings.Cut(base, "://")
	return host
}

func record(container string) store.Connector {
	return store.Connector{ID: "conn_1", AccountID: "acct", Provider: "azure", StorageAccount: account, Container: container}
}

func openWith(t *testing.T, o azureconn.Opener, container string) connector.Target {
	t.Helper()
	target, err := o.OpenTarget(t.Context(), sealed(t, o, record(container), secrets()))
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func secrets() seal.Secrets {
	return seal.Secrets{
		connector.AzureTenantID: seal.NewSecret(tenant), connector.AzureClientID: seal.NewSecret(client), connector.AzureClientSecret: seal.NewSecret(clientSecret),
	}
}

func sealed(t *testing.T, o azureconn.Opener, c store.Connector, s seal.Secrets) store.Connector {
	t.Helper()
	var err error
	if c.Secret, err = seal.SealSecrets(t.Context(), o.Sealer, seal.Context{AccountID: c.AccountID, ConnectorID: c.ID}, s); err != nil {
		t.Fatal(err)
	}
	return c
}

func small(key string) connector.Object { return conntest.Object(key, []byte("small")) }

func sized(key string, n int) connector.Object { return conntest.Object(key, make([]byte, n)) }
