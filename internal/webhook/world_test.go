package webhook

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/videovector/exports/internal/changes"
	"github.com/videovector/exports/internal/connector/guard"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/logattr"
	"github.com/videovector/exports/internal/metrics"
	"github.com/videovector/exports/internal/metrics/emftest"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/storetest/memstore"
)

var t0 = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// receiver is an https address that remembers what came, and answers as it is told.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	came   []arrival
	answer func(n int, w http.ResponseWriter, r *http.Request) // n counts from 1; nil answers 200
}

// arrival is a request as it came in: the very bytes of its body.
type arrival struct {
	header http.Header
	body   []byte
}

func newReceiver(t *testing.T, answer func(n int, w http.ResponseWriter, r *http.Request)) *receiver {
	t.Helper()
	r := &receiver{answer: answer}
	r.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			t.Errorf("the receiver could not read: %v", err)
		}
		r.mu.Lock()
		r.came = append(r.came, arrival{q.Header.Clone(), body})
		n := len(r.came)
		r.mu.Unlock()
		if r.answer != nil {
			r.answer(n, w, q)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) arrivals() []arrival {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]arrival(nil), r.came...)
}

// world is a record store with one export, a sealer, and a clock that stands until it is moved.
type world struct {
	t      *testing.T
	store  *memstore.Store
	sealer seal.Sealer
	now    time.Time
	log    bytes.Buffer
	sender Sender
	public Publisher
}

func newWorld(t *testing.T, receivers ...*receiver) *world {
	t.Helper()
	sealer, err := seal.NewKeyFile(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, store: memstore.New(), sealer: sealer, now: t0}
	roots := x509.NewCertPool()
	cfg := guard.Config{Roots: roots}
	for _, r := range receivers {
		roots.AddCert(r.Certificate())
		cfg.Allow = append(cfg.Allow, r.Listener.Addr().String())
	}
	log := logattr.Logger(slog.New(slog.NewJSONHandler(&w.log, nil)))
	clock := func() time.Time { return w.now }
	w.sender = Sender{
		Records: w.store, Sealer: sealer, Client: Client(cfg), Metrics: metrics.New(log, "n", clock), Clock: clock, Log: log,
		Patience: 5 * time.Second, Jitter: func() float64 { return 0.5 },
	}
	w.public = Publisher{Records: w.store, Clock: clock, Object: func(e export.Export, _ time.Time) ([]byte, error) {
		return json.Marshal(map[string]any{"export_id": e.ID, "status": e.Status, "error_message": e.ErrorMessage, "queue_status": e.QueueStatus, "attempts": e.Attempts,
			"last_error": e.LastError, "outcome": e.Outcome, "completed_at": e.CompletedAt, "user": e.UserID, "target": e.Request.TargetID, "files": e.Artifact != nil || e.Receipt != nil})
	}}
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// hook makes a webhook whose secret is its id.
func (w *world) hook(id, url string, change func(*store.Webhook)) store.Webhook {
	w.t.Helper()
	h := store.Webhook{ID: id, AccountID: "acct", Name: id, URL: url, Events: Events, Status: Active, CreatedAt: t0.Add(-time.Hour)}
	if change != nil {
		change(&h)
	}
	h.Secret = w.sealed(id, id)
	_, _, err := w.store.CreateWebhook(w.t.Context(), h, nil)
	w.must(err)
	return h
}

func (w *world) sealed(id, secret string) []byte {
	w.t.Helper()
	sealed, err := seal.SealSecrets(w.t.Context(), w.sealer, seal.Context{AccountID: "acct", WebhookID: id}, seal.Secrets{SecretName: seal.NewSecret(secret)})
	w.must(err)
	return sealed
}

// ended makes an export that has ended, and gives its change.
func (w *world) ended(id string, r export.Request, end func(export.Export) export.Export) changes.Export {
	w.t.Helper()
	e := end(export.New(id, "acct", "user", r, w.now).Claim(w.now))
	_, _, err := w.store.CreateExport(w.t.Context(), e, nil, nil)
	w.must(err)
	return changes.Export{AccountID: "acct", ExportID: id, Generation: e.Generation, Mark: e.EventMark}
}

var ofIndex = export.Request{Type: export.TypeIndex, TargetID: "idx_1"}

func (w *world) complete(e export.Export) export.Export { return e.Complete(w.now) }

func (w *world) fail(e export.Export) export.Export {
	return e.Fail(export.Failure{Message: "The bucket is gone.", Permanent: true}, w.now)
}

// publish writes the deliveries of a change.
func (w *world) publish(c changes.Export) []store.DeliveryRef {
	w.t.Helper()
	refs, err := w.public.Publish(w.t.Context(), c)
	w.must(err)
	return refs
}

// send makes an attempt.
func (w *world) send(ref store.DeliveryRef) store.Delivery {
	w.t.Helper()
	_, err := w.sender.Send(w.t.Context(), ref)
	w.must(err)
	return w.delivery(ref)
}

func (w *world) delivery(ref store.DeliveryRef) store.Delivery {
	w.t.Helper()
	d, err := w.store.Delivery(w.t.Context(), ref.AccountID, ref.DeliveryID)
	w.must(err)
	return d
}

func (w *world) webhook(id string) store.Webhook {
	w.t.Helper()
	h, err := w.store.Webhook(w.t.Context(), "acct", id)
	w.must(err)
	return h
}

// due moves the clock to the delivery's next attempt.
func (w *world) due(d store.Delivery) {
	w.t.Helper()
	if d.DueAt.IsZero() {
		w.t.Fatalf("%s is not due any more: %+v", d.ID, d)
	}
	w.now = d.DueAt
}

// counted are the metrics so far.
func (w *world) counted() string {
	w.t.Helper()
	values, err := emftest.Read(strings.NewReader(w.log.String()))
	w.must(err)
	return fmt.Sprint(emftest.Sums(values))
}

// dying is a record store whose process dies at the n-th save of a delivery, after or before it is done.
type dying struct {
	*memstore.Store
	at    int
	after bool
}

var errDied = fmt.Errorf("the process died")

func (d *dying) SaveDelivery(ctx context.Context, next store.Delivery, revision int64) (saved store.Delivery, err error) {
	if d.at--; d.at == 0 && !d.after {
		return saved, errDied
	}
	saved, err = d.Store.SaveDelivery(ctx, next, revision)
	if d.at == 0 {
		return saved, errDied
	}
	return saved, err
}

// allowing is a guard that lets out to the receiver's address; nil roots are the system's.
func allowing(r *receiver, roots *x509.CertPool) guard.Config {
	return guard.Config{Allow: []string{r.Listener.Addr().String()}, Roots: roots}
}
