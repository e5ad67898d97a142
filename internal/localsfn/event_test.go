package localsfn_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/asl"
	"github.com/videovector/exports/internal/localsfn"
)

// event is an event as its readers see it.
type event struct {
	DetailType string         `json:"detail-type"`
	Source     string         `json:"source"`
	Account    string         `json:"account"`
	Region     string         `json:"region"`
	Time       string         `json:"time"`
	ID         string         `json:"id"`
	Resources  []string       `json:"resources"`
	Detail     map[string]any `json:"detail"`
}

func read(t *testing.T, raw []byte) (e event, whole map[string]any) {
	t.Helper()
	if err := json.Unmarshal(raw, &e); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &whole); err != nil {
		t.Fatal(err)
	}
	return e, whole
}

// endings runs an execution to each of the ends that there are.
func endings(t *testing.T) map[string]asl.Execution {
	t.Helper()
	w := newWorld(t, nil)
	w.mustStart(t, "exp_1-g1", input)
	succeeded := w.end(t, done(`"well"`))
	w.mustStart(t, "exp_1-g2", input)
	failed := w.end(t, broken("Export.Permanent", "No such bucket."))
	brief := newWorldWith(t, nil, 1)
	brief.mustStart(t, "exp_1-g3", input)
	return map[string]asl.Execution{"succeeded": succeeded, "failed": failed, "timed-out": brief.ended(t)}
}

// TestEndEvent: every end becomes an event of the very members that the fixtures of EventBridge's events have.
func TestEndEvent(t *testing.T) {
	for name, x := range endings(t) {
		t.Run(name, func(t *testing.T) {
			raw, err := localsfn.EndEvent(machineARN, "event-1", x)
			if err != nil {
				t.Fatal(err)
			}
			got, whole := read(t, raw)
			fixture, err := os.ReadFile(filepath.Join("..", "..", "events", "sweep.execution-"+name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			want, wantWhole := read(t, fixture)
			checkMembers(t, "event", wantWhole, whole)
			checkMembers(t, "detail", want.Detail, got.Detail)
			for _, member := range []string{"status", "redriveStatus", "redriveCount", "inputDetails", "outputDetails"} {
				if diff := cmp.Diff(want.Detail[member], got.Detail[member]); diff != "" {
					t.Errorf("%s (-fixture +got):\n%s", member, diff)
				}
			}
			checkEvent(t, got, x)
		})
	}
}

func checkMembers(t *testing.T, what string, want, got map[string]any) {
	t.Helper()
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("members of the %s (-fixture +got):\n%s", what, diff)
	}
}

// checkEvent holds an event against its execution.
func checkEvent(t *testing.T, e event, x asl.Execution) {
	t.Helper()
	arn := localsfn.ExecutionARN(machineARN, x.Name)
	if e.DetailType != "Step Functions Execution Status Change" || e.Source != "aws.states" || e.Account != "123456789012" || e.Region != "eu-central-1" ||
		e.ID != "event-1" || !slices.Equal(e.Resources, []string{arn}) || e.Time != x.Stopped.UTC().Format(time.RFC3339) {
		t.Errorf("event = %+v", e)
	}
	want := map[string]any{
		"executionArn": arn, "stateMachineArn": machineARN, "name": x.Name, "status": x.Status, "input": input,
		"startDate": float64(x.Started.UnixMilli()), "stopDate": float64(x.Stopped.UnixMilli()), "output": nil, "error": nil, "cause": nil,
	}
	switch x.Status {
	case "SUCCEEDED":
		want["output"] = string(x.Output)
	case "FAILED": // an execution that timed out names no error
		want["error"], want["cause"] = x.Error, x.Cause
	}
	for member, value := range want {
		if e.Detail[member] != value {
			t.Errorf("%s = %v, want %v", member, e.Detail[member], value)
		}
	}
}
