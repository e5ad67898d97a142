package webhook

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/videovector/exports/internal/changes"
	"github.com/videovector/exports/internal/metrics/emftest"
	"github.com/videovector/exports/internal/store"
)

// dueStore lists what is due as it is told to.
type dueStore func() ([]store.DeliveryRef, error)

func (d dueStore) DueDeliveries(context.Context, time.Time, int) ([]store.DeliveryRef, error) {
	return d()
}

// TestScheduleSaysThatItLives: the schedule's call counts once it has ended well, receivers that fail or not; one that
// can't list what is due, and the pipe's, don't count.
func TestScheduleSaysThatItLives(t *testing.T) {
	r := newReceiver(t, func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	w := newWorld(t, r)
	w.hook("wh_a", r.URL, nil)
	refs := w.publish(w.ended("exp_1", ofIndex, w.complete))
	failure := errors.New("no reply")
	for _, c := range []struct {
		name string
		in   changes.Event
		due  []store.DeliveryRef
		err  error
		want float64
	}{
		{"nothing is due", changes.Event{Scheduled: true}, nil, nil, 1},
		{"the receiver fails", changes.Event{Scheduled: true}, refs, nil, 1},
		{"the index is not to be read", changes.Event{Scheduled: true}, nil, failure, 0},
		{"a part of it is not to be read", changes.Event{Scheduled: true}, refs, failure, 0},
		{"no event of anybody's", changes.Event{}, nil, nil, 0},
	} {
		w.log.Reset()
		due := dueStore(func() ([]store.DeliveryRef, error) { return c.due, c.err })
		f := Function{Publisher: w.public, Sender: w.sender, Due: due, Clock: w.sender.Clock, Log: w.sender.Log}
		if _, err := f.Handle(t.Context(), c.in); c.err != nil && !errors.Is(err, c.err) {
			t.Errorf("%s: %v", c.name, err)
		}
		values, err := emftest.Read(&w.log)
		w.must(err)
		if got := emftest.Sums(values)["EventRuns"]; got != c.want {
			t.Errorf("%s: the call counts %v times, want %v", c.name, got, c.want)
		}
	}
	if len(r.arrivals()) != 1 {
		t.Errorf("%d arrivals, want 1", len(r.arrivals()))
	}
}
