package api_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/api"
	"github.com/videovector/exports/internal/apigw"
	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/sqlitestore"
)

// busyExports are the records of an export that a worker writes to just before every one of the first saves.
type busyExports struct {
	*sqlitestore.Store
	worker func()
	left   int
}

func (b *busyExports) overtake() {
	if b.left > 0 {
		b.left--
		b.worker()
	}
}

func (b *busyExports) SaveExport(ctx context.Context, next export.Export, f export.Fence) (export.Export, error) {
	b.overtake()
	return b.Store.SaveExport(ctx, next, f)
}

func (b *busyExports) SaveExportOnce(ctx context.Context, next export.Export, f export.Fence, i *store.Idempotency, place *admission.Account) (export.Export, store.Idempotency, bool, error) {
	b.overtake()
	return b.Store.SaveExportOnce(ctx, next, f, i, place)
}

// TestAControlMeetsAWorker: progress that is written at the same time doesn't keep an owner from an export; the end does.
func TestAControlMeetsAWorker(t *testing.T) {
	progress := func(e export.Export) export.Export { return e.Enter(export.PhasePackaging, export.Lease, t0) }
	end := func(e export.Export) export.Export { return e.Complete(t0) }
	for name, c := range map[string]struct {
		move   func(export.Export) export.Export
		times  int
		method string
		path   string
		want   int
	}{
		"cancel, overtaken":           {progress, 4, "POST", "/exp_1/cancel", 200},
		"cancel, overtaken too often": {progress, 100, "POST", "/exp_1/cancel", 503},
		"cancel, completed":           {end, 1, "POST", "/exp_1/cancel", 409},
		"delete, overtaken":           {progress, 3, "DELETE", "/exp_1", 200},
		"delete, completed":           {end, 1, "DELETE", "/exp_1", 200},
	} {
		for _, key := range []string{"", "key-1"} {
			t.Run(name+" "+key, func(t *testing.T) {
				w := newWorld(t)
				w.send(request(t, "POST", "/api/v2/exports/index/idx", ""), nil)
				w.change("exp_1", func(e export.Export) export.Export { return e.Claim(t0) })
				w.busy(&busyExports{w.store, func() { w.change("exp_1", c.move) }, c.times})
				if res := w.send(request(t, c.method, "/api/v2/exports"+c.path, key), nil); res.StatusCode != c.want {
					t.Errorf("status %d, want %d", res.StatusCode, c.want)
				}
			})
		}
	}
}

// busy lets the controlling function work on other records.
func (w *world) busy(records api.ControlledExports) {
	log := slog.New(slog.NewJSONHandler(&w.log, nil))
	w.functions["ControlExportFunction"] = apigw.Handler(api.ControlExport(api.ControlConfig{
		Exports: records, Clearer: w, Starter: w, Keys: w.keyring, Clock: func() time.Time { return w.now }, Log: log,
	}), log)
}

func request(t *testing.T, method, path, key string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "https://api.example.com"+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-API-Key", keys["admin"])
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	return r
}

// TestRacingControls: of many requests at once one has an effect, and all are answered alike.
func TestRacingControls(t *testing.T) {
	for _, verb := range []string{"cancel", "retry"} {
		for _, key := range []string{"", "key-1"} {
			t.Run(verb+" "+key, func(t *testing.T) {
				w := newWorld(t)
				w.send(request(t, "POST", "/api/v2/exports/index/idx", ""), nil)
				w.change("exp_1", func(e export.Export) export.Export { return e.Claim(t0) })
				if verb == "retry" {
					w.change("exp_1", func(e export.Export) export.Export { return e.Cancel(t0) })
				}
				before, err := w.store.Export(t.Context(), "acct", "exp_1")
				w.must(err)
				h := api.ControlExport(api.ControlConfig{
					Exports: w.store, Clearer: silent{}, Starter: silent{}, Keys: w.keyring, Clock: func() time.Time { return t0 }, Log: slog.New(slog.DiscardHandler),
				})
				replies := make([]string, 16)
				var all sync.WaitGroup
				for n := range replies {
					all.Go(func() { replies[n] = serve(h, request(t, "POST", "/api/v2/exports/exp_1/"+verb, key)) })
				}
				all.Wait()
				after, err := w.store.Export(t.Context(), "acct", "exp_1")
				w.must(err)
				if after.Generation != before.Generation+1 {
					t.Errorf("generation %d after %d", after.Generation, before.Generation)
				}
				for n, got := range replies {
					if !strings.HasPrefix(got, "200 ") || got != replies[0] {
						t.Errorf("reply %d is %s, the first %s", n, got, replies[0])
					}
				}
			})
		}
	}
}

