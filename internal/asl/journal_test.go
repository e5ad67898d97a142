package asl

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestJournals holds both journals to the contract.
func TestJournals(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) Journal{
		"memory": func(*testing.T) Journal { return NewMemoryJournal() },
		"file":   func(t *testing.T) Journal { return opened(t, t.TempDir()) },
	} {
		t.Run(name, func(t *testing.T) { testJournal(t, open(t)) })
	}
}

func testJournal(t *testing.T, j Journal) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	first := Event{Time: at, Type: executionStarted, Input: json.RawMessage(`{"a":"é\n"}`)}
	second := Event{Time: at, Type: retryScheduled, State: "S", Error: "E", Cause: "c\nd", Retries: []int{1, 0}, Inner: true}
	last := Event{Time: at, Type: executionFailed, Error: "E"}

	if _, err := j.Events("x"); !errors.Is(err, ErrNoExecution) {
		t.Errorf("events of nobody: %v", err)
	}
	if err := j.Append("x", second); !errors.Is(err, ErrNoExecution) {
		t.Errorf("an event of nobody: %v", err)
	}
	if err := j.Settle("x"); !errors.Is(err, ErrNoExecution) {
		t.Errorf("nobody was settled: %v", err)
	}
	must(t, j.Create("x", first))
	must(t, j.Create("y", first))
	must(t, j.Append("x", second))
	must(t, j.Append("x", last))
	wantEvents(t, j, "x", first, second, last)
	wantOpen(t, j, "x", "y") // also x, whose end nobody has heard of
	must(t, j.Settle("x"))
	must(t, j.Settle("x"))
	wantOpen(t, j, "y")
	wantEvents(t, j, "x", first, second, last)
	for _, name := range []string{"x", "y"} {
		if err := j.Create(name, first); !errors.Is(err, ErrExecutionExists) {
			t.Errorf("%s was created twice: %v", name, err)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantEvents(t *testing.T, j Journal, name string, want ...Event) {
	t.Helper()
	got, err := j.Events(name)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("history of %s: %v\n%s", name, err, diff)
	}
}

func wantOpen(t *testing.T, j Journal, want ...string) {
	t.Helper()
	got, err := j.Unfinished()
	slices.Sort(got)
	if !slices.Equal(got, want) || err != nil {
		t.Errorf("open: %v, %v, want %v", got, err, want)
	}
}

// TestJournalOfManyAtOnce: a name is created once, and no event is lost.
func TestJournalOfManyAtOnce(t *testing.T) {
	j := opened(t, t.TempDir())
	var wg sync.WaitGroup
	created := make(chan error, 8)
	for range 8 {
		wg.Go(func() { created <- j.Create("x", Event{Type: executionStarted}) })
	}
	wg.Wait()
	close(created)
	ok := 0
	for err := range created {
		if err == nil {
			ok++
		}
	}
	for i := range 50 {
		wg.Go(func() {
			if err := j.Append("x", Event{Type: stateEntered, State: fmt.Sprint(i)}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	events, err := j.Events("x")
	if ok != 1 || len(events) != 51 || err != nil {
		t.Errorf("created %d times, %d events, %v", ok, len(events), err)
	}
}

// FuzzJournal: what is read of a history's file is the events of its whole lines, from the first one on, and written again
// they are read as the same, whatever half a line comes behind.
func FuzzJournal(f *testing.F) {
	for _, text := range []string{
		`{"time":"2026-05-01T12:00:00Z","type":"ExecutionStarted","input":{"a": [1]}}` + "\n", "{}\n{\"retries\":[1]}\n{\"ty", "{}\n\n", "null\n", "{}", "", "{}\r\n", "{}{}\n", `{"cause":"` + "\n",
	} {
		f.Add([]byte(text), []byte(`{"type":`))
	}
	f.Fuzz(func(t *testing.T, raw, half []byte) {
		events, whole, err := parseLines(raw)
		if err != nil {
			return
		}
		if whole < 1 || raw[whole-1] != '\n' || bytes.Contains(raw[whole:], []byte{'\n'}) || bytes.Count(raw[:whole], []byte{'\n'}) != len(events) {
			t.Errorf("%q has %d events in %d bytes", raw, len(events), whole)
		}
		var text []byte
		for _, e := range events {
			line, err := json.Marshal(e)
			if err != nil {
				t.Fatalf("%q can't be written: %v", raw, err)
			}
			text = append(append(text, line...), '\n')
		}
		half, _, _ = bytes.Cut(half, []byte{'\n'})
		same, whole, err := parseLines(append(slices.Clone(text), half...))
		if err != nil || whole != len(text) {
			t.Fatalf("%q is written as %q: %v", raw, text, err)
		}
		for n := range same {
			if line, err := json.Marshal(same[n]); err != nil || !bytes.Contains(text, append(line, '\n')) {
				t.Errorf("%q is written as %q, which has no %q, %v", raw, text, line, err)
			}
		}
	})
}
