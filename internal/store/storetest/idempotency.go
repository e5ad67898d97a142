package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

func idem(key string, e export.Export) *store.Idempotency {
	return &store.Idempotency{
		IdempotencyKey: store.IdempotencyKey{AccountID: e.AccountID, Route: "aa01", Key: key},
		Fingerprint:    "fp of " + e.ID, ResourceID: e.ID, ExpiresAt: t0.Add(24 * time.Hour), Now: t0,
	}
}

// kept is the record as it is read back: the writer's clock is not stored.
func kept(i *store.Idempotency) store.Idempotency {
	k := *i
	k.Now = time.Time{}
	return k
}

func mustCreateUnder(t *testing.T, s store.Store, e export.Export, i *store.Idempotency) store.Idempotency {
	t.Helper()
	rec, created, err := s.CreateExport(t.Context(), e, i, nil)
	if err != nil || !created {
		t.Fatalf("CreateExport(%s) under key %s = created %v, %v", e.ID, i.Key, created, err)
	}
	return rec
}

func testIdempotencyOnce(t *testing.T, s store.Store) {
	first, second := pending(account, 1), pending(account, 2)
	i := idem("k1", first)
	if _, err := s.Idempotency(t.Context(), i.IdempotencyKey, t0); !fault.Is(err, fault.NotFound) {
		t.Fatalf("an unused key: %v, want not found", err)
	}
	equal(t, "answer of the first", mustCreateUnder(t, s, first, i), kept(i))

	rec, created, err := s.CreateExport(t.Context(), second, idem("k1", second), nil)
	if err != nil || created {
		t.Fatalf("the second request: created %v, %v", created, err)
	}
	equal(t, "answer of the second", rec, kept(i))
	_, err = s.Export(t.Context(), account, second.ID)
	refused(t, "the second's export", err, fault.NotFound, "export_not_found")

	read, err := s.Idempotency(t.Context(), i.IdempotencyKey, t0)
	if err != nil {
		t.Fatalf("Idempotency: %v", err)
	}
	equal(t, "stored record", read, kept(i))
}

// testIdempotencyScope makes an export per account, route and key, although each is used with the others before.
func testIdempotencyScope(t *testing.T, s store.Store) {
	n := 0
	for _, account := range []string{"acct_1", "acct_2"} {
		for _, route := range []string{"aa01", "aa02"} {
			for _, key := range []string{"k1", "k2"} {
				n++
				e := pending(account, n)
				i := idem(key, e)
				i.Route = route
				mustCreateUnder(t, s, e, i)
				mustLoad(t, s, account, e.ID)
			}
		}
	}
}

func testIdempotencyExpiry(t *testing.T, s store.Store) {
	first, second := pending(account, 1), pending(account, 2)
	i := idem("k1", first)
	mustCreateUnder(t, s, first, i)

	last := i.ExpiresAt.Add(-time.Millisecond)
	if rec, err := s.Idempotency(t.Context(), i.IdempotencyKey, last); err != nil || rec.ResourceID != first.ID {
		t.Errorf("a millisecond before expiry: %q, %v", rec.ResourceID, err)
	}
	_, err := s.Idempotency(t.Context(), i.IdempotencyKey, i.ExpiresAt)
	refused(t, "reading at expiry", err, fault.NotFound, "idempotency_not_found")

	later := idem("k1", second)
	later.Now, later.ExpiresAt = last, last.Add(24*time.Hour)
	if rec, created, err := s.CreateExport(t.Context(), second, later, nil); err != nil || created || rec.ResourceID != first.ID {
		t.Errorf("creating before expiry = %q, created %v, %v", rec.ResourceID, created, err)
	}
	later.Now = i.ExpiresAt
	equal(t, "answer at expiry", mustCreateUnder(t, s, second, later), kept(later))
	rec, err := s.Idempotency(t.Context(), i.IdempotencyKey, later.Now)
	if err != nil {
		t.Fatalf("Idempotency: %v", err)
	}
	equal(t, "record that replaced the expired one", rec, kept(later))
	mustLoad(t, s, account, first.ID)
	mustLoad(t, s, account, second.ID)
}

