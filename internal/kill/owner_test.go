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
	"github.com/videovector/exports/internal/store"
)

// order is an export as its owner knows it.
type order struct {
	id   string
	gone bool          // its owner has deleted it
	want export.Status // how it is to end; "" is either way
	ends []string      // events of its ends, in any order
	to   string        // provider, "" for none
}

// create asks for an export until it is accepted. Without a key a request whose reply was lost may have made one more.
func (g *game) create(main bool) (*order, error) {
	o := &order{want: export.StatusCompleted, ends: []string{export.EventReady}, to: g.to}
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
		o.id = e.ID
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
			g.orders = append(g.orders, &order{id: all[0].ID, want: export.StatusCompleted, ends: []string{export.EventReady}, to: g.to})
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
