package storetest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// bare is the n-th connector of an account with nothing but its ids.
func bare(account string, n int) store.Connector {
	return store.Connector{ID: fmt.Sprintf("conn_%06d", n), AccountID: account}
}

func mustCreateConnector(t *testing.T, s store.Store, c store.Connector) {
	t.Helper()
	if _, created, err := s.CreateConnector(t.Context(), c, nil); err != nil || !created {
		t.Fatalf("CreateConnector(%s) = created %v, %v", c.ID, created, err)
	}
}

func mustLoadConnector(t *testing.T, s store.Store, account, id string) store.Connector {
	t.Helper()
	c, err := s.Connector(t.Context(), account, id)
	if err != nil {
		t.Fatalf("Connector(%s): %v", id, err)
	}
	return c
}

func testConnectors(t *testing.T, s store.Store) {
	full := filled[store.Connector](t)
	full.ID, full.AccountID = "conn_1", account
	for _, write := range []func(store.Connector){
		func(c store.Connector) { mustCreateConnector(t, s, c) },
		func(c store.Connector) {
			if err := s.PutConnector(t.Context(), c); err != nil {
				t.Fatalf("PutConnector: %v", err)
			}
		},
	} {
		for _, want := range []store.Connector{full, bare(account, 2)} {
			write(want)
			equal(t, "connector", mustLoadConnector(t, s, account, want.ID), want)
		}
	}
}

func testConnectorAbsent(t *testing.T, s store.Store) {
	c := bare(account, 1)
	mustCreateConnector(t, s, c)
	for _, at := range [][2]string{{account, "conn_3"}, {"acct_2", c.ID}} {
		_, err := s.Connector(t.Context(), at[0], at[1])
		refused(t, "an absent connector", err, fault.NotFound, "connector_not_found")
		_, err = s.SaveConnector(t.Context(), store.Connector{ID: at[1], AccountID: at[0]}, 0)
		refused(t, "saving an absent connector", err, fault.NotFound, "connector_not_found")
		refused(t, "removing an absent connector", s.DeleteConnector(t.Context(), at[0], at[1]), fault.NotFound, "connector_not_found")
	}
	equal(t, "the connector", mustLoadConnector(t, s, account, c.ID), c)
}

func testConnectorIDTaken(t *testing.T, s store.Store) {
	c := bare(account, 1)
	mustCreateConnector(t, s, c)
	other := c
	other.Name = "another"
	for name, i := range map[string]*store.Idempotency{"alone": nil, "under a key": idemOfConnector("k1", other)} {
		_, created, err := s.CreateConnector(t.Context(), other, i)
		refused(t, "a second connector of the id, "+name, err, fault.Conflict, "connector_exists")
		if created {
			t.Error("and was reported as created")
		}
	}
	equal(t, "the first connector", mustLoadConnector(t, s, account, c.ID), c)
	_, err := s.Idempotency(t.Context(), idemOfConnector("k1", other).IdempotencyKey, t0)
	refused(t, "the key of the refused request", err, fault.NotFound, "idempotency_not_found")
}

// idemOfConnector holds a reply, byte for byte, as a connector's first request leaves it.
func idemOfConnector(key string, c store.Connector) *store.Idempotency {
	return &store.Idempotency{
		IdempotencyKey: store.IdempotencyKey{AccountID: c.AccountID, Route: "aa03", Key: key},
		Fingerprint:    "fp of " + c.ID, ResourceID: c.ID, Reply: fmt.Appendf(nil, "{\"connector_id\": %q,  \"\xff\x00\"}\n", c.ID),
		ExpiresAt: t0.Add(24 * time.Hour), Now: t0,
	}
}

func testConnectorUnderKey(t *testing.T, s store.Store) {
	first, second := bare(account, 1), bare(account, 2)
	i := idemOfConnector("k1", first)
	for range 2 { // a writer that lost the reply writes the very same again
		rec, created, err := s.CreateConnector(t.Context(), first, i)
		if err != nil || !created {
			t.Fatalf("CreateConnector = created %v, %v", created, err)
		}
		equal(t, "answer of the first", rec, kept(i))
	}
	if err := s.DeleteConnector(t.Context(), account, first.ID); err != nil {
		t.Fatalf("DeleteConnector: %v", err)
	}
	rec, created, err := s.CreateConnector(t.Context(), second, idemOfConnector("k1", second))
	if err != nil || created {
		t.Fatalf("the second request: created %v, %v", created, err)
	}
	equal(t, "answer of the second, after the connector has gone", rec, kept(i))
	_, err = s.Connector(t.Context(), account, second.ID)
	refused(t, "the second's connector", err, fault.NotFound, "connector_not_found")
	read, err := s.Idempotency(t.Context(), i.IdempotencyKey, t0)
	if err != nil {
		t.Fatalf("Idempotency: %v", err)
	}
	equal(t, "stored record", read, kept(i))

	later := idemOfConnector("k1", second)
	later.Now, later.ExpiresAt = i.ExpiresAt, i.ExpiresAt.Add(24*time.Hour)
	rec, created, err = s.CreateConnector(t.Context(), second, later)
	if err != nil || !created {
		t.Fatalf("at expiry: created %v, %v", created, err)
	}
	equal(t, "answer at expiry", rec, kept(later))
}

