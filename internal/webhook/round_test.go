package webhook

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/videovector/exports/internal/changes"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

// due are so many deliveries of the account.
func due(account string, n int) (refs []store.DeliveryRef) {
	for i := range n {
		refs = append(refs, store.DeliveryRef{AccountID: account, DeliveryID: fmt.Sprint(account, i)})
	}
	return refs
}

// TestRoom: an account has a quarter of all attempts at the same time, and doesn't keep the rest from others.
func TestRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(slices.Concat(due("much", ofOneAccount+2), due("little", 2)))
		always := func() bool { return true }
		var got []string
		for range ofOneAccount + 2 {
			ref, _ := q.next(always)
			got = append(got, ref.DeliveryID)
		}
		want := []string{"much0", "much1", "much2", "much3", "much4", "much5", "much6", "much7", "little0", "little1"}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		var given atomic.Pointer[string]
		go func() {
			ref, _ := q.next(always)
			given.Store(&ref.DeliveryID)
		}()
		synctest.Wait()
		if given.Load() != nil {
			t.Error("it has room although none has ended")
		}
		q.done("much")
		synctest.Wait()
		if id := given.Load(); id == nil || *id != "much8" {
			t.Errorf("got %v once one has ended, want much8", id)
		}
		if _, ok := q.next(func() bool { return false }); ok {
			t.Error("one is given after the time is over")
		}
		if c := q.crowding(); len(c) != 1 || c[0].DeliveryID != "much9" {
			t.Errorf("%v are in the way, want much9", c)
		}
	})
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
	w.now = t0.Add(GiveUpAfter + time.Minute)
	w.sender.PutBack(t.Context(), []store.DeliveryRef{ref})
	if d := w.delivery(ref); d.Status != Failed || d.Attempts != 0 || d.ErrorMessage == "" || !d.DueAt.IsZero() {
		t.Errorf("after its day: %+v", d)
	}
	if got := w.counted(); got != "map[EventsFailed:1]" {
		t.Errorf("counted %s", got)
	}
}

// TestHolds: what receivers take beyond the blink of an eye is counted by account, is paid with time, and never grows beyond
// an hour's payment.
func TestHolds(t *testing.T) {
	var h Holds
	for range 100 {
		h.note("prompt", prompt, t0)
	}
	h.note("once", 4*time.Second, t0)
	for range 100 {
		h.note("never", Patience, t0)
	}
	for _, c := range []struct {
		account string
		after   time.Duration
		free    bool
	}{
		{"unknown", 0, true}, {"prompt", 0, true}, {"once", 0, true}, {"never", 0, false},
		{"never", 59 * time.Minute, false}, {"never", 61 * time.Minute, true},
	} {
		if got := h.free(c.account, t0.Add(c.after)); got != c.free {
			t.Errorf("%s after %s: free %t, want %t", c.account, c.after, got, c.free)
		}
	}
	later := t0.Add(2 * time.Hour)
	for n := range 2 * mostHolds {
		h.note(fmt.Sprint(n), time.Second, later.Add(time.Duration(n)*time.Second))
	}
	if n := len(h.owed); n > mostHolds {
		t.Errorf("%d accounts are remembered", n)
	}
}

// TestNobodyWaitsForTheSlow: a call of the schedule that finds more of a slow account than it can try puts the rest back, and
// so finds what comes after it in the index. The store gives what is due as an index without turns would.
func TestNobodyWaitsForTheSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, &Holds{}, time.Hour)
		l.inOrder = true
		for n := range dueBatch + 100 {
			l.due(t, "slow", n)
		}
		time.Sleep(time.Second)
		l.due(t, "steady", 0)
		l.call(t.Context(), t, changes.Event{Scheduled: true})
		refs, err := l.DueDeliveries(t.Context(), time.Now(), 10*dueBatch)
		if err != nil || len(refs) != 0 {
			t.Errorf("%d are still due, %v", len(refs), err)
		}
		if tried := l.others.Load(); tried < ofOneAccount || tried > 10*ofOneAccount {
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
