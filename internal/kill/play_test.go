package kill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/videovector/exports/internal/demo"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/failpoint/trial"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// played is what is left of a schedule.
type played struct {
	violations     []string
	passed, killed []trial.Passage
	took           time.Duration
}

// order is an export as its owner knows it.
type order struct {
	id   string
	gone bool          // its owner has deleted it
	want export.Status // how it is to end; "" is either way
	ends []string      // events of its ends, in any order
	to   string        // provider, "" for none
	at   string        // where it is delivered, below the base path
	main bool          // the schedule's own
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
	if !slices.ContainsFunc(p.killed, func(k trial.Passage) bool { return k.Place == s.place.name }) {
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
	if err := g.untilTold(); err != nil {
		return err
	}
	return g.untilClearedUp()
}

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
func (g *game) ownIndex() string     { return fmt.Sprintf("idx_auto_%d", g.seed) }

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

// create asks for an export until it is accepted. Without a key a request whose reply was lost may have made one more.
func (g *game) create(main bool) (*order, error) {
	o := &order{want: export.StatusCompleted, ends: []string{export.EventReady}, to: g.to, at: g.subpath(), main: main}
	c := call{method: http.MethodPost, path: g.path(), as: writer}
	switch {
	case g.kind == doomed && main:
		c.body = g.body(g.ownConnector())
	case g.kind == doomed:
		c.body, o.to = g.body(""), nowhere
	case g.to != nowhere:
		c.body = g.body(connectorID(g.to))
	default:
		c.body = g.body("")
	}
	if g.keyed {
		c.key = fmt.Sprintf("seed-%d-%d", g.seed, len(g.orders))
	}
	r, tries, err := g.insist(c)
	if err != nil {
		return nil, err
	}
	var made struct {
		ID string `json:"export_id"`
	}
	if r.status != http.StatusAccepted || json.Unmarshal(r.body, &made) != nil || made.ID == "" {
		return nil, fmt.Errorf("create: %v", r)
	}
	o.id = made.ID
	g.orders = append(g.orders, o)
	if g.keyed {
		again, _, err := g.insist(c)
		if err != nil || string(again.body) != string(r.body) {
			g.violated("the request was answered with %v, and again with %v, %v", r, again, err)
		}
	}
	return o, g.stray(tries-1, g.keyed)
}

// stray takes up exports that were accepted although nobody heard of it: with a key there must be none.
func (g *game) stray(most int, keyed bool) error {
	all, err := g.mine()
	if err != nil {
		return err
	}
	for _, e := range all {
		if slices.ContainsFunc(g.orders, func(o *order) bool { return o.id == e.ID }) {
			continue
		}
		if keyed || most == 0 {
			g.violated("%s was made besides those that were asked for", e.ID)
		}
		most--
		o := *g.orders[len(g.orders)-1]
		o.id, o.main = e.ID, false
		g.orders = append(g.orders, &o)
		if g.kind == doomed && o.to == toS3 { // it ends as the connector just then is
			o.want, o.ends = "", nil
		}
	}
	return nil
}

// mine are the exports that this schedule has made.
func (g *game) mine() (found []export.Export, err error) {
	page, err := g.records.ListExports(context.Background(), demo.AccountID, store.ListQuery{Limit: 50})
	for _, e := range page.Exports {
		if !g.known[e.ID] {
			found = append(found, e)
		}
	}
	return found, err
}

// automated waits until the automation has made its export.
func (g *game) automated() error {
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		all, err := g.mine()
		if err != nil {
			return err
		}
		if len(all) > 0 {
			g.orders = append(g.orders, &order{id: all[0].ID, want: export.StatusCompleted, ends: []string{export.EventReady}, to: g.to, at: g.subpath(), main: true})
			return nil
		}
		a, err := g.records.Automation(context.Background(), demo.AccountID, g.ownIndex())
		if err != nil {
			return err
		}
		if at := a.DueAt(); at.After(g.now()) {
			if err := g.moveTo(at); err != nil {
				return err
			}
		}
		if time.Now().After(deadline) {
			return errors.New("the automation made no export")
		}
	}
}

