package storetest

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// hook is the n-th webhook of an account with nothing but its ids.
func hook(account string, n int) store.Webhook {
	return store.Webhook{ID: fmt.Sprintf("wh_%06d", n), AccountID: account}
}

func mustCreateWebhook(t *testing.T, s store.Store, w store.Webhook) {
	t.Helper()
	if _, created, err := s.CreateWebhook(t.Context(), w, nil); err != nil || !created {
		t.Fatalf("CreateWebhook(%s) = created %v, %v", w.ID, created, err)
	}
}

func mustLoadWebhook(t *testing.T, s store.Store, account, id string) store.Webhook {
	t.Helper()
	w, err := s.Webhook(t.Context(), account, id)
	if err != nil {
		t.Fatalf("Webhook(%s): %v", id, err)
	}
	return w
}

func testWebhooks(t *testing.T, s store.Store) {
	full := filled[store.Webhook](t)
	full.ID, full.AccountID = "wh_1", account
	for _, want := range []store.Webhook{full, hook(account, 2)} {
		mustCreateWebhook(t, s, want)
		equal(t, "webhook", mustLoadWebhook(t, s, account, want.ID), want)
	}
}

func testWebhookAbsent(t *testing.T, s store.Store) {
	w := hook(account, 1)
	mustCreateWebhook(t, s, w)
	for _, at := range [][2]string{{account, "wh_3"}, {"acct_2", w.ID}} {
		_, err := s.Webhook(t.Context(), at[0], at[1])
		refused(t, "an absent webhook", err, fault.NotFound, "webhook_not_found")
		_, err = s.SaveWebhook(t.Context(), store.Webhook{ID: at[1], AccountID: at[0]}, 0)
		refused(t, "saving an absent webhook", err, fault.NotFound, "webhook_not_found")
		refused(t, "removing an absent webhook", s.DeleteWebhook(t.Context(), at[0], at[1]), fault.NotFound, "webhook_not_found")
	}
	other := w
	other.Name = "another"
	_, created, err := s.CreateWebhook(t.Context(), other, nil)
	refused(t, "a second webhook of the id", err, fault.Conflict, "webhook_exists")
	if created {
		t.Error("and was reported as created")
	}
	equal(t, "the webhook", mustLoadWebhook(t, s, account, w.ID), w)
}

func testWebhookUnderKey(t *testing.T, s store.Store) {
	idem := func(w store.Webhook) *store.Idempotency {
		return &store.Idempotency{
			IdempotencyKey: store.IdempotencyKey{AccountID: account, Route: "aa04", Key: "k1"},
			Fingerprint:    "fp of " + w.ID, ResourceID: w.ID, Reply: []byte("sealed \xff\x00"), ExpiresAt: t0.Add(24 * time.Hour), Now: t0,
		}
	}
	first, second := hook(account, 1), hook(account, 2)
	for range 2 { // a writer that lost the reply writes the very same again
		rec, created, err := s.CreateWebhook(t.Context(), first, idem(first))
		if err != nil || !created {
			t.Fatalf("CreateWebhook = created %v, %v", created, err)
		}
		equal(t, "answer of the first", rec, kept(idem(first)))
	}
	rec, created, err := s.CreateWebhook(t.Context(), second, idem(second))
	if err != nil || created {
		t.Fatalf("the second request: created %v, %v", created, err)
	}
	equal(t, "answer of the second", rec, kept(idem(first)))
	_, err = s.Webhook(t.Context(), account, second.ID)
	refused(t, "the second's webhook", err, fault.NotFound, "webhook_not_found")
}

func testWebhookSave(t *testing.T, s store.Store) {
	w := hook(account, 1)
	mustCreateWebhook(t, s, w)
	next := filled[store.Webhook](t)
	next.ID, next.AccountID = w.ID, account
	saved, err := s.SaveWebhook(t.Context(), next, 0)
	if err != nil {
		t.Fatalf("SaveWebhook: %v", err)
	}
	next.Revision = 1
	equal(t, "answer of SaveWebhook", saved, next)
	equal(t, "saved webhook", mustLoadWebhook(t, s, account, w.ID), next)
	for _, other := range []int64{0, 2} {
		_, err = s.SaveWebhook(t.Context(), w, other)
		refused(t, "a write over another revision", err, fault.Unavailable, "concurrent_write")
	}
	equal(t, "webhook after the refused writes", mustLoadWebhook(t, s, account, w.ID), next)
}

