package asl

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/statemachine"
)

const drawing = `{"StartAt":"Ask","TimeoutSeconds":60,"States":{
	"Ask":{"Type":"Choice","Choices":[
		{"And":[{"Variable":"$.n","NumericLessThanEquals":3},{"Not":{"Variable":"$.s","StringMatches":"a*"}}],"Next":"Do"},
		{"Variable":"$.ok","BooleanEquals":true,"Next":"Each"}],"Default":"End"},
	"Do":{"Type":"Task","Comment":"Does it.","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f"},"TimeoutSeconds":5,
		"Retry":[{"ErrorEquals":["A","B"]},{"ErrorEquals":["States.ALL"],"IntervalSeconds":2,"MaxAttempts":0,"BackoffRate":1.5,"MaxDelaySeconds":9,"JitterStrategy":"FULL"}],
		"Catch":[{"ErrorEquals":["States.ALL"],"Next":"Lost"}],"Next":"Each"},
	"Each":{"Type":"Map","MaxConcurrency":7,"ItemProcessor":{"StartAt":"One","States":{"One":{"Type":"Pass","End":true}}},"End":true},
	"Lost":{"Type":"Fail","Error":"E"},
	"End":{"Type":"Succeed"}}}`

func TestDraw(t *testing.T) {
	got, err := Draw([]byte(drawing))
	if err != nil {
		t.Fatal(err)
	}
	want := Graph{Timeout: time.Minute, States: []Node{
		{Name: "Ask", Type: "Choice", Edges: []Edge{
			{To: "Do", Kind: EdgeChoice, When: `($.n ≤ 3) and (not ($.s StringMatches "a*"))`},
			{To: "Each", Kind: EdgeChoice, When: "$.ok = true"},
			{To: "End", Kind: EdgeDefault},
		}},
		{
			Name: "Do", Type: "Task", Comment: "Does it.", Timeout: 5 * time.Second,
			Retries: []Retries{
				{Errors: []string{"A", "B"}, MaxAttempts: 3, Interval: time.Second, BackoffRate: 2},
				{Errors: []string{"States.ALL"}, Interval: 2 * time.Second, BackoffRate: 1.5, MaxDelay: 9 * time.Second, Jitter: true},
			},
			Edges: []Edge{{To: "Each", Kind: EdgeNext}, {To: "Lost", Kind: EdgeCatch, Errors: []string{"States.ALL"}}},
		},
		{Name: "Each", Type: "Map", AtATime: 7, Parts: []Node{{Name: "One", Type: "Pass"}}},
		{Name: "End", Type: "Succeed"},
		{Name: "Lost", Type: "Fail"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n, ok := got.Find("Each"); !ok || n.AtATime != 7 {
		t.Errorf("Find gives %+v, %v", n, ok)
	}
	if _, ok := got.Find("Nowhere"); ok {
		t.Error("Find finds what isn't there")
	}
}

func TestDrawRefusesWhatLoadRefuses(t *testing.T) {
	if _, err := Draw([]byte(`{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"}}}`)); err == nil {
		t.Error("a machine that leads nowhere is drawn")
	}
}

// TestDrawShipped: the graph has every edge that the interpreter can go along.
func TestDrawShipped(t *testing.T) {
	g, err := Draw(statemachine.Export)
	if err != nil {
		t.Fatal(err)
	}
	top := shipped(t).top
	if len(g.States) != len(top.States) {
		t.Fatalf("%d states are drawn, there are %d", len(g.States), len(top.States))
	}
	for _, n := range g.States {
		s := top.States[n.Name]
		if s == nil || len(n.Edges) != len(s.targets()) || len(n.Retries) != len(s.Retry) || n.Type != s.Type {
			t.Errorf("%s is drawn as %+v", n.Name, n)
		}
	}
}

func TestVisits(t *testing.T) {
	t0 := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	at := func(n int) time.Time { return t0.Add(time.Duration(n) * time.Second) }
	history := []Event{
		{Time: at(0), Type: executionStarted},
		{Time: at(0), Type: stateEntered, State: "Do", Input: []byte(`{"a":1}`)},
		{Time: at(2), Type: retryScheduled, State: "Do", Error: "A", Cause: "busy", Retries: []int{1}},
		{Time: at(5), Type: stateEntered, State: "Each"},
		{Time: at(5), Type: stateEntered, State: "One", Inner: true},
		{Time: at(6), Type: retryScheduled, State: "One", Error: "B", Inner: true},
		{Time: at(6), Type: stateEntered, State: "One", Inner: true},
	}
	want := []Visit{
		{State: "Do", Entered: at(0), Left: at(5), Input: []byte(`{"a":1}`), Retries: []Retry{{at(2), "A", "busy"}}},
		{State: "Each", Entered: at(5), Parts: 2, Within: []Retry{{at(6), "B", ""}}},
	}
	if diff := cmp.Diff(want, Visits(history)); diff != "" {
		t.Errorf("while it runs (-want +got):\n%s", diff)
	}
	want[1].Left = at(9)
	ended := append(history, Event{Time: at(9), Type: executionSucceeded})
	if diff := cmp.Diff(want, Visits(ended)); diff != "" {
		t.Errorf("after its end (-want +got):\n%s", diff)
	}
	if got := Visits(nil); got != nil {
		t.Errorf("of no history: %+v", got)
	}
}