// move is a request to cancel or retry the export, until it is answered.
func (g *game) move(o *order, verb string) (reply, error) {
	c := call{method: http.MethodPost, path: "/exports/" + o.id + "/" + verb, as: writer}
	if g.keyed {
		c.key = fmt.Sprintf("seed-%d-%s-%s", g.seed, verb, o.id)
	}
	r, _, err := g.insist(c)
	return r, err
}

// cancel cancels the export; where it was faster, another one.
func (g *game) cancel(o *order) error {
	for try := range 10 {
		if g.kind == cancelledLate && try < 5 {
			if err := g.await(o.id, g.late); err != nil {
				return err
			}
		}
		r, err := g.move(o, "cancel")
		if err != nil {
			return err
		}
		if r.status == http.StatusOK {
			o.want, o.ends = export.StatusFailed, []string{export.EventFailed}
			if g.kind == cancelledAndRetried {
				return g.retry(o)
			}
			return nil
		}
		if r.status != http.StatusConflict {
			return fmt.Errorf("cancel: %v", r)
		}
		o.main = false
		if o, err = g.create(true); err != nil {
			return err
		}
	}
	return errors.New("every export was faster than its cancel")
}

// late is when an export is cancelled late: somebody was killed while it was delivered, or it is delivered now.
func (g *game) late(e export.Export) bool {
	if g.place.in == "deliver" {
		killed, err := g.trial.Killed()
		return err != nil || len(killed) > 0 || ended(e)
	}
	return e.Progress.Phase == export.PhaseDelivering || ended(e)
}

func (g *game) retry(o *order) error {
	r, err := g.move(o, "retry")
	if err == nil && r.status != http.StatusOK {
		err = fmt.Errorf("retry: %v", r)
	}
	o.want, o.ends = export.StatusCompleted, append(o.ends, export.EventReady)
	return err
}

// remove deletes the export. The second time there is none any more.
func (g *game) remove(o *order) error {
	r, tries, err := g.insist(call{method: http.MethodDelete, path: "/exports/" + o.id, as: admin})
	again := tries > 1 && r.status == http.StatusNotFound
	if err == nil && r.status != http.StatusOK && !again {
		err = fmt.Errorf("delete: %v", r)
	}
	o.gone = true
	return err
}

// revive waits until the export has failed, mends its connector and retries it.
func (g *game) revive(o *order) error {
	if err := g.await(o.id, ended); err != nil {
		return err
	}
	l, err := g.up()
	if err != nil {
		return err
	}
	o.ends = []string{export.EventFailed}
	if err := g.connect(toS3, store.Connector{ID: g.ownConnector(), Bucket: customerBucket, Region: region}, l); err != nil {
		return err
	}
	return g.retry(o)
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

// untilTold waits until every export has ended and the webhook was told of it.
func (g *game) untilTold() error {
	return g.wait(func() (done bool, due []time.Time, state string, err error) {
		done = true
		for _, o := range g.orders {
			e, err := g.records.AnyExport(context.Background(), demo.AccountID, o.id)
			if o.gone && fault.Is(err, fault.NotFound) {
				continue
			}
			if err != nil {
				return false, nil, "", err
			}
			told := o.gone || g.told(o)
			done = done && told && ended(e)
			due, state = append(due, dueOf(e)...), state+stateOf(e)+fmt.Sprintln(" told", told)
		}
		if done {
			return true, nil, "", nil
		}
		waiting, err := g.deliveries()
		return false, append(due, waiting...), state, err
	})
}

// told reports whether the webhook has been told of every end.
func (g *game) told(o *order) bool {
	came := g.receiver.about(o.id)
	for _, event := range o.ends {
		if !slices.ContainsFunc(came, func(a arrival) bool { return a.event.Event == event }) {
			return false
		}
	}
	return true
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
