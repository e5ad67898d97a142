package changes

import (
	"context"
	"log/slog"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/videovector/exports/internal/export"
)

// FuzzHandle: whatever comes, it is refused if it isn't strict JSON, and each item of a batch is handled once with values that
// are valid, or comes again.
func FuzzHandle(f *testing.F) {
	f.Add([]byte(`[{"eventID":"1","kind":"export","account_id":"a","export_id":"e","generation":"1","mark":"export.ready"}]`))
	f.Add([]byte(`[{"eventID":"1","kind":"run","account_id":"a","run_id":"r","index_id":"","status":"completed","executed_at":"2026-05-01T12:00:00Z"}]`))
	f.Add([]byte(`[{"eventID":"","kind":"run"}]`))
	f.Add([]byte(`{"detail-type":"Scheduled Event","detail-type":"x"}`))
	f.Add([]byte(` {"detail-type":"Scheduled Event"} `))
	f.Add([]byte("[{\"eventID\":\"\xff\"}][]"))
	f.Fuzz(func(t *testing.T, event []byte) {
		var in Event
		if in.UnmarshalJSON(event) != nil {
			return
		}
		if !jsontext.Value(event).IsValid() || in.Scheduled && in.Batch != nil {
			t.Errorf("%q is taken for %+v", event, in)
		}
		items := in.Batch
		told := 0
		out, err := Subscriber{
			Export: func(_ context.Context, e Export) error {
				told++
				if !export.ValidID(e.AccountID) || !export.ValidID(e.ExportID) || e.Generation < 1 || e.Mark != export.EventReady && e.Mark != export.EventFailed {
					t.Errorf("told of %+v", e)
				}
				return nil
			},
			Run: func(_ context.Context, r Run) error {
				told++
				if !export.ValidID(r.AccountID) || !export.ValidID(r.RunID) || !r.Status.Finished() {
					t.Errorf("told of %+v", r)
				}
				return nil
			},
			Log: slog.New(slog.DiscardHandler),
		}.Handle(t.Context(), items)
		if err == nil && told+len(out.Failures) != len(items) {
			t.Errorf("%d items, %d told and %d failed", len(items), told, len(out.Failures))
		}
	})
}
