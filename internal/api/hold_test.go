package api_test

import (
	"context"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/videovector/exports/internal/api"
	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/storetest/memstore"
)

// watched is a store that counts looks at exports.
type watched struct {
	*memstore.Store
	looks atomic.Int64
	gone  atomic.Bool // the export was deleted
}

func (w *watched) Export(ctx context.Context, account, id string) (export.Export, error) {
	w.looks.Add(1)
	if w.gone.Load() {
		return export.Export{}, store.ErrExportNotFound
	}
	return w.Store.Export(ctx, account, id)
}

// held is what became of a request whose answer was held.
type held struct {
	status  int
	applied string
	body    string
	took    time.Duration
	looks   int64
}

// hold asks for an open export, which things happen to meanwhile. It must run in a bubble of synctest.
func hold(t *testing.T, ctx context.Context, prefer string, meanwhile func(*watched)) held {
	t.Helper()
	records := &watched{Store: memstore.New()}
	e := export.New("exp_1", "acct", "user", export.Request{Type: export.TypeIndex, TargetID: "idx"}, time.Now())
	if _, _, err := records.CreateExport(ctx, e, nil, nil); err != nil {
		t.Fatal(err)
	}
	ring, err := auth.NewKeyring(auth.Keys{Current: []byte(strings.Repeat("k", auth.MinKeyBytes))})
	if err != nil {
		t.Fatal(err)
	}
	h := api.ReadExport(api.ReadConfig{Exports: records, Keys: ring, Clock: time.Now, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	r := httptest.NewRequestWithContext(auth.WithPrincipal(ctx, auth.Principal{AccountID: "acct", KeyID: "key", Scope: auth.ScopeRead}), "GET", "/api/v2/exports/exp_1", nil)
	if prefer != "" {
		r.Header.Set("Prefer", prefer)
	}
	if meanwhile != nil {
		go meanwhile(records)
	}
	begun, w := time.Now(), httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return held{w.Code, w.Header().Get("Preference-Applied"), w.Body.String(), time.Since(begun), records.looks.Load()}
}

// claim moves the export after a while.
func claim(t *testing.T, after time.Duration) func(*watched) {
	return func(w *watched) {
		time.Sleep(after)
		e, err := w.Store.Export(t.Context(), "acct", "exp_1")
		if err == nil {
			_, err = w.SaveExport(t.Context(), e.Claim(time.Now()), e.Fence())
		}
		if err != nil {
			t.Error(err)
		}
	}
}

func TestHold(t *testing.T) {
	for name, c := range map[string]struct {
		prefer      string
		meanwhile   func(*testing.T) func(*watched)
		within      time.Duration // of the function; 0 for no limit
		least, most time.Duration
		looks       int64 // at most
		applied     string
		status      int
	}{
		"nothing preferred":        {looks: 1, status: 200},
		"nothing happens":          {prefer: "wait=20", least: 20 * time.Second, most: 20 * time.Second, looks: 16, applied: "wait=20", status: 200},
		"nothing happens for long": {prefer: "wait=500", least: 20 * time.Second, most: 20 * time.Second, looks: 16, applied: "wait=20", status: 200},
		"nothing happens for a second": {
			prefer: "wait=1", least: time.Second, most: time.Second, looks: 5, applied: "wait=1", status: 200,
		},
		"something happens": {
			prefer: "wait=20", meanwhile: func(t *testing.T) func(*watched) { return claim(t, 7*time.Second) },
			least: 7 * time.Second, most: 9 * time.Second, looks: 10, applied: "wait=20", status: 200,
		},
		"the export is deleted": {
			prefer: "wait=20", meanwhile: func(*testing.T) func(*watched) {
				return func(w *watched) { time.Sleep(3 * time.Second); w.gone.Store(true) }
			},
			least: 3 * time.Second, most: 5 * time.Second, looks: 8, status: 404,
		},
		"the function's time is nearly up": {prefer: "wait=20", within: 12 * time.Second, least: 7 * time.Second, most: 7 * time.Second, looks: 10, applied: "wait=20", status: 200},
		"it is up as good as":              {prefer: "wait=20", within: 2 * time.Second, looks: 1, applied: "wait=20", status: 200},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if c.within > 0 {
					limited, cancel := context.WithTimeout(ctx, c.within)
					defer cancel()
					ctx = limited
				}
				var meanwhile func(*watched)
				if c.meanwhile != nil {
					meanwhile = c.meanwhile(t)
				}
				got := hold(t, ctx, c.prefer, meanwhile)
				if got.status != c.status || got.applied != c.applied || got.took < c.least || got.took > c.most || got.looks > c.looks {
					t.Errorf("%+v, want %d with %q after %s to %s and at most %d looks", got, c.status, c.applied, c.least, c.most, c.looks)
				}
			})
		})
	}
}

// TestHoldEndsWithItsCaller: nobody looks on for one that has left.
func TestHoldEndsWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, leave := context.WithCancel(t.Context())
		got := hold(t, ctx, "wait=20", func(*watched) { time.Sleep(4 * time.Second); leave() })
		if got.took != 4*time.Second || got.looks > 9 {
			t.Errorf("held for %s with %d looks after the caller had left", got.took, got.looks)
		}
	})
}
