package steps_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing/synctest"
	"time"

	"github.com/videovector/exports/internal/asl"
	"github.com/videovector/exports/internal/export"
)

// order creates the export, as the API does, and starts it.
func (w *world) order() {
	w.t.Helper()
	w.create()
	if !w.plan.unstarted {
		go func() { _ = w.Start(w.t.Context(), account, exportID, 1) }() // best effort: the sweeper makes up for it
	}
}

// settle plays the schedule until the export has ended and nothing moves any more.
func (w *world) settle() export.Export {
	w.t.Helper()
	for range 3 * 24 * 60 {
		synctest.Wait()
		if e := w.export(); !e.Open() {
			w.engine.Load().Wait()
			return w.export()
		}
		time.Sleep(time.Minute)
		w.sweep(event("Scheduled Event", map[string]any{}))
	}
	w.t.Fatalf("after three days the export is still open: %+v\n%s", w.export(), w.log.String())
	return export.Export{}
}

// export is the record, whatever the gremlin does.
func (w *world) export() export.Export {
	w.t.Helper()
	e, err := w.records.Store.Export(context.Background(), account, exportID)
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

// path is the states that the generation's execution went through; the states of a Map's children stand there as often
// as there are children.
func (w *world) path(generation int) []string {
	w.t.Helper()
	path, err := w.engine.Load().Path(export.ExecutionName(exportID, generation))
	if err != nil {
		w.t.Fatal(err)
	}
	return slices.Compact(path)
}

// sweep calls the sweeper as EventBridge does, and gives its answer, "" when none came within a minute.
func (w *world) sweep(ev []byte) string {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	r, err := w.functions.Invoke(ctx, "sweep", ev)
	if err != nil {
		return ""
	}
	return string(r.Payload)
}

// ended is the rule on executions that ended badly.
func (w *world) ended(x asl.Execution) {
	if x.Status != "SUCCEEDED" {
		w.sweep(endOf(x.Name, x.Status, string(x.Input)))
	}
}

// endOf is the event of an execution's end.
func endOf(name, status, input string) []byte {
	return event("Step Functions Execution Status Change", map[string]any{"name": name, "status": status, "input": input})
}

// event is an event of EventBridge, as far as the sweeper looks.
func event(detailType string, detail any) []byte {
	raw, err := json.Marshal(map[string]any{"version": "0", "detail-type": detailType, "detail": detail})
	if err != nil {
		panic("an event of our own always encodes: " + err.Error())
	}
	return raw
}

// crash abandons what runs: the engine forgets its executions, and a new one knows no more than that their names are
// taken. Functions that are called just now go on, or stay where they are.
func (w *world) crash() {
	old := w.engine.Swap(w.newEngine())
	old.Close()
}
