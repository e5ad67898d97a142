package gcsconn_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/connector/conntest"
	"github.com/videovector/exports/internal/connector/conntest/faultproxy"
	"github.com/videovector/exports/internal/connector/gcsconn"
	"github.com/videovector/exports/internal/connector/guard"
	"github.com/videovector/exports/internal/emulator/fakegcs"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/store"
)

// chunkBytes makes three chunks of the suite's large objects.
const chunkBytes = 2 * fakegcs.Grain

func TestConformance(t *testing.T) {
	conntest.Run(t, func(t *testing.T) conntest.Harness {
		w := newWorld(t)
		return conntest.Harness{
			Target: w.open(t, w.bucket(t)), Line: w.line, LargeBytes: 2*chunkBytes + 1000,
			Gone:    w.open(t, "gone-bucket"),
			Revoked: w.openAs(t, w.bucket(t), otherKey()),
		}
	})
}

// otherKey is a key that the account doesn't have any more.
var otherKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// world is the fake store behind a line that can be broken, and a server of tokens.
type world struct {
	store  string
	front  *fakegcs.Front
	line   *faultproxy.Proxy
	tokens *tokenServer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{store: fakegcs.Emulator.Start(t), tokens: newTokenServer(t)}
	w.front = &fakegcs.Front{Valid: w.tokens.valid}
	w.line = faultproxy.New(t, faultproxy.Config{Upstream: w.store, Transport: w.front, Refuse: refuse})
	return w
}

// refuse answers as Cloud Storage does.
func refuse(w http.ResponseWriter, status int) {
	reason := map[int]string{409: "conflict", 412: "conditionNotMet", 429: "rateLimitExceeded", 500: "backendError", 503: "backendError"}[status]
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"error":{"code":%d,"message":"m","errors":[{"message":"m","domain":"global","reason":%q}]}}`, status, reason)
}

var buckets atomic.Int64

// bucket makes a bucket that no other test has.
func (w *world) bucket(t *testing.T) string {
	t.Helper()
	name := fmt.Sprintf("bucket-%d", buckets.Add(1))
	body, err := json.Marshal(map[string]string{"name": name})
	if err != nil {
		t.Fatal(err)
	}
	reply, err := http.Post(w.store+"/storage/v1/b?project=p", "application/json", bytes.NewReader(body))
	if err != nil || reply.StatusCode != http.StatusOK {
		t.Fatalf("making %s: %v, %v", name, reply, err)
	}
	reply.Body.Close()
	return name
}

func (w *world) open(t *testing.T, bucket string) connector.Target {
	t.Helper()
	return w.openAs(t, bucket, accountKey())
}

func (w *world) openAs(t *testing.T, bucket string, key *rsa.PrivateKey) connector.Target {
	t.Helper()
	o := opener(t, w.line.URL(), w.tokens.URL)
	return openWith(t, o, bucket, accountFile(t, key))
}

// opener reaches the two places and no other.
func opener(t *testing.T, endpoint, tokenURL string) gcsconn.Opener {
	t.Helper()
	sealer, err := seal.NewKeyFile(t.TempDir() + "/key")
	if err != nil {
		t.Fatal(err)
	}
	client := guard.NewClient(guard.Config{Allow: []string{strings.TrimPrefix(endpoint, "http://"), strings.TrimPrefix(tokenURL, "http://")}})
	return gcsconn.Opener{Sealer: sealer, Client: client, Endpoint: endpoint, TokenURL: tokenURL, ChunkBytes: chunkBytes}
}

// openWith opens a connector that holds the account's file, as the API would make it.
func openWith(t *testing.T, o gcsconn.Opener, bucket string, file []byte) connector.Target {
	t.Helper()
	secrets, err := connector.ParseGCSCredentials(file)
	if err != nil {
		t.Fatal(err)
	}
	c := store.Connector{ID: "conn_1", AccountID: "acct", Provider: "gcs", Bucket: bucket}
	if c.Secret, err = seal.SealSecrets(t.Context(), o.Sealer, seal.Context{AccountID: c.AccountID, ConnectorID: c.ID}, secrets); err != nil {
		t.Fatal(err)
	}
	target, err := o.OpenTarget(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return target
}