// testIdempotencyRepeated is a writer that lost the reply and writes the very same again.
func testIdempotencyRepeated(t *testing.T, s store.Store) {
	e := pending(account, 1)
	i := idem("k1", e)
	mustCreateUnder(t, s, e, i)
	equal(t, "answer of the repeated write", mustCreateUnder(t, s, e, i), kept(i))
}

func testIdempotencyExportTaken(t *testing.T, s store.Store) {
	e := pending(account, 1)
	mustCreate(t, s, e)
	i := idem("k1", e)
	_, _, err := s.CreateExport(t.Context(), e, i, nil)
	refused(t, "creating under a taken id", err, fault.Conflict, "export_exists")
	_, err = s.Idempotency(t.Context(), i.IdempotencyKey, t0)
	refused(t, "the key of the refused request", err, fault.NotFound, "idempotency_not_found")
}

const twinKeys, twinsPerKey = 50, 64

func testIdempotencyTwins(t *testing.T, s store.Store) {
	for key := range twinKeys {
		raceExports(t, s, fmt.Sprintf("k%02d", key), key*twinsPerKey, t0)
	}
	count(t, s, twinKeys)
}

// testIdempotencyExpiredTwins races for keys whose records have all expired: exactly one replaces each.
func testIdempotencyExpiredTwins(t *testing.T, s store.Store) {
	const keys = 5
	for key := range keys {
		e := pending(account, 900000+key)
		mustCreateUnder(t, s, e, idem(fmt.Sprintf("k%02d", key), e))
	}
	for key := range keys {
		raceExports(t, s, fmt.Sprintf("k%02d", key), key*twinsPerKey, t0.Add(48*time.Hour))
	}
	count(t, s, 2*keys)
}

// raceExports creates exports first … first+63 at once under one key.
func raceExports(t *testing.T, s store.Store, key string, first int, now time.Time) {
	t.Helper()
	winner := race(t, key, func(n int) answer {
		e := pending(account, first+n)
		i := idem(key, e)
		i.Now, i.ExpiresAt = now, now.Add(24*time.Hour)
		rec, created, err := s.CreateExport(t.Context(), e, i, nil)
		return answer{e.ID, rec, created, err}
	})
	mustLoad(t, s, account, winner)
}

// answer is what a twin asked for and was told.
type answer struct {
	id      string
	rec     store.Idempotency
	created bool
	err     error
}

// race calls create for 64 twins at once and checks that all learn one winner, which alone is told that it created. It
// gives the winner's id.
func race(t *testing.T, key string, create func(n int) answer) (winner string) {
	t.Helper()
	answers := make([]answer, twinsPerKey)
	var start, done sync.WaitGroup
	start.Add(1)
	for n := range twinsPerKey {
		done.Go(func() {
			start.Wait()
			answers[n] = create(n)
		})
	}
	start.Done()
	done.Wait()

	creators := 0
	for n, a := range answers {
		if a.err != nil {
			t.Fatalf("twin %d of key %s: %v", n, key, a.err)
		}
		if a.created {
			creators++
			if a.rec.ResourceID != a.id {
				t.Errorf("key %s: created %s and was answered %s", key, a.id, a.rec.ResourceID)
			}
		}
		equal(t, fmt.Sprintf("answer of twin %d of key %s", n, key), a.rec, answers[0].rec)
	}
	if creators != 1 {
		t.Errorf("key %s: %d twins created, want 1", key, creators)
	}
	return answers[0].rec.ResourceID
}

func count(t *testing.T, s store.Store, want int) {
	t.Helper()
	page, err := s.ListExports(t.Context(), account, store.ListQuery{Limit: 200})
	if err != nil {
		t.Fatalf("ListExports: %v", err)
	}
	if len(page.Exports) != want || page.NextBefore != "" {
		t.Errorf("%d exports, next page before %q; want %d and no more", len(page.Exports), page.NextBefore, want)
	}
}
