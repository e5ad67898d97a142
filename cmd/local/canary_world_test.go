package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/connector/conntest/memconn"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/localgw"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/store"
)

// canaries are the secrets of one set: every secret field of the three providers.
type canaries struct {
	S3KeyID, S3Secret               string
	TenantID, ClientID, AzureSecret string
	Email, KeyID, PEM               string // what Google's file holds
}

func newCanaries(t *testing.T, set string) canaries {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	r := strings.ToLower(rand.Text())
	return canaries{
		S3KeyID: "AKIA" + strings.ToUpper(set) + rand.Text(), S3Secret: "canary/" + set + "+" + r,
		TenantID: "canary-" + set + "-" + r + ".example", ClientID: fmt.Sprintf("%08x-%04x-4000-8000-%012x", key.N.Bits()[0]&0xffffffff, key.N.Bits()[1]&0xffff, key.N.Bits()[2]&0xffffffffffff),
		AzureSecret: "canary~" + set + "." + r, Email: "canary-" + set + "-" + r + "@project.iam.gserviceaccount.com", KeyID: "canary" + set + r,
		PEM: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	}
}

// needles are what is looked for: of the private key a line from its middle, which no other key has.
func (c canaries) needles() map[string]string {
	lines := strings.Split(c.PEM, "\n")
	return map[string]string{
		"access key id": c.S3KeyID, "secret access key": c.S3Secret, "tenant id": c.TenantID, "client id": c.ClientID, "client secret": c.AzureSecret,
		"client email": c.Email, "key id": c.KeyID, "private key": lines[len(lines)/2],
	}
}

// file is Google's key file.
func (c canaries) file() string {
	raw, _ := json.Marshal(map[string]string{ // of strings
		"type": "service_account", "private_key_id": c.KeyID, "private_key": c.PEM, "client_email": c.Email, "token_uri": "https://oauth2.googleapis.com/token",
	})
	return string(raw)
}

// canaryWorld is the local service in this process, with everything noted that passes between its parts.
type canaryWorld struct {
	*stack
	t       *testing.T
	gateway http.Handler
	clouds  map[string]*cloud
	real    connector.Opener // the service's own

	mu   sync.Mutex
	sent bytes.Buffer // bodies of requests
	seen bytes.Buffer // replies, and what other functions than that of connectors were called with and answered
}

// newCanaryWorld starts the service over a fresh folder.
func newCanaryWorld(t *testing.T) *canaryWorld {
	t.Helper()
	before := slog.Default()
	s := &stack{options: options{data: t.TempDir(), demo: true, every: sweepEvery, hurry: 1}}
	t.Chdir(".") // the embedded S3 works from another folder
	t.Cleanup(func() {
		slog.SetDefault(before)
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	w := &canaryWorld{stack: s, t: t, clouds: map[string]*cloud{}}
	w.must(s.openLog())
	listen := func() net.Listener {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		w.must(err)
		t.Cleanup(func() { l.Close() })
		return l
	}
	w.must(s.start(t.Context(), listeners{listen(), listen()}))
	w.rewire()
	return w
}

func (w *canaryWorld) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// rewire makes the functions anew, over clouds of the test's own.
func (w *canaryWorld) rewire() {
	w.t.Helper()
	w.real = w.parts.Connectors
	all := connector.Providers{}
	for _, name := range []string{"s3", "gcs", "azure"} {
		w.clouds[name] = &cloud{sealer: w.parts.Sealer, bucket: memconn.New(name)}
		all[name] = w.clouds[name]
	}
	w.parts.Connectors = all
	made, err := inProcess(w.parts)
	w.must(err)
	w.invoker = noting{made, w}
	w.must(w.newEngine(w.t.Context()))
	w.gateway, err = w.stack.gateway()
	w.must(err)
}

// noting notes what passes to and from functions. Only the function of connectors is sent secrets.
type noting struct {
	functions
	w *canaryWorld
}

func (n noting) Invoke(ctx context.Context, function string, payload []byte) (localgw.Reply, error) {
	if function != "manage-connector" {
		n.w.note(payload)
	}
	r, err := n.functions.Invoke(ctx, function, payload)
	if r.Stream == nil {
		n.w.note(r.Payload)
	}
	return r, err
}

func (w *canaryWorld) note(text []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen.Write(text)
	w.seen.WriteByte('\n')
}

// call sends a request and wants the status.
func (w *canaryWorld) call(method, path, contentType, body string, want int, headers ...string) map[string]any {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), method, "/api/v2"+path, strings.NewReader(body))
	r.Header.Set("X-API-Key", w.secrets.APIKeys.Admin)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w.sent.WriteString(body)
	rec := httptest.NewRecorder()
	w.gateway.ServeHTTP(rec, r)
	w.note(fmt.Appendf(nil, "%v", rec.Header()))
	w.note(rec.Body.Bytes())
	if rec.Code != want {
		w.t.Fatalf("%s %s: %d, want %d: %s", method, path, rec.Code, want, rec.Body)
	}
	var reply map[string]any
	_ = json.Unmarshal(rec.Body.Bytes(), &reply) // a list stays out
	return reply
}

