package simulation_test

import (
	"context"
	"fmt"
	"time"

	"github.com/videovector/exports/internal/export"
)

// completion is the event of an export's end.
type completion struct {
	exportID   string
	generation int
	mark       string
}

// id is the event's identity: told twice, it is one event.
func (c completion) id() string { return fmt.Sprintf("%s-g%d %s", c.exportID, c.generation, c.mark) }

// pipe tells of a write that ended an export, out of the write itself, as the table's stream does: at least once, and again
// as long as it isn't known to have been taken.
func (w *world) pipe(saved export.Export) {
	if saved.EventMark == "" {
		return
	}
	c := completion{saved.ID, saved.Generation, saved.EventMark}
	ctx := context.WithValue(context.Background(), processKey{}, w.outside("the pipe of "+c.exportID))
	go func() {
		for wait := time.Second; ; wait *= 2 {
			_, err := call(ctx, w, op{part: "pipe", method: "Deliver", what: c.id()}, func(context.Context) (struct{}, error) {
				w.take(c)
				return struct{}{}, nil
			})
			if err == nil || w.over() {
				return
			}
			time.Sleep(wait)
		}
	}()
}

// take is the handler of events: it notes each under its identity, once the state that it tells of is there.
func (w *world) take(c completion) {
	e, err := w.stored(c.exportID)
	if err != nil || e.Open() || e.EventMark != c.mark || e.Generation != c.generation {
		w.violated("%s was told of while it is %s in generation %d, marked %q: %v", c.id(), e.Status, e.Generation, e.EventMark, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.told[c.exportID] == nil {
		w.told[c.exportID] = map[string]int{}
	}
	w.told[c.exportID][c.id()]++
}

// checkEvents: of every end there is one event, however often it was told.
func (w *world) checkEvents(e export.Export) {
	if n := len(w.told[e.ID]); n != 1 {
		w.violated("of %s's end %d events tell: %v", e.ID, n, w.told[e.ID])
	}
}