// silent clears and starts nothing.
type silent struct{}

func (silent) Abort(context.Context, string, string) error      { return nil }
func (silent) Purge(context.Context, string, string) error      { return nil }
func (silent) Start(context.Context, string, string, int) error { return nil }

// serve is the handler's answer to a request that was authorized for the account.
func serve(h http.Handler, r *http.Request) string {
	rec := httptest.NewRecorder()
	p := auth.Principal{AccountID: "acct", UserID: "user_1", KeyID: "key_admin", Scope: auth.ScopeAdmin}
	h.ServeHTTP(rec, r.WithContext(auth.WithPrincipal(r.Context(), p)))
	return fmt.Sprintf("%d %s", rec.Code, rec.Body.String())
}

// lossy are records whose first save under a key is done, and its reply lost.
type lossy struct {
	*sqlitestore.Store
	lost bool
}

func (l *lossy) SaveExportOnce(ctx context.Context, next export.Export, f export.Fence, i *store.Idempotency, place *admission.Account) (export.Export, store.Idempotency, bool, error) {
	saved, rec, done, err := l.Store.SaveExportOnce(ctx, next, f, i, place)
	if !l.lost {
		l.lost = true
		return export.Export{}, store.Idempotency{}, false, store.Busy(context.DeadlineExceeded)
	}
	return saved, rec, done, err
}

// noting notes what follows a control.
type noting struct{ did []string }

func (n *noting) Abort(context.Context, string, string) error {
	n.did = append(n.did, "abort")
	return nil
}
func (n *noting) Purge(context.Context, string, string) error { return nil }
func (n *noting) Start(_ context.Context, _, _ string, g int) error {
	n.did = append(n.did, fmt.Sprint("start ", g))
	return nil
}

// TestALostReplyOfAControl: what follows the write follows it although its reply was lost, and again when the request is
// repeated; but nothing does once the export has gone another way.
func TestALostReplyOfAControl(t *testing.T) {
	w := newWorld(t)
	w.send(request(t, "POST", "/api/v2/exports/index/idx", ""), nil)
	w.change("exp_1", func(e export.Export) export.Export { return e.Claim(t0) })
	var n noting
	for _, step := range []struct{ verb, key, want string }{
		{"cancel", "key-1", "[abort]"}, {"cancel", "key-1", "[abort]"},
		{"retry", "key-2", "[start 3]"}, {"retry", "key-2", "[start 3]"}, {"cancel", "key-1", "[]"},
	} {
		h := api.ControlExport(api.ControlConfig{
			Exports: &lossy{Store: w.store}, Clearer: &n, Starter: &n, Keys: w.keyring, Clock: func() time.Time { return t0 }, Log: slog.New(slog.DiscardHandler),
		})
		n.did = nil
		if got := serve(h, request(t, "POST", "/api/v2/exports/exp_1/"+step.verb, step.key)); !strings.HasPrefix(got, "200 ") || fmt.Sprint(n.did) != step.want {
			t.Errorf("%s under %s: %s, followed by %v, want %s", step.verb, step.key, got, n.did, step.want)
		}
	}
}
