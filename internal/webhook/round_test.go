package webhook

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/videovector/exports/internal/changes"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

// due are so many deliveries to a webhook of the account.
func due(account, webhook string, n int) (refs []store.DeliveryRef) {
	for i := range n {
		refs = append(refs, store.DeliveryRef{AccountID: account, DeliveryID: fmt.Sprintf("dlv_%s_%d", webhook, i)})
	}
	return refs
}

// TestRoom: an account has a quarter of all attempts at the same time, and a webhook of it half of these; neither keeps the
// rest from others. A receiver that was slow has one attempt at a time, and one that was silent no other one.
func TestRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(slices.Concat(due("much", "a", 6), due("much", "b", 6), due("little", "c", 2), due("slow", "d", 3)), func(r Receiver) bool { return r.AccountID == "slow" })
		take := func(want string) {
			t.Helper()
			if ref, _ := q.next(func() bool { return true }); strings.TrimPrefix(ref.DeliveryID, "dlv_") != want {
				t.Errorf("got %v, want %s", ref, want)
			}
		}
		for _, want := range strings.Fields("a_0 a_1 a_2 a_3 b_0 b_1 b_2 b_3 c_0 c_1 d_0") {
			take(want)
		}
		var given atomic.Pointer[string]
		go func() {
			ref, _ := q.next(func() bool { return true })
			given.Store(&ref.DeliveryID)
		}()
		synctest.Wait()
		if given.Load() != nil {
			t.Error("there is room although no attempt has ended")
		}
		q.done(due("much", "a", 1)[0], time.Second)
		synctest.Wait()
		if id := given.Load(); id == nil || *id != "dlv_a_4" {
			t.Errorf("got %v once one has ended, want a_4", id)
		}
		q.done(due("much", "a", 2)[1], time.Second)
		q.done(due("much", "b", 1)[0], silence)
		q.done(due("slow", "d", 1)[0], slowness)
		take("a_5")
		take("d_1")
		if _, ok := q.next(func() bool { return false }); ok {
			t.Error("one is given after the time is over")
		}
		if want := []store.DeliveryRef{{AccountID: "much", DeliveryID: "dlv_b_4"}, {AccountID: "much", DeliveryID: "dlv_b_5"}}; !slices.Equal(q.round.Silent, want) {
			t.Errorf("%v are left for the silent, want %v", q.round.Silent, want)
		}
		if want := map[Receiver]time.Duration{{"much", "a"}: time.Second, {"much", "b"}: silence, {"slow", "d"}: slowness}; !maps.Equal(q.round.Longest, want) {
			t.Errorf("receivers took %v, want %v", q.round.Longest, want)
		}
	})
}

// TestSlowOnesShare: all receivers that are slow have half of the attempts, and one that has answered before isn't silent.
func TestSlowOnesShare(t *testing.T) {
	var refs []store.DeliveryRef
	for n := range together {
		refs = append(refs, due(fmt.Sprint("slow", n), "a", 2)...)
	}
	q := newQueue(append(refs, due("good", "a", 1)...), func(r Receiver) bool { return r.AccountID != "good" })
	var got []store.DeliveryRef
	for range ofSlow + 1 {
		ref, _ := q.next(func() bool { return true })
		got = append(got, ref)
	}
	if last := got[ofSlow]; last.AccountID != "good" {
		t.Errorf("%v is sent before the one that isn't slow", last)
	}
	q.done(got[0], time.Second)
	if ref, _ := q.next(func() bool { return true }); ref.AccountID != got[0].AccountID {
		t.Errorf("got %v, want the second of %s", ref, got[0].AccountID)
	} else if q.done(ref, silence); len(q.round.Silent) > 0 {
		t.Errorf("%v are left for one that has answered", q.round.Silent)
	}
}

// TestPutBack: what there is no room for waits, the longer the older it is, and isn't tried; after its day it has failed. Who
// has changed meanwhile is left alone.
func TestPutBack(t *testing.T) {
	w := newWorld(t)
	w.hook("wh_a", "https://example.com", nil)
	ref := w.publish(w.ended("exp_1", ofIndex, w.complete))[0]
	for _, c := range []struct{ age, wait time.Duration }{
		{0, FirstRetry}, {10 * time.Minute, 10 * time.Minute}, {20 * time.Hour, lastRetry},
	} {
		w.now = t0.Add(c.age)
		w.sender.PutBack(t.Context(), []store.DeliveryRef{ref, {AccountID: "acct", DeliveryID: "dlv_gone"}})
		d := w.delivery(ref)
		if d.Status != Pending || d.Attempts != 0 || d.DueAt.Sub(w.now) != c.wait {
			t.Errorf("%s old: %+v", c.age, d)
		}
		revision := d.Revision
		w.sender.PutBack(t.Context(), []store.DeliveryRef{ref}) // isn't due
		if d := w.delivery(ref); d.Revision != revision {
			t.Errorf("%s old, not due: %+v", c.age, d)
		}
	}
	w.now = t0.Add(GiveUpAfter + lastRetry - time.Minute)
	w.sender.PutBack(t.Context(), []store.DeliveryRef{ref})
	if d := w.delivery(ref); d.Status != Pending || d.DueAt.Sub(w.now) != lastRetry {
		t.Errorf("after its day: %+v", d)
	}
	w.due(w.delivery(ref))
	w.sender.PutBack(t.Context(), []store.DeliveryRef{ref})
	if d := w.delivery(ref); d.Status != Failed || d.Attempts != 0 || d.ErrorMessage == "" || !d.DueAt.IsZero() {
		t.Errorf("long after its day: %+v", d)
	}
	if got := w.counted(); got != "map[EventsFailed:1]" {
		t.Errorf("counted %s", got)
	}
}

