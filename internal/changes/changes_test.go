package changes

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/logattr"
	"github.com/videovector/exports/internal/tenant"
)

var at = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// TestRoundTrip: what a record becomes is what the handler is told.
func TestRoundTrip(t *testing.T) {
	e := export.New("exp_1", "acct", "user", export.Request{Type: export.TypeIndex, TargetID: "idx"}, at)
	if _, ok := OfExport(e); ok {
		t.Error("a pending export is told of")
	}
	item, ok := OfExport(e.Fail(export.Failure{Message: "no", Permanent: true}, at))
	if want := (Item{Kind: KindExport, AccountID: "acct", ExportID: "exp_1", Generation: "1", Mark: "export.failed"}); !ok || item != want {
		t.Errorf("a failed export is %+v, %v", item, ok)
	}
	told, err := item.export()
	if want := (Export{"acct", "exp_1", 1, "export.failed"}); err != nil || told != want {
		t.Errorf("its handler is told %+v, %v", told, err)
	}

	r := export.Run{ID: "run_1", AccountID: "acct", IndexID: "idx", Status: export.RunProcessing, ExecutedAt: at}
	if _, ok := OfRun(export.Run{}, r); ok {
		t.Error("a run at work is told of")
	}
	for before, was := range map[string]export.Run{
		"": r, "failed 2026-05-01T12:00:00Z 1 2 3": {Status: export.RunFailed, ExecutedAt: at, Parts: 1, Rows: 2, Bytes: 3},
		"completed 0001-01-01T00:00:00Z 0 0 0": {Status: export.RunCompleted},
	} {
		r.Status = export.RunCancelled
		item, ok = OfRun(was, r)
		run, err := item.run()
		if want := (Run{"acct", "run_1", "idx", export.RunCancelled, at, before}); !ok || err != nil || run != want {
			t.Errorf("a cancelled run is %+v, %v, %v, want %+v", run, ok, err, want)
		}
	}
}

// TestBefore: what can't be read of the end before keeps no end from being told.
func TestBefore(t *testing.T) {
	for was, want := range map[string]string{
		`{"status":"completed","executed_at":"2026-05-01T14:00:00.5+02:00","parts":"1","rows":"20","bytes":"300"}`: "completed 2026-05-01T12:00:00.5Z 1 20 300",
		`{"status":"","executed_at":"","parts":"","rows":"","bytes":""}`:                                           "",
		`{"status":"processing","executed_at":"2026-05-01T12:00:00Z","parts":"0","rows":"0","bytes":"0"}`:          "",
		`{"status":"completed","executed_at":"yesterday","parts":"0","rows":"0","bytes":"0"}`:                      "",
		`{"status":"completed","executed_at":"2026-05-01T12:00:00Z","parts":"0","rows":"many","bytes":"0"}`:        "",
	} {
		var w Was
		if err := json.Unmarshal([]byte(was), &w); err != nil {
			t.Fatal(err)
		}
		if got := w.ending(); got != want {
			t.Errorf("%s was %q, want %q", was, got, want)
		}
	}
}

// TestBatch: each item succeeds or fails alone, whatever the others do, and its work is for its account.
func TestBatch(t *testing.T) {
	const batch = `[
		{"eventID":"1","kind":"export","account_id":"acct","export_id":"exp_1","generation":"2","mark":"export.ready"},
		{"eventID":"2","kind":"export","account_id":"acct","export_id":"exp_fails","generation":"1","mark":"export.failed","run_id":""},
		{"eventID":"3","kind":"run","account_id":"other","run_id":"run_1","index_id":"","status":"completed","executed_at":""},
		{"eventID":"4","kind":"run","account_id":"other","run_id":"run_1","index_id":"","status":"processing"},
		{"eventID":"5","kind":"run","account_id":"other","run_id":"a#b","status":"completed"},
		{"eventID":"6","kind":"run","account_id":"other","run_id":"run_1","status":"completed","executed_at":"yesterday"},
		{"eventID":"7","kind":"export","account_id":"acct","export_id":"exp_1","generation":"0","mark":"export.ready"},
		{"eventID":"8","kind":"export","account_id":"acct","export_id":"exp_1","generation":"1","mark":"export.done"},
		{"eventID":"9","kind":"video","account_id":"acct"},
		{"eventID":"10","kind":"export","account_id":"acct","export_id":"exp_2","generation":"1","mark":"export.ready"}]`
	var items []Item
	if err := json.Unmarshal([]byte(batch), &items); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	var told []string
	s := Subscriber{
		Export: func(ctx context.Context, e Export) error {
			told = append(told, tenant.Account(ctx)+" "+e.ExportID)
			if e.ExportID == "exp_fails" {
				return fault.Wrap(errors.New("cause"), fault.Unavailable, "busy", "Later.")
			}
			return nil
		},
		Run: func(ctx context.Context, r Run) error {
			told = append(told, tenant.Account(ctx)+" "+r.RunID)
			return nil
		},
		Log: logattr.Logger(slog.New(slog.NewJSONHandler(&log, nil))),
	}
	out, err := s.Handle(t.Context(), items)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"acct exp_1", "acct exp_fails", "other run_1", "acct exp_2"}, told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	raw, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"batchItemFailures":[`
	for n, id := range []string{"2", "4", "5", "6", "7", "8", "9"} {
		want += strings.Repeat(",", min(n, 1)) + `{"itemIdentifier":"` + id + `"}`
	}
	if want += "]}"; string(raw) != want {
		t.Errorf("the answer is %s, want %s", raw, want)
	}
	if got := strings.Count(log.String(), "a change could not be handled"); got != 7 || !strings.Contains(log.String(), `"code":"busy"`) {
		t.Errorf("%d lines of failure: %s", got, log.String())
	}
}

// TestNothingIsLost: what a batch has no time for, and a batch with something that has no name, come again.
func TestNothingIsLost(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := Subscriber{
		Export: func(context.Context, Export) error { cancel(); return nil },
		Log:    slog.New(slog.DiscardHandler),
	}
	item := Item{ID: "1", Kind: KindExport, AccountID: "a", ExportID: "e", Generation: "1", Mark: "export.ready"}
	second, nameless := item, item
	second.ID, nameless.ID = "2", ""
	out, err := s.Handle(ctx, []Item{item, second})
	if diff := cmp.Diff(Result{[]Failure{{"2"}}}, out); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := s.Handle(t.Context(), []Item{item, nameless}); err == nil {
		t.Error("a batch with a nameless item was accepted")
	}
	out, err = Subscriber{Log: s.Log}.Handle(t.Context(), []Item{item})
	if len(out.Failures) != 1 || err != nil {
		t.Errorf("without a subscriber: %+v, %v", out, err)
	}
}
