package apikey_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/apikey"
	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/storetest/memstore"
)

var t0 = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// world is a desk, and a service that its keys are tried at.
type world struct {
	t   *testing.T
	now time.Time
	*memstore.Store
	desk apikey.Desk
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: t0, Store: memstore.New()}
	w.desk = apikey.Desk{Keys: w.Store, Clock: func() time.Time { return w.now }}
	return w
}

// opens reports whether the key is accepted, and as whom.
func (w *world) opens(key string) (auth.Principal, bool) {
	w.t.Helper()
	a := auth.NewAuthenticator(w.Store, func() time.Time { return w.now })
	p, err := a.Authenticate(w.t.Context(), http.Header{"X-Api-Key": {key}})
	if err != nil && !fault.Is(err, fault.Unauthenticated) {
		w.t.Fatal(err)
	}
	return p, err == nil
}

func (w *world) create(o apikey.Order) apikey.Issued {
	w.t.Helper()
	issued, err := w.desk.Create(w.t.Context(), o)
	if err != nil {
		w.t.Fatal(err)
	}
	return issued
}

var order = apikey.Order{AccountID: "acct", UserID: "user", Scope: "write"}

func TestCreate(t *testing.T) {
	w := newWorld(t)
	first, second := w.create(order), w.create(apikey.Order{AccountID: "acct", Scope: "search"})
	for _, k := range []apikey.Issued{first, second} {
		if !auth.ValidKey(k.Key) {
			t.Errorf("%q is no key", k.Key)
		}
	}
	if first.Key == second.Key {
		t.Error("the same key twice")
	}
	got, ok := w.opens(first.Key)
	want := auth.Principal{AccountID: "acct", UserID: "user", KeyID: first.Record.KeyID, Scope: auth.ScopeWrite}
	if diff := cmp.Diff(want, got); !ok || diff != "" {
		t.Errorf("accepted %v (-want +got):\n%s", ok, diff)
	}
	listed, err := w.ListAPIKeys(t.Context(), "acct")
	if err != nil || len(listed) != 2 || !listed[0].CreatedAt.Equal(t0) || !listed[0].RevokedAt.IsZero() {
		t.Errorf("listed %+v, %v", listed, err)
	}
}

