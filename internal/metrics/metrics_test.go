package metrics_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/logattr"
	"github.com/videovector/exports/internal/metrics"
	"github.com/videovector/exports/internal/metrics/emftest"
)

var t0 = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// ended is an export of two files that took 90 s.
func ended() export.Export {
	e := export.New("exp_1", "acct", "user", export.Request{}, t0)
	e = e.Claim(t0.Add(2500 * time.Millisecond))
	e = e.Packaged(export.Artifact{Bytes: 100, Counts: export.Counts{Results: 7, Rejected: 2}, Files: []export.File{{Bytes: 100}, {Bytes: 50}}}, t0)
	return e.Complete(t0.Add(90 * time.Second))
}

func deadLetter() export.Export {
	e := export.New("exp_2", "acct", "user", export.Request{}, t0)
	e.Attempts = e.MaxAttempts
	return e.Fail(export.Failure{Message: "no"}, t0)
}

// everything calls whatever writes metrics, and gives the log.
func everything(t *testing.T, level slog.Level) string {
	t.Helper()
	var out bytes.Buffer
	log := logattr.Logger(slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: level})))
	r := metrics.New(log, "Exports/stack", func() time.Time { return t0.Add(time.Hour) })
	ctx := logattr.With(t.Context(), slog.String("step", "finish"))
	r.Created(ctx, slog.String("export_id", "exp_1"))
	r.Claimed(ctx, ended())
	r.Completed(ctx, ended())
	r.Failed(ctx, deadLetter(), "destination_busy")
	r.Failed(ctx, deadLetter().Fail(export.Failure{Permanent: true}, t0), "exp_1 is no code")
	r.Cancelled(ctx)
	r.Revived(ctx)
	r.Requeued(ctx)
	r.Retried(ctx, "plan")
	r.StepFailed(ctx, "Export.Internal")
	r.Rescued(ctx)
	r.Swept(ctx, true, 3, 4, t0)
	r.Swept(ctx, true, 0, 0, time.Time{})
	r.Swept(ctx, false, 0, 5, time.Time{})
	r.EventsRun(ctx)
	r.EventDelivered(ctx)
	r.EventRetried(ctx)
	r.EventFailed(ctx)
	r.AutomationsRun(ctx)
	r.AutomationFired(ctx)
	r.AutomationFailed(ctx)
	return out.String()
}

func TestValues(t *testing.T) {
	values, err := emftest.Read(strings.NewReader(everything(t, slog.LevelError))) // a quiet log counts all the same
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{
		"ExportsCreated": 1, "QueueAge": 2.5, "ExportsCompleted": 1, "TimeToComplete": 90, "BytesExported": 150, "RowsExported": 7, "RowsRejected": 2,
		"ExportsFailed": 2, "ExportsFailed{Reason=destination_busy}": 1, "ExportsFailed{Reason=other}": 1, "DeadLetters": 1, "AttemptsRequeued": 1,
		"ExportsCancelled": 1, "ExportsRetried": 1,
		"StepRetries": 1, "StepRetries{Step=plan}": 1, "StepFailures{Error=Export.Internal}": 1, "SweepRescues": 1,
		"SweepRuns": 3, "OpenExports": 3, "WaitingExports": 4, "OldestOpenExportAge": 3600,
		"EventRuns": 1, "EventsDelivered": 1, "EventsRetried": 1, "EventsFailed": 1,
		"AutomationRuns": 1, "AutomationExports": 1, "AutomationFailures": 1,
	}
	if diff := cmp.Diff(want, emftest.Sums(values)); diff != "" {
		t.Errorf("sums (-want +got):\n%s", diff)
	}
	for _, v := range values {
		if v.Namespace != "Exports/stack" || v.Timestamp != t0.Add(time.Hour).UnixMilli() || v.Line["step"] != "finish" {
			t.Errorf("%s of %d in %s, line %v", v.ID(), v.Timestamp, v.Namespace, v.Line)
		}
	}
}

// TestAllIsAll: what is listed for alarms, dashboard and documentation is what the code writes.
func TestAllIsAll(t *testing.T) {
	values, err := emftest.Read(strings.NewReader(everything(t, slog.LevelInfo)))
	if err != nil {
		t.Fatal(err)
	}
	type shape struct {
		unit  string
		total bool
		by    string
	}
	got, want := map[string]shape{}, map[string]shape{}
	for _, v := range values {
		s := got[v.Name]
		s.unit, s.total = v.Unit, s.total || len(v.Dimensions) == 0
		for by := range v.Dimensions {
			s.by = by
		}
		got[v.Name] = s
	}
	for _, m := range metrics.All {
		want[m.Name] = shape{m.Unit, m.Total, m.By}
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(shape{})); diff != "" {
		t.Errorf("metrics (-listed +written):\n%s", diff)
	}
}

// TestLinesKeepToTheSpecification holds every line against the JSON schema of the format.
func TestLinesKeepToTheSpecification(t *testing.T) {
	schema := specification(t)
	for line := range strings.Lines(everything(t, slog.LevelInfo)) {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%v in %s", err, line)
		}
	}
	for _, broken := range []string{
		`{}`, `{"_aws":{"CloudWatchMetrics":[]}}`,
		`{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[],"Metrics":[]}]}}`,
		`{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[[]],"Metrics":[{"Name":"a","Unit":"Minutes"}]}]}}`,
	} {
		if v, err := jsonschema.UnmarshalJSON(strings.NewReader(broken)); err != nil || schema.Validate(v) == nil {
			t.Errorf("the schema takes %s (%v)", broken, err)
		}
	}
}

func specification(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile("testdata/emf.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var plain any
	if err := json.Unmarshal(text, &plain); err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("emf.json", plain); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("emf.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// TestNobodyCounts: without a Recorder nothing is written, and nothing breaks.
func TestNobodyCounts(t *testing.T) {
	var r *metrics.Recorder
	r.Created(t.Context())
	r.Completed(t.Context(), ended())
	r.Swept(t.Context(), true, 1, 1, t0)
}
