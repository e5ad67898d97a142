package states

import (
	"context"
	"flag"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/videovector/exports/internal/asl"
	"github.com/videovector/exports/internal/docblock"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/statemachine"
)

var update = flag.Bool("update", false, "write the diagrams and tables of docs/states.md anew")

const document = "../../docs/states.md"

// read reads the source once, for all tests.
var read = sync.OnceValues(func() (*Source, error) { return ReadSource(context.Background(), ".") })

func source(t *testing.T) *Source {
	t.Helper()
	s, err := read()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// deployed are the functions' folders.
func deployed(t *testing.T) (folders []string) {
	t.Helper()
	entries, err := os.ReadDir("../../functions")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		folders = append(folders, e.Name())
	}
	return folders
}

func TestDocument(t *testing.T) {
	blocks, err := Blocks(source(t), deployed(t), statemachine.Export)
	if err != nil {
		t.Fatal(err)
	}
	_, places := docblock.Check(t, document, blocks, *update)
	if !slices.Equal(places, []string{"limits", "machine", "moves", "record", "retries", "states", "transitions"}) {
		t.Fatalf("%s holds the blocks %v", document, places)
	}
}

func known(t *testing.T) []Transition {
	t.Helper()
	all, err := source(t).Transitions(deployed(t))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestWriters holds what is read out of the source against what is known of some.
func TestWriters(t *testing.T) {
	want := map[string][]string{
		"New": {"create-export", "run-automations"}, "Claim": {"plan"}, "Linked": {"presign"}, "Complete": {"finish"}, "Overdue": {"sweep"}, "Restart": nil,
	}
	for _, tr := range known(t) {
		if writers, ok := want[tr.Name]; ok && !slices.Equal(tr.Writers, writers) {
			t.Errorf("%s is written by %v, want %v", tr.Name, tr.Writers, writers)
		}
		delete(want, tr.Name)
		if tr.Name == "Enter" && !slices.Contains(tr.Writers, "presign") {
			t.Errorf("what a helper calls is not seen: Enter is written by %v", tr.Writers)
		}
		if tr.Says == "" {
			t.Errorf("%s says nothing of itself", tr.Name)
		}
	}
	if len(want) > 0 {
		t.Errorf("not found: %v", want)
	}
}

// TestPlanIsFirst: what claimed takes for granted.
func TestPlanIsFirst(t *testing.T) {
	g, err := asl.Draw(statemachine.Export)
	if err != nil || g.States[0].Name != "Plan" {
		t.Errorf("the machine begins with %+v, %v", g.States, err)
	}
}

// TestUnknownWriter: a caller whose function isn't deployed is found.
func TestUnknownWriter(t *testing.T) {
	for function, transition := range map[string]string{"finish": "Complete", "control-export": "Cancel"} {
		without := slices.DeleteFunc(deployed(t), func(name string) bool { return name == function })
		if _, err := source(t).Transitions(without); err == nil || !strings.Contains(err.Error(), transition) {
			t.Errorf("without %s: %v", function, err)
		}
	}
}

// TestUnknownTransition: a transition that nobody told this package about, and one that is gone, are found.
func TestUnknownTransition(t *testing.T) {
	all := known(t)
	if _, err := Moves(append(all, Transition{Name: "Vanish"})); err == nil || !strings.Contains(err.Error(), "Vanish") {
		t.Errorf("one more: %v", err)
	}
	if _, err := Moves(all[1:]); err == nil || !strings.Contains(err.Error(), all[0].Name) {
		t.Errorf("one less: %v", err)
	}
}

// TestMovesAreAllowed: a record moves as the domain lets the stores move it, and every state but the beginning is moved to.
func TestMovesAreAllowed(t *testing.T) {
	moves, err := Moves(known(t))
	if err != nil {
		t.Fatal(err)
	}
	ends := map[string]bool{}
	for _, m := range moves {
		from, _, some := strings.Cut(m.From, "/")
		to, _, also := strings.Cut(m.To, "/")
		if some && also && !export.CanMove(export.Status(from), export.Status(to)) {
			t.Errorf("%+v is refused by CanMove", m)
		}
		ends[m.To] = true
		if rank(m.To) == rank("unknown") {
			t.Errorf("the state %s has no place among the others", m.To)
		}
	}
	for _, s := range []string{"pending/queued", "processing/leased", "processing/running", "processing/queued", "completed/succeeded", "failed/failed", "failed/dead_letter"} {
		if !ends[s] {
			t.Errorf("nothing leads to %s", s)
		}
	}
}

func TestDuration(t *testing.T) {
	for want, d := range map[string]string{"15 s": "15s", "1 minute": "1m", "20 minutes": "20m", "6 hours": "6h", "24 hours": "24h", "7 days": "168h", "75 s": "75s", "1.5s": "1.5s"} {
		parsed, err := time.ParseDuration(d)
		if got := duration(parsed); err != nil || got != want {
			t.Errorf("%s is %q, want %q", d, got, want)
		}
	}
}
