package simulation_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// order is one create request, and what its callers heard.
type order struct {
	user     string
	key      string // Idempotency-Key; "" for none
	body     map[string]any
	twins    int           // how many send it at once
	again    time.Duration // when it is sent once more after it was accepted; 0 for never
	wishes   []wish        // of its owner, once it was accepted
	mu       sync.Mutex
	deleted  []string // of accepted
	accepted []string // ids, in the order in which they were heard
	expired  []string // of those that were sent when the key was forgotten
}

// patience is how often a caller tries: faults are over long before.
const patience = 40

// keyLife is how long a key is remembered.
const keyLife = 25 * time.Hour

// newOrder draws an order.
func (w *world) newOrder(n int) *order {
	s := w.schedule
	o := &order{user: fmt.Sprintf("user_%d", n), twins: 1, body: map[string]any{}}
	if s.IntN(4) > 0 {
		o.key = fmt.Sprintf("key-%d", n)
		o.twins += s.IntN(5) / 3
		o.again = []time.Duration{0, 0, 0, time.Minute, 24 * time.Hour, 26 * time.Hour}[s.IntN(6)]
	}
	if s.IntN(2) == 0 {
		o.body["destination_connector_id"], o.body["destination_subpath"] = connectorID, o.user
	}
	if s.IntN(6) == 0 {
		o.body["result_scope"] = "matches"
	}
	if o.twins == 1 && o.again == 0 {
		o.wishes = w.drawWishes()
	}
	switch s.IntN(12) {
	case 0:
		o.body["formats"] = []string{"ndjson"}
	case 1:
		o.body["formats"] = []string{"json", "ndjson"}
	case 2:
		o.body["formats"] = []string{"csv", "json"}
	case 3:
		o.body["formats"], o.body["compression"] = []string{"ndjson", "json"}, "gzip"
	}
	return o
}

// create is the order's request with the body.
func (o *order) create(body string) request {
	return request{"create-export", "POST", "/v2/exports/index/" + indexID, o.user, o.key, body}
}

// send lets the order's callers begin. The schedule knows how it goes on.
func (w *world) send(o *order) {
	w.clients.Add(int64(o.twins))
	for twin := range o.twins {
		go func() {
			defer w.clients.Add(-1)
			name := fmt.Sprintf("create of %s by twin %d", o.user, twin)
			id, _ := w.insist(name, o, o.body)
			if id != "" && twin == 0 && o.again > 0 {
				w.repeat(name, o, id)
			}
			if id != "" {
				w.meddle(o, id)
			}
		}()
	}
}

// insist sends a request until it is answered with something other than trouble, and gives the id of the export.
func (w *world) insist(name string, o *order, body map[string]any) (id string, replayed bool) {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	for try := range patience {
		status, reply := w.post(fmt.Sprintf("%s try %d", name, try+1), o.create(string(text)))
		switch {
		case status == 0:
			return "", false // the simulation is over
		case status == 202:
			w.heard(o, reply.ExportID)
			return reply.ExportID, reply.replayed
		case status < 500 && status != 429:
			w.violated("%s was answered with %d %s", name, status, reply.Error.Code)
			return "", false
		}
		time.Sleep(time.Duration(1+try) * time.Second)
	}
	w.violated("%s was never accepted", name)
	return "", false
}

// heard notes an accepted export: from now on it must be there.
func (w *world) heard(o *order, id string) {
	if _, err := w.stored(id); err != nil {
		w.violated("%s was accepted and is not there: %v", id, err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.accepted = append(o.accepted, id)
}

// repeat sends the order once more: while the key is remembered it gets the same answer, and another request under the
// same key is refused. Once the key is forgotten it makes another export.
func (w *world) repeat(name string, o *order, first string) {
	time.Sleep(o.again)
	if o.again < keyLife {
		other := map[string]any{"result_scope": "matches", "formats": []string{"csv"}}
		text, err := json.Marshal(other)
		if err != nil {
			panic(err)
		}
		status, reply := w.post(name+" with another request", o.create(string(text)))
		if status == 202 || status < 500 && status > 0 && status != 429 && reply.Error.Code != "idempotency_request_mismatch" {
			w.violated("another request under the key was answered with %d %s", status, reply.Error.Code)
		}
		if id, replayed := w.insist(name+" again", o, o.body); id != "" && (id != first || !replayed) {
			w.violated("sent again, the order was answered with %s, replayed %t; the first time it was %s", id, replayed, first)
		}
		return
	}
	o.mu.Lock()
	before := o.accepted
	o.accepted = nil
	o.mu.Unlock()
	id, _ := w.insist(name+" after the key's life", o, o.body)
	if id == first {
		w.violated("a key was remembered for longer than its life")
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.accepted, o.expired = before, o.accepted
}
