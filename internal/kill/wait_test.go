package kill

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/videovector/exports/internal/demo"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
)

// untilQuiet waits until nothing of what was before passes any place: it is not to be taken for the schedule's own.
func (g *game) untilQuiet() error {
	news, last := time.Now(), -1
	for time.Since(news) < calm {
		passed, err := g.trial.Passed()
		if err != nil {
			return err
		}
		if len(passed) != last {
			news, last = time.Now(), len(passed)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil
}

// ended holds of an export that has ended.
func ended(e export.Export) bool { return !e.Open() }

// await waits for the export.
func (g *game) await(id string, until func(export.Export) bool) error {
	return g.wait(func() (done bool, due []time.Time, state string, err error) {
		e, err := g.records.AnyExport(context.Background(), demo.AccountID, id)
		if err != nil || until(e) {
			return true, nil, "", err
		}
		return false, dueOf(e), stateOf(e), nil
	})
}

func stateOf(e export.Export) string { return fmt.Sprint(e.ID, e.Revision, e.Status, e.Progress.Phase) }

// dueOf is when the sweeper looks at the export: one that waits for nobody else is what the clock is moved on for.
func dueOf(e export.Export) []time.Time {
	if e.Waiting() {
		return []time.Time{e.DueAt}
	}
	return nil
}

// calm is how long nothing happens before the clock is moved on.
const calm = 400 * time.Millisecond

// wait looks again and again, and moves the clock on to what is due next when nothing else happens.
func (g *game) wait(look func() (done bool, due []time.Time, state string, err error)) error {
	deadline, news, last := time.Now().Add(2*patience), time.Now(), ""
	for ; ; time.Sleep(20 * time.Millisecond) {
		done, due, state, err := look()
		if done || err != nil {
			return err
		}
		if state != last {
			news, last = time.Now(), state
		}
		due = slices.DeleteFunc(due, func(at time.Time) bool { return !at.After(g.now()) })
		if len(due) > 0 && time.Since(news) > calm {
			if err := g.moveTo(slices.MinFunc(due, time.Time.Compare)); err != nil {
				return err
			}
			news = time.Now()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("it came to a halt: %s", state)
		}
	}
}

// untilTold waits until every export has ended and the webhook was told of it. The clock goes nowhere for the others as long as
// an end of a deleted export is not told: the sweeper would remove its record, and nobody could tell any more.
func (g *game) untilTold() error {
	return g.wait(func() (done bool, due []time.Time, state string, err error) {
		done = true
		hurry := true
		g.checkArrivals()
		for _, o := range g.orders {
			e, err := g.records.AnyExport(context.Background(), demo.AccountID, o.id)
			if o.gone && fault.Is(err, fault.NotFound) {
				continue
			}
			if err != nil {
				return false, nil, "", err
			}
			g.note(e)
			told := g.told(o)
			done = done && told && ended(e)
			hurry = hurry && (told || !o.gone)
			due, state = append(due, dueOf(e)...), state+stateOf(e)+fmt.Sprintln(" told", told)
		}
		if done || len(g.violations) > 0 {
			return true, nil, "", nil
		}
		waiting, err := g.deliveries()
		if !hurry {
			due = nil
		}
		return false, append(due, waiting...), state, err
	})
}

// deliveries are when events are due again.
func (g *game) deliveries() (due []time.Time, err error) {
	refs, err := g.records.DueDeliveries(context.Background(), g.now().Add(48*time.Hour), 50)
	for _, ref := range refs {
		d, err := g.records.Delivery(context.Background(), ref.AccountID, ref.DeliveryID)
		if err != nil {
			return nil, err
		}
		if !d.DueAt.IsZero() {
			due = append(due, d.DueAt)
		}
	}
	return due, err
}

// untilClearedUp moves the clock to an hour at which the sweeper clears everything up, and waits until it has: nothing is due,
// and no upload open.
func (g *game) untilClearedUp() error {
	if err := g.moveTo(g.now().Add(export.ClosingGrace).Truncate(time.Hour).Add(time.Hour)); err != nil {
		return err
	}
	return g.wait(func() (done bool, due []time.Time, state string, err error) {
		closing, err := g.records.ClosingExports(context.Background(), g.now(), 50)
		if err != nil || len(closing) > 0 {
			return false, nil, fmt.Sprint("to be cleared up after: ", closing), err
		}
		bucket, err := g.artifacts()
		if err != nil {
			return false, nil, "", err
		}
		open, err := bucket.open("")
		if err != nil {
			return false, nil, fmt.Sprint(err), nil // the service may just have been killed
		}
		if len(open) > 0 {
			return false, nil, fmt.Sprint("open uploads: ", open), nil
		}
		due, err = g.deliveries()
		return err == nil && len(due) == 0, due, fmt.Sprint("events: ", due), err
	})
}