func TestCreateRefuses(t *testing.T) {
	w := newWorld(t)
	for code, o := range map[string]apikey.Order{
		"scope_invalid": {AccountID: "acct", Scope: "owner"},
		"invalid_id":    {AccountID: "a#b", Scope: "read"},
	} {
		if _, err := w.desk.Create(t.Context(), o); !fault.Is(err, fault.Invalid) || fault.As(err).Code != code {
			t.Errorf("%+v: %v, want %s", o, err, code)
		}
	}
	if _, err := w.desk.Create(t.Context(), apikey.Order{AccountID: "acct", UserID: "u u", Scope: "read"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a user that is no id: %v", err)
	}
	if listed, _ := w.ListAPIKeys(t.Context(), "acct"); len(listed) > 0 {
		t.Errorf("made %+v", listed)
	}
}

func TestRevoke(t *testing.T) {
	w := newWorld(t)
	k := w.create(order)
	w.now = t0.Add(time.Hour)
	for range 2 { // again: nothing changes
		got, err := w.desk.Revoke(t.Context(), k.Record.KeyID)
		if err != nil || !got.RevokedAt.Equal(t0.Add(time.Hour)) {
			t.Errorf("revoked at %s, %v", got.RevokedAt, err)
		}
		if _, ok := w.opens(k.Key); ok {
			t.Error("the key still opens")
		}
		w.now = w.now.Add(time.Hour)
	}
	if _, err := w.desk.Revoke(t.Context(), "key_nobody"); !fault.Is(err, fault.NotFound) {
		t.Errorf("nobody's key: %v", err)
	}
}

func TestRotate(t *testing.T) {
	w := newWorld(t)
	k := w.create(order)
	r, err := w.desk.Rotate(t.Context(), k.Record.KeyID, 24*time.Hour)
	if err != nil || !r.Old.RevokedAt.Equal(t0.Add(24*time.Hour)) {
		t.Fatalf("the old key ends at %s, %v", r.Old.RevokedAt, err)
	}
	before, _ := w.opens(k.Key)
	after, ok := w.opens(r.Key)
	before.KeyID = r.Record.KeyID
	if diff := cmp.Diff(before, after); !ok || diff != "" {
		t.Errorf("the successor opens: %v (-old +new)\n%s", ok, diff)
	}
	// A second rotation within the grace makes another key, and no longer life.
	w.now = t0.Add(12 * time.Hour)
	again, err := w.desk.Rotate(t.Context(), k.Record.KeyID, 24*time.Hour)
	if err != nil || again.Key == r.Key || !again.Old.RevokedAt.Equal(t0.Add(24*time.Hour)) {
		t.Errorf("again: the old key ends at %s, %v", again.Old.RevokedAt, err)
	}
	for at, stands := range map[time.Duration]bool{24*time.Hour - time.Millisecond: true, 24 * time.Hour: false} {
		w.now = t0.Add(at)
		if _, ok := w.opens(k.Key); ok != stands {
			t.Errorf("after %s the old key opens: %v", at, ok)
		}
		if _, ok := w.opens(r.Key); !ok {
			t.Errorf("after %s the successor doesn't open", at)
		}
	}
	w.now = t0.Add(24 * time.Hour)
	if _, err := w.desk.Rotate(t.Context(), k.Record.KeyID, 0); !fault.Is(err, fault.Conflict) {
		t.Errorf("rotating a key that has ended: %v", err)
	}
	if now, err := w.desk.Rotate(t.Context(), r.Record.KeyID, 0); err != nil || !now.Old.RevokedAt.Equal(w.now) {
		t.Errorf("without grace: %s, %v", now.Old.RevokedAt, err)
	}
	for _, grace := range []time.Duration{-1, apikey.MaxGrace + 1} {
		if _, err := w.desk.Rotate(t.Context(), again.Record.KeyID, grace); !fault.Is(err, fault.Invalid) {
			t.Errorf("a grace of %s: %v", grace, err)
		}
	}
}

// lossy carries writes out, or not, and reports failure; look backs fail as they are told to.
type lossy struct {
	*memstore.Store
	done bool
	look error
}

var errTimeout = store.Busy(errors.New("timeout"))

func (l lossy) CreateAPIKey(ctx context.Context, k store.APIKey) error {
	if l.done {
		if err := l.Store.CreateAPIKey(ctx, k); err != nil {
			return err
		}
	}
	return errTimeout
}

func (l lossy) ReplaceAPIKey(ctx context.Context, hash string, r store.Replacement) (store.APIKey, error) {
	if l.done {
		if _, err := l.Store.ReplaceAPIKey(ctx, hash, r); err != nil {
			return store.APIKey{}, err
		}
	}
	return store.APIKey{}, errTimeout
}

func (l lossy) APIKey(ctx context.Context, hash string) (store.APIKey, error) {
	if l.look != nil {
		return store.APIKey{}, l.look
	}
	return l.Store.APIKey(ctx, hash)
}

// TestLostReplies: a key is given out exactly if it is there, and where nobody can tell, its id is named.
func TestLostReplies(t *testing.T) {
	for name, c := range map[string]struct {
		done bool
		look error
		code string // "" for success
	}{
		"done": {true, nil, ""}, "not done": {false, nil, "store_unavailable"}, "nobody can tell": {true, errTimeout, "api_key_unsure"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			old := w.create(order)
			w.desk.Keys = lossy{w.Store, c.done, c.look}
			created, err := w.desk.Create(t.Context(), order)
			rotated, failed := w.desk.Rotate(t.Context(), old.Record.KeyID, time.Hour)
			for call, got := range map[string]struct {
				apikey.Issued
				err error
			}{"create": {created, err}, "rotate": {rotated.Issued, failed}} {
				if c.code == "" {
					if _, ok := w.opens(got.Key); !ok || got.err != nil {
						t.Errorf("%s: the key opens: %v, %v", call, ok, got.err)
					}
					continue
				}
				if got.err == nil || fault.As(got.err).Code != c.code || got.Key != "" {
					t.Errorf("%s: %v, want %s and no key", call, got.err, c.code)
				}
			}
			if c.code == "" && !rotated.Old.RevokedAt.Equal(t0.Add(time.Hour)) {
				t.Errorf("the old key ends at %s", rotated.Old.RevokedAt)
			}
		})
	}
}