func testWebhookRemoved(t *testing.T, s store.Store) {
	w := hook(account, 1)
	mustCreateWebhook(t, s, w)
	if err := s.DeleteWebhook(t.Context(), account, w.ID); err != nil {
		t.Fatalf("DeleteWebhook: %v", err)
	}
	refused(t, "a second removal", s.DeleteWebhook(t.Context(), account, w.ID), fault.NotFound, "webhook_not_found")
	_, err := s.SaveWebhook(t.Context(), w, 0)
	refused(t, "a write by somebody who read it before", err, fault.NotFound, "webhook_not_found")
	if all, err := s.ListWebhooks(t.Context(), account); err != nil || len(all) != 0 {
		t.Errorf("%d webhooks listed, %v; want none", len(all), err)
	}
}

func testWebhooksListed(t *testing.T, s store.Store) {
	var want []store.Webhook
	for n := range 20 {
		w := filled[store.Webhook](t)
		w.ID, w.AccountID = fmt.Sprintf("wh_%06d", n), account
		mustCreateWebhook(t, s, w)
		w.Secret = nil
		want = append(want, w)
	}
	mustCreateWebhook(t, s, hook("acct_12", 1))
	mustCreateConnector(t, s, bare(account, 1))
	slices.Reverse(want)
	got, err := s.ListWebhooks(t.Context(), account)
	if err != nil {
		t.Fatalf("ListWebhooks: %v", err)
	}
	equal(t, "webhooks", got, want)
}

// delivery is the n-th of a webhook.
func delivery(w store.Webhook, n int) store.Delivery {
	return store.Delivery{
		ID: fmt.Sprintf("%s%06d", store.DeliveryPrefix(w.ID), n), AccountID: w.AccountID, WebhookID: w.ID, Status: "pending",
		CreatedAt: t0, ExpiresAt: t0.Add(time.Hour),
	}
}

func mustCreateDelivery(t *testing.T, s store.Store, d store.Delivery) {
	t.Helper()
	if created, err := s.CreateDelivery(t.Context(), d); err != nil || !created {
		t.Fatalf("CreateDelivery(%s) = created %v, %v", d.ID, created, err)
	}
}

func mustLoadDelivery(t *testing.T, s store.Store, d store.Delivery) store.Delivery {
	t.Helper()
	got, err := s.Delivery(t.Context(), d.AccountID, d.ID)
	if err != nil {
		t.Fatalf("Delivery(%s): %v", d.ID, err)
	}
	return got
}

// full is a delivery whose every field is filled. Its due time has whole milliseconds.
func full(t *testing.T, w store.Webhook, n int) store.Delivery {
	d := filled[store.Delivery](t)
	d.ID, d.AccountID, d.WebhookID = delivery(w, n).ID, w.AccountID, w.ID
	return d
}

func testDeliveries(t *testing.T, s store.Store) {
	w := hook(account, 1)
	for _, want := range []store.Delivery{full(t, w, 1), delivery(w, 2)} {
		mustCreateDelivery(t, s, want)
		equal(t, "delivery", mustLoadDelivery(t, s, want), want)
	}
	for _, at := range [][2]string{{account, "dlv_3"}, {"acct_2", delivery(w, 2).ID}} {
		_, err := s.Delivery(t.Context(), at[0], at[1])
		refused(t, "an absent delivery", err, fault.NotFound, "delivery_not_found")
		_, err = s.SaveDelivery(t.Context(), store.Delivery{ID: at[1], AccountID: at[0], WebhookID: w.ID}, 0)
		refused(t, "saving an absent delivery", err, fault.NotFound, "delivery_not_found")
	}
}

// testDeliveryOnce lets many make the same delivery at once: one does, and it is its that stands there.
func testDeliveryOnce(t *testing.T, s store.Store) {
	d := delivery(hook(account, 1), 1)
	var made atomic.Int32
	var body atomic.Value
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			mine := d
			mine.Body = fmt.Appendf(nil, "body %d", n)
			created, err := s.CreateDelivery(t.Context(), mine)
			if err != nil {
				t.Errorf("CreateDelivery: %v", err)
			}
			if created {
				made.Add(1)
				body.Store(string(mine.Body))
			}
		})
	}
	all.Wait()
	if got := mustLoadDelivery(t, s, d); made.Load() != 1 || string(got.Body) != body.Load() {
		t.Errorf("made %d times; the body is %q, want %v", made.Load(), got.Body, body.Load())
	}
}

func testDeliverySave(t *testing.T, s store.Store) {
	w := hook(account, 1)
	d := delivery(w, 1)
	mustCreateDelivery(t, s, d)
	next := full(t, w, 1)
	saved, err := s.SaveDelivery(t.Context(), next, 0)
	if err != nil {
		t.Fatalf("SaveDelivery: %v", err)
	}
	next.Revision = 1
	equal(t, "answer of SaveDelivery", saved, next)
	equal(t, "saved delivery", mustLoadDelivery(t, s, d), next)
	for _, other := range []int64{0, 2} {
		_, err = s.SaveDelivery(t.Context(), d, other)
		refused(t, "a write over another revision", err, fault.Unavailable, "concurrent_write")
	}
}

