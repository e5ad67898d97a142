package api_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/api"
	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/storetest/memstore"
)

// Calls cost a caller's time one after the other, not one beside the other. Here each takes a second of a clock that
// stands still otherwise, so a reply's seconds are its serial calls. The authorizer's one read is not among them.
func TestSerialCalls(t *testing.T) {
	for _, c := range []struct {
		name, method, path, body, key string
		want                          int // with the start of the execution where there is one
	}{
		{"create with everything", "POST", "/api/v2/exports/index/idx", `{"prompt_run_ids":["run_1","run_2"],"destination_connector_id":"conn"}`, "once", 3},
		{"create of a whole index", "POST", "/api/v2/exports/index/idx", "", "once", 3},
		{"create of many runs", "POST", "/api/v2/exports/index/idx", `{"prompt_run_ids":["run_1","run_2","a","b","c","d","e","f","g"]}`, "", 1}, // refused
		{"create of a run", "POST", "/api/v2/exports/prompt-run/run_1", "", "", 3},
		{"create over the limits", "POST", "/api/v2/exports/prompt-run/run_1", "", "", 1},
		{"repeated create", "POST", "/api/v2/exports/prompt-run/run_1", "", "before", 1},
		{"retrieve", "GET", "/api/v2/exports/exp_0", "", "", 1},
		{"download link", "POST", "/api/v2/exports/exp_0/download-url", "", "", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSlowWorld(t)
				if s.serve(t, "POST", "/api/v2/exports/prompt-run/run_1", "", "before"); c.name == "create over the limits" {
					s.fill(t)
				}
				began := time.Now()
				status := s.serve(t, c.method, c.path, c.body, c.key)
				if calls := int(time.Since(began) / time.Second); calls != c.want || status >= 500 {
					t.Errorf("status %d after %d serial calls, want %d", status, calls, c.want)
				}
			})
		})
	}
}

// slowWorld is the functions over a store whose every call takes a second.
type slowWorld struct {
	create, read http.Handler
	records      *memstore.Store
}

// fill leaves no place in the account.
func (s slowWorld) fill(t *testing.T) {
	t.Helper()
	a, err := s.records.Admission(t.Context(), "acct")
	if err != nil {
		t.Fatal(err)
	}
	a.Waiting = slices.Repeat([]string{"exp_x"}, admission.DefaultWaiting)
	if _, err := s.records.SaveAdmission(t.Context(), a); err != nil {
		t.Fatal(err)
	}
}

func newSlowWorld(t *testing.T) slowWorld {
	t.Helper()
	records := memstore.New()
	ctx := t.Context()
	for _, err := range []error{
		records.PutIndex(ctx, export.Index{ID: "idx", AccountID: "acct"}),
		records.PutConnector(ctx, store.Connector{ID: "conn", AccountID: "acct", Scopes: []string{"export"}}),
		records.PutRun(ctx, export.Run{ID: "run_1", AccountID: "acct", IndexID: "idx", Status: export.RunCompleted, Rows: 1}, nil),
		records.PutRun(ctx, export.Run{ID: "run_2", AccountID: "acct", IndexID: "idx", Status: export.RunCompleted, Rows: 1}, nil),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	ring, err := auth.NewKeyring(auth.Keys{Current: []byte(strings.Repeat("k", auth.MinKeyBytes))})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	slow := slowRecords{records}
	minted := -1
	return slowWorld{
		records: records,
		create: api.CreateExport(api.CreateConfig{Records: slow, Starter: slow, Keys: ring, Clock: time.Now, Log: log, NewID: func(time.Time) string {
			minted++
			return "exp_" + string(rune('0'+minted))
		}}),
		read: api.ReadExport(api.ReadConfig{Exports: slow, Keys: ring, Origin: "https://api.example.com", Clock: time.Now, Log: log}),
	}
}

func (s slowWorld) serve(t *testing.T, method, path, body, key string) int {
	t.Helper()
	r := httptest.NewRequestWithContext(auth.WithPrincipal(t.Context(), auth.Principal{AccountID: "acct", KeyID: "key", Scope: auth.ScopeWrite}), method, path, strings.NewReader(body))
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	w := httptest.NewRecorder()
	if strings.HasPrefix(path, "/api/v2/exports/exp") {
		s.read.ServeHTTP(w, r)
	} else {
		s.create.ServeHTTP(w, r)
	}
	return w.Code
}

// slowRecords passes calls on after a second.
type slowRecords struct{ *memstore.Store }

func (s slowRecords) CreateExport(ctx context.Context, e export.Export, idem *store.Idempotency, place *admission.Account) (store.Idempotency, bool, error) {
	time.Sleep(time.Second)
	return s.Store.CreateExport(ctx, e, idem, place)
}

func (s slowRecords) Idempotency(ctx context.Context, k store.IdempotencyKey, now time.Time) (store.Idempotency, error) {
	time.Sleep(time.Second)
	return s.Store.Idempotency(ctx, k, now)
}

func (s slowRecords) Admission(ctx context.Context, account string) (admission.Account, error) {
	time.Sleep(time.Second)
	return s.Store.Admission(ctx, account)
}

func (s slowRecords) Index(ctx context.Context, account, id string) (export.Index, error) {
	time.Sleep(time.Second)
	return s.Store.Index(ctx, account, id)
}

func (s slowRecords) Run(ctx context.Context, account, id string) (export.Run, error) {
	time.Sleep(time.Second)
	return s.Store.Run(ctx, account, id)
}

func (s slowRecords) RunsOfIndex(ctx context.Context, account, id string) ([]export.Run, error) {
	time.Sleep(time.Second)
	return s.Store.RunsOfIndex(ctx, account, id)
}

func (s slowRecords) Connector(ctx context.Context, account, id string) (store.Connector, error) {
	time.Sleep(time.Second)
	return s.Store.Connector(ctx, account, id)
}

func (s slowRecords) Export(ctx context.Context, account, id string) (export.Export, error) {
	time.Sleep(time.Second)
	return s.Store.Export(ctx, account, id)
}

// Start implements api.Starter.
func (slowRecords) Start(context.Context, string, string, int) error {
	time.Sleep(time.Second)
	return nil
}
