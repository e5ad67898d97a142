package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/videovector/exports/internal/emulator"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/store/dynamostore/dynamolocal"
	"github.com/videovector/exports/internal/webhook"
)

// loopbackCertificate makes a certificate for 127.0.0.1 that vouches for itself, in files.
func loopbackCertificate(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "receiver.pem"), filepath.Join(dir, "receiver.key")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

// TestPythonSDKWebhooks runs the published Python SDK's webhooks against receivers that are good, bad, silent and private.
func TestPythonSDKWebhooks(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	cert, key := loopbackCertificate(t)
	s := startService(t, "-webhook-allow", "127.0.0.1:"+port, "-webhook-ca", cert, "-webhook-retry", "50ms")
	cmd := exec.Command("../../scripts/python-sdk.sh", "run", "testdata/python_sdk_webhooks.py", filepath.Join(s.dir, "local.json"), port, cert, key)
	cmd.Env = append(os.Environ(), "SSL_CERT_FILE="+s.local.CAFile)
	out, err := emulator.Output(t, "Python SDK", cmd)
	ran := regexp.MustCompile(`\nRan (\d+) tests`).FindSubmatch(out)
	if err != nil || ran == nil || string(ran[1]) == "0" {
		t.Fatalf("%v\n%s\n%s", err, out, s.tail())
	}
	t.Logf("%s tests of the SDK", ran[1])
}

// hookReceiver is an https address on loopback that notes what comes.
type hookReceiver struct {
	*httptest.Server
	cert string
	mu   sync.Mutex
	came []arrival
}

type arrival struct {
	header http.Header
	body   []byte
}

func newHookReceiver(t *testing.T, answer func(n int) int) *hookReceiver {
	t.Helper()
	cert, key := loopbackCertificate(t)
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	r := &hookReceiver{cert: cert}
	r.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body) // a caller that is killed sends half of one
		r.mu.Lock()
		r.came = append(r.came, arrival{q.Header.Clone(), body})
		n := len(r.came)
		r.mu.Unlock()
		w.WriteHeader(answer(n))
	}))
	r.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	r.StartTLS()
	t.Cleanup(r.Close)
	return r
}

func (r *hookReceiver) flags() []string {
	return []string{"-webhook-allow", r.Listener.Addr().String(), "-webhook-ca", r.cert, "-webhook-retry", "100ms"}
}

func (r *hookReceiver) arrivals() []arrival {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]arrival(nil), r.came...)
}

// hook makes a webhook to the receiver and gives its id and secret.
func (s *service) hook(r *hookReceiver) (id string, secret seal.Secret) {
	s.t.Helper()
	reply := s.call("POST", "/webhooks", s.local.APIKeys.Write, fmt.Sprintf(`{"name":"n","url":%q,"events":["export.ready"]}`, r.URL))
	if reply.status != http.StatusCreated {
		s.t.Fatalf("POST /webhooks: %d %s", reply.status, reply.body)
	}
	made := reply.json(s.t)
	return made["webhook_id"].(string), seal.NewSecret(made["secret"].(string))
}

// awaitDelivered polls the webhook until so many deliveries have arrived.
func (s *service) awaitDelivered(webhookID string, want int) {
	s.t.Helper()
	for deadline := time.Now().Add(90 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		reply := s.call("GET", "/webhooks/"+webhookID+"/deliveries?status=delivered", s.local.APIKeys.Read, "")
		var all []json.RawMessage
		if err := json.Unmarshal(reply.body, &all); err != nil {
			s.t.Fatalf("%v: %s", err, reply.body)
		}
		if len(all) == want {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%d deliveries of %d have arrived: %s\n%s", len(all), want, reply.body, s.tail())
		}
	}
}

// TestEventsSurviveKills kills the service at moments between an export's end and its event's arrival, over and over. Each
// event arrives in the end; however often, it is with the same ids and bytes, rightly signed.
func TestEventsSurviveKills(t *testing.T) {
	r := newHookReceiver(t, func(n int) int { return map[bool]int{true: 200, false: 500}[n%3 == 0] })
	s := startService(t, r.flags()...)
	hook, secret := s.hook(r)
	const kills = 6
	for n := range kills {
		s.create("/exports/prompt-run/run_123", "")
		for begun := time.Now(); time.Since(begun) < time.Duration(n)*150*time.Millisecond; {
			time.Sleep(10 * time.Millisecond)
		}
		s.kill()
		s.start()
	}
	s.awaitDelivered(hook, kills)
	bodies := map[string]string{}
	for _, a := range r.arrivals() {
		id := a.header.Get("X-Delivery-ID")
		if got := a.header.Get("X-Webhook-Signature"); got != webhook.Sign(secret, a.body) {
			t.Errorf("%s is signed %s", id, got)
		}
		if first, ok := bodies[id]; ok && first != string(a.body) {
			t.Errorf("%s came as %s, then as %s", id, first, a.body)
		}
		bodies[id] = string(a.body)
	}
	if len(bodies) != kills {
		t.Errorf("%d events, want %d", len(bodies), kills)
	}
	s.stop()
	s.checkHidden(secret.Reveal())
	log, err := os.ReadFile(filepath.Join(s.dir, "local.log"))
	if err != nil || strings.Contains(string(log), r.URL) {
		t.Errorf("the log holds the address, which may be a secret: %v", err)
	}
}

// checkHidden: the secret stands in clear nowhere in the service's folder, its records and its log included.
func (s *service) checkHidden(secret string) {
	s.t.Helper()
	files := 0
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		files++
		text, err := os.ReadFile(path)
		if bytes.Contains(text, []byte(secret)) {
			s.t.Errorf("%s holds the secret", path)
		}
		return err
	})
	if err != nil || files < 5 {
		s.t.Errorf("%d files looked at, %v", files, err)
	}
}

// TestEventsOnDynamoDB: the same, out of the stream of a DynamoDB Local.
func TestEventsOnDynamoDB(t *testing.T) {
	endpoint := dynamolocal.Own(t)
	r := newHookReceiver(t, func(n int) int { return map[bool]int{true: 200, false: 500}[n > 1] })
	s := startService(t, append(r.flags(), "-dynamodb-endpoint", endpoint)...)
	hook, secret := s.hook(r)
	s.await(s.create("/exports/prompt-run/run_123", ""), time.Minute)
	s.awaitDelivered(hook, 1)
	s.stop()
	s.start()
	s.await(s.create("/exports/prompt-run/run_124", ""), time.Minute)
	s.awaitDelivered(hook, 2)
	if came := r.arrivals(); len(came) != 3 || came[2].header.Get("X-Webhook-Signature") != webhook.Sign(secret, came[2].body) {
		t.Errorf("%d arrivals, want 3", len(came))
	}
}
