package kill

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/videovector/exports/internal/failpoint/trial"
	"github.com/videovector/exports/internal/store"
)

// played is what is left of a schedule.
type played struct {
	violations     []string
	passed, killed []trial.Passage
	took           time.Duration
}

// game is a schedule that is being played.
type game struct {
	*world
	*schedule
	orders     []*order
	violations []string
}

func (g *game) violated(format string, args ...any) {
	g.violations = append(g.violations, fmt.Sprintf(format, args...))
}

// play plays a schedule to its end, and says what it broke.
func (w *world) play(s *schedule) (p played) {
	began := time.Now()
	g := &game{world: w, schedule: s}
	if err := g.perform(); err != nil {
		g.violated("%v\n%s", err, w.tail())
	}
	var failures [4]error
	failures[0] = w.trial.Disarm()
	p.passed, failures[1] = w.trial.Passed()
	p.killed, failures[2] = w.trial.Killed()
	_, _, failures[3] = w.insist(call{method: http.MethodGet, path: "/exports?limit=1", as: reader}) // the kill may just have been
	if err := errors.Join(failures[:]...); err != nil {
		g.violated("%v", err)
	}
	if reached, err := g.reached(); !reached || err != nil {
		g.violated("%s was not reached", s.place.name)
	}
	g.violations = append(g.violations, w.foundDead()...)
	if len(g.violations) == 0 {
		g.check()
	}
	for _, o := range g.orders {
		w.known[o.id] = true
	}
	p.violations, p.took = g.violations, time.Since(began)
	return p
}

// perform is the schedule up to the moment at which nothing is left to happen.
func (g *game) perform() error {
	if err := g.rehearse(); err != nil {
		return fmt.Errorf("the undisturbed export: %w", err)
	}
	if err := g.prepare(); err != nil {
		return err
	}
	if err := g.untilQuiet(); err != nil {
		return err
	}
	if err := g.trial.Arm(g.kills()...); err != nil {
		return err
	}
	if err := g.act(); err != nil {
		return err
	}
	if err := g.untilOver(); err != nil {
		return err
	}
	for deadline := time.Now().Add(latePlaces); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if reached, err := g.reached(); reached || err != nil {
			return cmp.Or(err, g.untilOver())
		}
	}
	return nil
}

// latePlaces is how long a place is waited for that is passed when everything is over already, as the pipe's is.
const latePlaces = 10 * time.Second

// reached reports whether somebody was killed at the schedule's place.
func (g *game) reached() (bool, error) {
	killed, err := g.trial.Killed()
	return slices.ContainsFunc(killed, func(k trial.Passage) bool { return k.Place == g.place.name }), err
}

// untilOver waits until nothing is left to happen.
func (g *game) untilOver() error {
	if err := g.untilTold(); err != nil {
		return err
	}
	return g.untilClearedUp()
}

// prepare makes what the schedule needs besides an export.
func (g *game) prepare() error {
	l, err := g.up()
	if err != nil {
		return err
	}
	switch g.kind {
	case doomed:
		return g.connect(toS3, store.Connector{ID: g.ownConnector(), Bucket: "not-there-yet", Region: region}, l)
	case automation:
		if err := g.putIndex(g.ownIndex()); err != nil {
			return err
		}
		r, _, err := g.insist(call{method: http.MethodPut, path: "/indexes/" + g.ownIndex() + "/automations/export", as: writer,
			body: fmt.Sprintf(`{"destination_connector_id":%q,"destination_subpath":%q,"debounce_interval":"5m"}`, connectorID(g.to), g.subpath())})
		if err == nil && r.status/100 != 2 {
			err = fmt.Errorf("the automation: %v", r)
		}
		return err
	}
	return nil
}

func (g *game) ownConnector() string { return fmt.Sprintf("conn_doomed_%d", g.seed) }

func (g *game) ownIndex() string { return fmt.Sprintf("idx_auto_%d", g.seed) }

// act is what the owner does.
func (g *game) act() error {
	if g.kind == automation {
		l, err := g.up()
		if err != nil {
			return err
		}
		if err := g.load(l, g.ownIndex(), "run_of_"+g.ownIndex(), 300<<10); err != nil {
			return err
		}
		return g.automated()
	}
	o, err := g.create(true)
	if err != nil {
		return err
	}
	for range g.companions {
		if _, err := g.create(false); err != nil {
			return err
		}
	}
	switch g.kind {
	case cancelled, cancelledAndRetried, cancelledLate:
		return g.cancel(o)
	case removed:
		if g.rng.IntN(2) == 0 {
			if err := g.await(o.id, ended); err != nil {
				return err
			}
		}
		return g.remove(o)
	case doomed:
		return g.revive(o)
	}
	return nil
}
