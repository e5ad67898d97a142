package asl

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
)

// bounded is a journal that fails after so many events: a machine may well go round in circles.
type bounded struct {
	*MemoryJournal
	left int
}

var errUsedUp = errors.New("the journal is used up")

// Append implements Journal; the engine calls it one event at a time.
func (b *bounded) Append(name string, e Event) error {
	if b.left--; b.left < 0 && !e.ended() {
		return errUsedUp
	}
	return b.MemoryJournal.Append(name, e)
}

// anyFunction answers every function from one script.
type anyFunction struct{ script }

func (a *anyFunction) Invoke(ctx context.Context, _ string, payload []byte) (Reply, error) {
	return a.script.Invoke(ctx, "f", payload)
}

// FuzzRun loads whatever comes, and runs what was loaded, over functions that answer line by line: nothing panics, and
// every execution ends, in the virtual time that its waits ask for.
func FuzzRun(f *testing.F) {
	for _, theme := range []map[string]run{pathRuns, choiceRuns, intrinsicRuns, partRuns, failureRuns} {
		for _, r := range theme {
			f.Add(r.definition, cmp.Or(r.input, "{}"), strings.Join(r.plan["f"], "\n"))
		}
	}
	f.Fuzz(func(t *testing.T, definition, input, answers string) {
		m, err := Load([]byte(definition))
		if err != nil {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			journal := &bounded{NewMemoryJournal(), 300}
			e := NewEngine(Config{
				Machine: m, Journal: journal, Log: slog.New(slog.DiscardHandler),
				Functions: &anyFunction{script{plan: map[string][]string{"f": strings.Split(answers, "\n")}}},
				Objects:   &shelf{objects: map[string][]byte{"bucket/items": []byte(input)}},
			})
			defer e.Close()
			if e.Start(t.Context(), "x", json.RawMessage(input)) != nil {
				return
			}
			e.Wait()
			d, err := e.Describe("x")
			if err != nil || (d.Status == "SUCCEEDED") != json.Valid(d.Output) {
				t.Errorf("ended %s %q with %s, %v", d.Status, d.Error, d.Output, err)
			}
			if d.Status == "RUNNING" && journal.left >= 0 {
				t.Errorf("it has not ended, and its journal has room for %d more events", journal.left)
			}
		})
	})
}