// export delivers the demo run to the connector and gives the export at its end.
func (w *canaryWorld) export(connectorID string) map[string]any {
	w.t.Helper()
	id := w.call("POST", "/exports/prompt-run/run_123", "application/json", fmt.Sprintf(`{"destination_connector_id":%q}`, connectorID), 202)["export_id"].(string)
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if e := w.call("GET", "/exports/"+id, "", "", 200); e["status"] == "completed" || e["status"] == "failed" {
			return e
		}
	}
	w.t.Fatalf("the export to %s doesn't end", connectorID)
	return nil
}

// files are all that the service keeps.
func (w *canaryWorld) files() map[string][]byte {
	w.t.Helper()
	all := map[string][]byte{}
	w.must(filepath.WalkDir(w.options.data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		all[path], err = os.ReadFile(path)
		return err
	}))
	return all
}

// cloud is a provider's adapter as far as secrets go: it opens them, and holds them while its bucket is used.
type cloud struct {
	sealer seal.Sealer
	bucket *memconn.Target

	mu     sync.Mutex
	fails  []error // of the next calls; errPanic throws the secrets
	opened []string
	real   connector.Opener // opens in its place, if there is one
}

var errPanic = fault.New(fault.Internal, "panic", "")

// OpenTarget implements connector.Opener.
func (c *cloud) OpenTarget(ctx context.Context, record store.Connector) (connector.Target, error) {
	secrets, err := seal.OpenSecrets(ctx, c.sealer, seal.Context{AccountID: record.AccountID, ConnectorID: record.ID}, record.Secret)
	if err != nil {
		return nil, err
	}
	var plain []string
	for _, s := range secrets {
		plain = append(plain, s.Reveal())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opened = append(c.opened, plain...)
	if c.real != nil {
		return c.real.OpenTarget(ctx, record)
	}
	c.bucket.SetHook(func(memconn.Call) (error, error) { return c.next(plain), nil })
	return c.bucket, nil
}

// next is the fate of a call.
func (c *cloud) next(plain []string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.fails) == 0 {
		return nil
	}
	err := c.fails[0]
	c.fails = c.fails[1:]
	if errors.Is(err, errPanic) { // as a bug in an adapter would
		panic(strings.Join(plain, " "))
	}
	return err
}

// fail makes the next calls fail so.
func (c *cloud) fail(with ...error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fails = with
}

// saw reports whether the adapter was given the secret.
func (c *cloud) saw(secret string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(c.opened, func(s string) bool { return strings.Contains(s, secret) })
}

// canaryForm is a create request of Google's.
func canaryForm(t *testing.T, file string) (contentType, body string) {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for _, f := range [][2]string{{"name", "G"}, {"bucket", "bucket"}, {"gcp_project_id", "project-1"}, {"scopes", "import"}, {"scopes", "export"}} {
		if err := form.WriteField(f[0], f[1]); err != nil {
			t.Fatal(err)
		}
	}
	part, err := form.CreateFormFile("credentials_file", "key.json")
	if err == nil {
		_, err = part.Write([]byte(file))
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return form.FormDataContentType(), b.String()
}