func testConnectorTwins(t *testing.T, s store.Store) {
	const keys = 10
	for k := range keys {
		key := fmt.Sprintf("k%02d", k)
		winner := race(t, key, func(n int) answer {
			c := bare(account, k*twinsPerKey+n)
			rec, created, err := s.CreateConnector(t.Context(), c, idemOfConnector(key, c))
			return answer{c.ID, rec, created, err}
		})
		mustLoadConnector(t, s, account, winner)
	}
	all, err := s.ListConnectors(t.Context(), account)
	if err != nil || len(all) != keys {
		t.Errorf("%d connectors, %v; want %d", len(all), err, keys)
	}
}

func testConnectorSave(t *testing.T, s store.Store) {
	// One that the platform's side wrote may be of any revision, and of none.
	for n, revision := range []int64{0, 7} {
		c := bare(account, n)
		c.Revision = revision
		if err := s.PutConnector(t.Context(), c); err != nil {
			t.Fatalf("PutConnector: %v", err)
		}
		next := filled[store.Connector](t)
		next.ID, next.AccountID = c.ID, account
		saved, err := s.SaveConnector(t.Context(), next, revision)
		if err != nil {
			t.Fatalf("SaveConnector over revision %d: %v", revision, err)
		}
		next.Revision = revision + 1
		equal(t, "answer of SaveConnector", saved, next)
		equal(t, "saved connector", mustLoadConnector(t, s, account, c.ID), next)

		late := c
		late.Name = "late"
		for _, other := range []int64{revision, revision + 2} {
			_, err = s.SaveConnector(t.Context(), late, other)
			refused(t, "a write over another revision", err, fault.Unavailable, "concurrent_write")
		}
		equal(t, "connector after the refused writes", mustLoadConnector(t, s, account, c.ID), next)
	}
}

// testConnectorSaveConcurrently lets many writers of one revision race, and a removal at the end.
func testConnectorSaveConcurrently(t *testing.T, s store.Store) {
	const writers, rounds = 16, 5
	c := bare(account, 1)
	mustCreateConnector(t, s, c)
	for round := range rounds {
		saved, errs := make([]store.Connector, writers), make([]error, writers)
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				next := c
				next.Name = fmt.Sprintf("round %d, writer %d", round, w)
				saved[w], errs[w] = s.SaveConnector(t.Context(), next, c.Revision)
			})
		}
		all.Wait()
		winners := 0
		for w, err := range errs {
			if err != nil {
				refused(t, fmt.Sprintf("round %d, writer %d", round, w), err, fault.Unavailable, "concurrent_write")
				continue
			}
			winners++
			c = saved[w]
		}
		if winners != 1 || c.Revision != int64(round+1) {
			t.Fatalf("round %d: %d winners, revision %d", round, winners, c.Revision)
		}
		equal(t, "connector of the winner", mustLoadConnector(t, s, account, c.ID), c)
	}
}

func testConnectorRemoved(t *testing.T, s store.Store) {
	c := bare(account, 1)
	mustCreateConnector(t, s, c)
	if err := s.DeleteConnector(t.Context(), account, c.ID); err != nil {
		t.Fatalf("DeleteConnector: %v", err)
	}
	_, err := s.Connector(t.Context(), account, c.ID)
	refused(t, "the removed connector", err, fault.NotFound, "connector_not_found")
	refused(t, "a second removal", s.DeleteConnector(t.Context(), account, c.ID), fault.NotFound, "connector_not_found")
	_, err = s.SaveConnector(t.Context(), c, c.Revision)
	refused(t, "a write by somebody who read it before", err, fault.NotFound, "connector_not_found")
	if all, err := s.ListConnectors(t.Context(), account); err != nil || len(all) != 0 {
		t.Errorf("%d connectors listed, %v; want none", len(all), err)
	}
}

func testConnectorsListed(t *testing.T, s store.Store) {
	if all, err := s.ListConnectors(t.Context(), account); err != nil || len(all) != 0 {
		t.Errorf("%d connectors of an account without, %v", len(all), err)
	}
	var want []store.Connector
	for n := range 40 { // beyond one page of any store
		c := filled[store.Connector](t)
		c.ID, c.AccountID = fmt.Sprintf("conn_%06d", n), account
		c.Secret = make([]byte, 40<<10)
		mustCreateConnector(t, s, c)
		c.Secret = nil
		want = append(want, c)
	}
	mustCreateConnector(t, s, bare("acct_", 1))
	mustCreateConnector(t, s, bare("acct_12", 1))
	mustCreate(t, s, pending(account, 1))
	slices.Reverse(want)
	got, err := s.ListConnectors(t.Context(), account)
	if err != nil {
		t.Fatalf("ListConnectors: %v", err)
	}
	equal(t, "connectors", got, want)
}
