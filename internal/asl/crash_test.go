package asl

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

// filming is a journal that keeps a copy of its folder after every change: what a process that is killed there leaves.
type filming struct {
	*FileJournal
	t      *testing.T
	dir    string
	mu     sync.Mutex
	copies []string
}

func (f *filming) Create(name string, first Event) error {
	return f.film(func() error { return f.FileJournal.Create(name, first) })
}

func (f *filming) Append(name string, e Event) error {
	return f.film(func() error { return f.FileJournal.Append(name, e) })
}

func (f *filming) Settle(name string) error {
	return f.film(func() error { return f.FileJournal.Settle(name) })
}

func (f *filming) film(change func() error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := change(); err != nil {
		return err
	}
	to := f.t.TempDir()
	f.copies = append(f.copies, to)
	return os.CopyFS(to, os.DirFS(f.dir))
}

func film(t *testing.T) *filming {
	t.Helper()
	dir := t.TempDir()
	return &filming{FileJournal: opened(t, dir), t: t, dir: dir}
}

func opened(t *testing.T, dir string) *FileJournal {
	t.Helper()
	j, err := NewFileJournal(dir)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// ends counts what OnEnd hears.
type ends struct {
	mu    sync.Mutex
	heard []Execution
}

func (e *ends) hear(x Execution) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = append(e.heard, x)
}

// outer is the path without what is inside of Map states: a part that was cut off runs again.
func outer(t *testing.T, e *Engine) (path []string) {
	t.Helper()
	events, err := e.History("x")
	if err != nil {
		t.Fatal(err)
	}
	for _, ev := range events {
		if ev.Type == stateEntered && !ev.Inner {
			path = append(path, ev.State)
		}
	}
	return path
}

// cutLast cuts the last line of the open history somewhere, if it is not the only one, and reports whether it did.
func cutLast(t *testing.T, dir string, random *rand.Rand) bool {
	t.Helper()
	file := filepath.Join(dir, "open", "x"+journalSuffix)
	raw, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) || bytes.Count(raw, []byte{'\n'}) < 2 {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	last := bytes.LastIndexByte(raw[:len(raw)-1], '\n') + 1
	if err := os.Truncate(file, int64(last+random.IntN(len(raw)-last))); err != nil {
		t.Fatal(err)
	}
	return true
}

// crashRuns are the executions that are stopped everywhere. What functions answer depends on nothing but their input, so
// that a call that is made again is answered alike.
func crashRuns() map[string]map[string][]string {
	return map[string]map[string][]string{
		"delivered":      {"plan": {planDeliver}},
		"sharded":        {"plan": {planSharded}, "package": {`{"shard":0}`}},
		"a shard fails":  {"plan": {planSharded}, "package": {"!Export.Permanent"}},
		"no end of woes": {"plan": {planSingle}, "package": {"!Export.Unavailable"}},
		"superseded":     {"plan": {planSingle}, "package": {"!Export.Superseded"}},
	}
}

// TestCrashAfterEveryEvent stops executions after each change of the journal, and within the last line, and lets
// another engine take them up: they end alike, their names stay taken, and their ends are heard.
func TestCrashAfterEveryEvent(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for name, plan := range crashRuns() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				journal := film(t)
				whole := runCrashing(t, plan, journal, &ends{})
				want, err := whole.Describe("x")
				if err != nil {
					t.Fatal(err)
				}
				for i, dir := range journal.copies {
					at := fmt.Sprintf("after change %d of %d", i+1, len(journal.copies))
					second := t.TempDir()
					if err := os.CopyFS(second, os.DirFS(dir)); err != nil {
						t.Fatal(err)
					}
					resumeCopy(t, at, plan, dir, want, outer(t, whole))
					if cutLast(t, second, random) {
						resumeCopy(t, at+", cut", plan, second, want, outer(t, whole))
					}
				}
			})
		})
	}
}

func crashEngine(t *testing.T, plan map[string][]string, j Journal, heard *ends) (*Engine, *script) {
	t.Helper()
	f := &script{plan: clone(plan)}
	return NewEngine(Config{
		Machine: shipped(t), ARN: "arn:machine", Functions: f, Journal: j, OnEnd: heard.hear,
		Objects: &shelf{objects: map[string][]byte{"bucket/s": []byte(`[{"shard":0},{"shard":1}]`)}},
	}), f
}

func runCrashing(t *testing.T, plan map[string][]string, j Journal, heard *ends) *Engine {
	t.Helper()
	e, _ := crashEngine(t, plan, j, heard)
	if err := e.Start(t.Context(), "x", json.RawMessage(input)); err != nil {
		t.Fatal(err)
	}
	e.Wait()
	return e
}

// resumeCopy takes up what a folder holds, and does it again once that has ended.
func resumeCopy(t *testing.T, at string, plan map[string][]string, dir string, want Execution, path []string) {
	t.Helper()
	unsettled, err := opened(t, dir).Unfinished()
	if err != nil {
		t.Fatal(err)
	}
	heard := &ends{}
	e, _ := crashEngine(t, plan, opened(t, dir), heard)
	defer e.Close()
	if _, err := e.Resume(t.Context()); err != nil {
		t.Fatalf("%s: %v", at, err)
	}
	e.Wait()
	got, err := e.Describe("x")
	if err != nil || got.Status != want.Status || got.Error != want.Error || string(got.Output) != string(want.Output) || !got.Started.Equal(want.Started) {
		t.Errorf("%s: ended %s %s %s, want %s %s %s; %v", at, got.Status, got.Error, got.Output, want.Status, want.Error, want.Output, err)
	}
	if diff := cmp.Diff(path, outer(t, e)); diff != "" {
		t.Errorf("%s: path (-want +got):\n%s", at, diff)
	}
	if len(heard.heard) != len(unsettled) {
		t.Errorf("%s: its end was heard %d times, want %d", at, len(heard.heard), len(unsettled))
	}
	if err := e.Start(t.Context(), "x", json.RawMessage(input)); !errors.Is(err, ErrExecutionExists) {
		t.Errorf("%s: its name is free: %v", at, err)
	}
	if n, err := e.Resume(t.Context()); n != 0 || err != nil || len(heard.heard) != len(unsettled) {
		t.Errorf("%s: an ended execution was resumed: %d, %v", at, n, err)
	}
}

// TestRetriesLeftAfterACrash: what was retried before the end of a process counts after it.
func TestRetriesLeftAfterACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := crashRuns()["no end of woes"]
		journal := film(t)
		runCrashing(t, plan, journal, &ends{}).Close()
		counts := map[int]bool{}
		for _, dir := range journal.copies {
			j := opened(t, dir)
			events, err := j.Events("x")
			if err != nil {
				t.Fatal(err)
			}
			last := events[len(events)-1]
			if last.State != "Package" {
				continue
			}
			spent := sum(last.Retries)
			counts[spent] = true
			e, f := crashEngine(t, plan, j, &ends{})
			if _, err := e.Resume(t.Context()); err != nil {
				t.Fatal(err)
			}
			e.Wait()
			e.Close()
			calls := len(slices.DeleteFunc(f.calls, func(name string) bool { return name != "package" }))
			if want := 5 - spent; calls != want {
				t.Errorf("after %d retries: %d more calls, want %d", spent, calls, want)
			}
		}
		if len(counts) != 5 {
			t.Errorf("stopped after %v retries, want 0 to 4", counts)
		}
	})
}
