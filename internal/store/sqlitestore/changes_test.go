package sqlitestore_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/changes"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store/sqlitestore"
)

// TestChanges: every end is noted once, nothing before it is, and the notes are those that the table's stream would give.
func TestChanges(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "records.db"))
	ctx := t.Context()
	var want []changes.Item
	note := func(i changes.Item, ok bool) {
		if ok {
			want = append(want, i)
		}
	}
	e := pending("exp_1")
	if _, _, err := s.CreateExport(ctx, e, nil, nil); err != nil {
		t.Fatal(err)
	}
	save := func(next export.Export) {
		t.Helper()
		saved, err := s.SaveExport(ctx, next, e.Fence())
		if err != nil {
			t.Fatal(err)
		}
		e = saved
		note(changes.OfExport(e))
	}
	save(e.Claim(t0))
	save(e.Fail(export.Failure{Message: "again"}, t0)) // is queued again
	save(e.Fail(export.Failure{Message: "it's over", Permanent: true}, t0))
	for _, later := range []func(export.Export) export.Export{ // tell nothing
		export.Export.ClearedUp, export.Export.ClearedUp, func(e export.Export) export.Export { return e.Retry(t0) },
	} {
		saved, err := s.SaveExport(ctx, later(e), e.FenceIn(export.StatusFailed))
		if err != nil {
			t.Fatal(err)
		}
		e = saved
	}
	save(e.Cancel(t0))

	r := export.Run{ID: "run_1", AccountID: "acct", IndexID: "idx", Status: export.RunProcessing, ExecutedAt: t0.Add(123 * time.Millisecond), Schema: []byte(`{}`)}
	put := func(r export.Run) {
		t.Helper()
		if err := s.PutRun(ctx, r, []export.Part{{Number: 1, Key: "k"}}); err != nil {
			t.Fatal(err)
		}
	}
	put(r)
	was := r
	r.Status = export.RunCompleted
	put(r)
	note(changes.OfRun(was, r))
	put(r) // nothing new
	was, r.Rows = r, 7
	put(r)
	note(changes.OfRun(was, r))
	put(export.Run{ID: "run_2", AccountID: "acct", Status: export.RunFailed, ExecutedAt: t0})
	note(changes.OfRun(export.Run{}, export.Run{ID: "run_2", AccountID: "acct", Status: export.RunFailed, ExecutedAt: t0}))

	both := []changes.Kind{changes.KindExport, changes.KindRun}
	got := told(t, s, both)
	ids := make([]string, len(got))
	for n := range got {
		ids[n], got[n].ID = got[n].ID, ""
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("changes (-want +got):\n%s", diff)
	}
	if len(want) != 5 {
		t.Errorf("%d changes, want 5", len(want))
	}
	if err := s.Forget(ctx, ids[:1]); err != nil {
		t.Fatal(err)
	}
	if err := s.Forget(ctx, ids[:2]); err != nil {
		t.Fatal(err)
	}
	if rest := told(t, s, both); len(rest) != 3 || rest[0].ID != ids[2] {
		t.Errorf("the rest is %+v, want %v", rest, ids[2:])
	}
	if rest := told(t, s, []changes.Kind{changes.KindExport}); len(rest) != 0 {
		t.Errorf("of exports there is still %+v", rest)
	}
	if err := s.ForgetOthers(ctx, []changes.Kind{changes.KindExport}); err != nil {
		t.Fatal(err)
	}
	if rest := told(t, s, both); len(rest) != 0 {
		t.Errorf("what nobody is told of stays: %+v", rest)
	}
}

func told(t *testing.T, s *sqlitestore.Store, kinds []changes.Kind) []changes.Item {
	t.Helper()
	all, err := s.Changes(t.Context(), kinds, 100)
	if err != nil {
		t.Fatal(err)
	}
	return all
}
