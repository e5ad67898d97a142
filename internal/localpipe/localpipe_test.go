package localpipe

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/changes"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/localgw"
	"github.com/videovector/exports/internal/store/sqlitestore"
)

// memory is a source that keeps its changes in a list.
type memory struct {
	mu    sync.Mutex
	items []changes.Item
	err   error // of the next call
}

func (m *memory) Changes(_ context.Context, _ []changes.Kind, limit int) ([]changes.Item, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	err := m.err
	m.err = nil
	return slices.Clone(m.items[:min(limit, len(m.items))]), err
}

func (m *memory) Forget(_ context.Context, ids []string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.items = slices.DeleteFunc(m.items, func(i changes.Item) bool { return slices.Contains(ids, i.ID) })
	return nil
}

// function answers batches, and says which of their items fail.
type function func(batch []changes.Item) (localgw.Reply, error)

func (f function) Invoke(_ context.Context, name string, payload []byte) (localgw.Reply, error) {
	var batch []changes.Item
	if err := json.Unmarshal(payload, &batch); err != nil || name != "handler" {
		return localgw.Reply{}, errors.New("not what was to be called")
	}
	return f(batch)
}

func answer(failed ...string) localgw.Reply {
	out := changes.Result{Failures: []changes.Failure{}}
	for _, id := range failed {
		out.Failures = append(out.Failures, changes.Failure{ID: id})
	}
	raw, err := json.Marshal(out)
	if err != nil {
		panic(err)
	}
	return localgw.Reply{Payload: raw}
}

// TestNothingIsLost: whatever fails comes again, after pauses that double, and what succeeds doesn't.
func TestNothingIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &memory{}
		for _, id := range []string{"a", "b", "c"} {
			source.items = append(source.items, changes.Item{ID: id, Kind: changes.KindExport})
		}
		begun := time.Now()
		var got []string
		calls := 0
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() {
			Run(ctx, Config{Source: source, Kind: changes.KindExport, Function: "handler", Log: slog.New(slog.DiscardHandler), Functions: function(func(batch []changes.Item) (localgw.Reply, error) {
				line := time.Since(begun).String()
				for _, i := range batch {
					line += " " + i.ID
				}
				got = append(got, line)
				switch calls++; calls {
				case 1:
					return localgw.Reply{}, errors.New("no room")
				case 2:
					return localgw.Reply{FunctionError: "Unhandled", Payload: []byte(`{}`)}, nil
				case 3:
					return localgw.Reply{Payload: []byte(`"?"`)}, nil
				case 4:
					return answer("b"), nil
				}
				return answer(), nil
			})})
		})
		time.Sleep(19900 * time.Millisecond)
		source.mu.Lock()
		source.items, source.err = []changes.Item{{ID: "d"}}, errors.New("the disk is full")
		source.mu.Unlock()
		time.Sleep(20 * time.Second)
		stop()
		running.Wait()
		want := []string{"0s a b c", "1s a b c", "3s a b c", "7s a b c", "15s b", "21s d"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("batches (-want +got):\n%s", diff)
		}
	})
}

// TestKilled: a pipe that dies between the handling and the forgetting tells the change again, once it lives again.
func TestKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records.db")
	told := 0
	for range 2 {
		s, err := sqlitestore.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if told == 0 {
			if err := s.PutRun(t.Context(), export.Run{ID: "run", AccountID: "acct", Status: export.RunCompleted}, nil); err != nil {
				t.Fatal(err)
			}
		}
		ctx, kill := context.WithCancel(t.Context())
		_, err = Move(ctx, Config{Source: s, Kind: changes.KindRun, Function: "handler", Functions: function(func([]changes.Item) (localgw.Reply, error) {
			if told++; told == 1 {
				kill()
			}
			return answer(), nil
		})})
		if (err != nil) != (told == 1) {
			t.Errorf("call %d: %v", told, err)
		}
		kill()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if told != 2 {
		t.Errorf("told %d times, want 2", told)
	}
}