func testDeliveriesListed(t *testing.T, s store.Store) {
	w := hook(account, 1)
	var want, failed []store.Delivery
	for n := range 12 {
		d := full(t, w, n)
		if d.Status = "delivered"; n%3 == 0 {
			d.Status = "failed"
		}
		mustCreateDelivery(t, s, d)
		d.Body = nil
		want = append(want, d)
		if d.Status == "failed" {
			failed = append(failed, d)
		}
	}
	longer := hook(account, 1)
	longer.ID += "_x"
	mustCreateDelivery(t, s, delivery(longer, 1))
	mustCreateDelivery(t, s, delivery(hook("acct_2", 1), 1))
	slices.Reverse(want)
	slices.Reverse(failed)
	for name, c := range map[string]struct {
		q    store.DeliveryQuery
		want []store.Delivery
	}{
		"all":        {store.DeliveryQuery{Limit: 100}, want},
		"some":       {store.DeliveryQuery{Limit: 5}, want[:5]},
		"failed":     {store.DeliveryQuery{Status: "failed", Limit: 100}, failed},
		"two failed": {store.DeliveryQuery{Status: "failed", Limit: 2}, failed[:2]},
		"pending":    {store.DeliveryQuery{Status: "pending", Limit: 100}, nil},
	} {
		got, err := s.ListDeliveries(t.Context(), account, w.ID, c.q)
		if err != nil {
			t.Fatalf("ListDeliveries: %v", err)
		}
		equal(t, name, got, c.want)
	}
}

func testDeliveriesDue(t *testing.T, s store.Store) {
	var want []store.DeliveryRef
	for _, n := range []int{3, 1, 2} {
		d := delivery(hook(fmt.Sprintf("acct_%d", n), 1), n)
		d.DueAt = t0.Add(time.Duration(n) * time.Second)
		mustCreateDelivery(t, s, d)
		want = append(want, store.DeliveryRef{AccountID: d.AccountID, DeliveryID: d.ID})
	}
	slices.SortFunc(want, func(a, b store.DeliveryRef) int { return compare(a.DeliveryID, b.DeliveryID) })
	mustCreateDelivery(t, s, delivery(hook(account, 9), 9)) // isn't due
	e := pending(account, 1)
	e.DueAt = t0
	mustCreate(t, s, e) // isn't a delivery
	dueDeliveries(t, s, t0.Add(999*time.Millisecond), 10, nil)
	dueDeliveries(t, s, t0.Add(2*time.Second), 10, want[:2])
	dueDeliveries(t, s, t0.Add(time.Hour), 1, want[:1])
	d, err := s.Delivery(t.Context(), want[0].AccountID, want[0].DeliveryID)
	if err != nil {
		t.Fatal(err)
	}
	d.DueAt = time.Time{}
	if _, err := s.SaveDelivery(t.Context(), d, 0); err != nil {
		t.Fatal(err)
	}
	dueDeliveries(t, s, t0.Add(time.Hour), 10, want[1:])
	due(t, s, t0.Add(time.Hour), 10, []store.Ref{{AccountID: account, ExportID: e.ID}})
}

// testDeliveriesDueInTurns: an account with much to send keeps no other one from its turn.
func testDeliveriesDueInTurns(t *testing.T, s store.Store) {
	var want []store.DeliveryRef
	for n := range 12 { // ten of one account, due before the two of another
		owner := "acct_much"
		if n >= 10 {
			owner = "acct_little"
		}
		d := delivery(hook(owner, 1), n)
		d.DueAt = t0.Add(time.Duration(n) * time.Second)
		mustCreateDelivery(t, s, d)
		want = append(want, store.DeliveryRef{AccountID: owner, DeliveryID: d.ID})
	}
	now := t0.Add(time.Hour)
	dueDeliveries(t, s, now, 20, slices.Concat([]store.DeliveryRef{want[0], want[10], want[1], want[11]}, want[2:10]))
	dueDeliveries(t, s, now, 4, []store.DeliveryRef{want[0], want[10], want[1], want[11]})
	dueDeliveries(t, s, now, 2, []store.DeliveryRef{want[0], want[10]})
}

// dueDeliveries waits until these are due: the index may lag behind writes.
func dueDeliveries(t *testing.T, s store.Store, now time.Time, limit int, want []store.DeliveryRef) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		got, err := s.DueDeliveries(t.Context(), now, limit)
		if err != nil {
			t.Fatalf("DueDeliveries: %v", err)
		}
		if slices.Equal(got, want) || time.Now().After(deadline) {
			equal(t, "due deliveries", got, want)
			return
		}
	}
}