// TestHolds: what a call was held up beyond the blink of an eye is counted by webhook and by account, is paid with time, and
// never grows beyond an hour's payment.
func TestHolds(t *testing.T) {
	var h Holds
	held := func(took time.Duration, receivers ...string) {
		longest := map[Receiver]time.Duration{}
		for _, r := range receivers {
			account, prefix, _ := strings.Cut(r, "/")
			longest[Receiver{account, prefix}] = took
		}
		h.noteHeld(longest, t0)
	}
	for range 100 {
		held(prompt, "prompt/a", "prompt/b")
		held(Patience, "never/a", "never/b")
	}
	held(time.Second, "once/a", "once/b", "once/c")
	held(Patience, "one/dead")
	for _, c := range []struct {
		receiver string
		after    time.Duration
		free     bool
	}{
		{"unknown/a", 0, true}, {"prompt/a", 0, true}, {"once/a", 0, true}, {"one/dead", 0, false}, {"one/good", 0, true}, {"one/dead", 32 * time.Minute, false}, {"one/dead", 33 * time.Minute, true},
		{"never/a", 0, false}, {"never/other", 0, false}, {"never/other", 59 * time.Minute, false}, {"never/a", 61 * time.Minute, true},
	} {
		account, prefix, _ := strings.Cut(c.receiver, "/")
		if got := h.free(Receiver{account, prefix}, t0.Add(c.after)); got != c.free {
			t.Errorf("%s after %s: free %t, want %t", c.receiver, c.after, got, c.free)
		}
	}
	if r := (Receiver{"never", "a"}); !h.slow(r, t0) || h.slow(Receiver{"once", "a"}, t0) {
		t.Error("the one that never answers is not slow, or the one that was slow once is")
	}
	h.note(map[Receiver]time.Duration{{"scheduled", "a"}: Patience}, t0)
	if h.free(Receiver{"scheduled", "a"}, t0) || !h.free(Receiver{"scheduled", "b"}, t0) {
		t.Error("what the schedule was told of one receiver is not known, or held against another one")
	}
	later := t0.Add(2 * time.Hour)
	for n := range 2 * mostHolds {
		h.note(map[Receiver]time.Duration{{fmt.Sprint(n), "a"}: time.Second}, later.Add(time.Duration(n)*time.Second))
	}
	if n := len(h.owed); n > mostHolds+1 {
		t.Errorf("%d debts are remembered", n)
	}
}

// TestNobodyWaitsForTheSlow: a call of the schedule that finds more of a slow account than it can try puts the rest back, and
// so finds what comes after it in the index. The store knows no turns, and looks at the first thousand.
func TestNobodyWaitsForTheSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, &Holds{}, time.Hour, "slow")
		l.window = 1000
		for n := range 3*l.window + 100 {
			l.due(t, "slow", n)
		}
		time.Sleep(time.Second)
		l.due(t, "steady", 0)
		l.call(t.Context(), t, changes.Event{Scheduled: true})
		l.window = 0
		refs, err := l.DueDeliveries(t.Context(), time.Now(), dueBatch)
		if err != nil || len(refs) != 0 {
			t.Errorf("%d are still due, %v", len(refs), err)
		}
		if tried := l.others.Load(); tried < ofOneWebhook || tried > 8*ofOneWebhook {
			t.Errorf("%d attempts were made at the slow receiver", tried)
		}
		if len(l.first) != 1 {
			t.Errorf("the other one saw %d events, want 1", len(l.first))
		}
	})
}

// due writes a delivery that is due.
func (l *lane) due(t *testing.T, account string, n int) {
	t.Helper()
	id := EventID(fmt.Sprintf("exp_%s_%05d", account, n), 1, export.EventReady)
	l.ended[id] = time.Now()
	w, err := l.Webhook(t.Context(), account, "wh_"+account)
	if err == nil {
		_, err = l.CreateDelivery(t.Context(), newDelivery(w, Event{ID: id, Event: export.EventReady}, []byte(`{}`), time.Now()))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestShares: of an account's events so many are tried in a round; a webhook that has more of them due leaves others theirs.
func TestShares(t *testing.T) {
	share, beyond := shares(slices.Concat(due("much", "dead", 2*dueShare), due("much", "good", 2), due("little", "good", 1)))
	if len(share) != dueShare+1 || len(beyond) != dueShare+2 {
		t.Errorf("%d are tried, and %d are not", len(share), len(beyond))
	}
	for _, ref := range slices.Concat(due("much", "good", 2), due("little", "good", 1)) {
		if !slices.Contains(share, ref) {
			t.Errorf("%v is not tried", ref)
		}
	}
	if share[1].AccountID != "little" {
		t.Errorf("%v has the second turn", share[1])
	}
}
