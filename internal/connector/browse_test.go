package connector_test

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/connector/conntest/memconn"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

func pattern(t *testing.T, s string) connector.Pattern {
	t.Helper()
	p, err := connector.ParsePattern(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func keysOf(t *testing.T, files iter.Seq2[connector.File, error]) (keys []string) {
	t.Helper()
	for f, err := range files {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, f.Key)
	}
	return keys
}

func TestBrowse(t *testing.T) {
	bucket := memconn.New("bucket")
	for _, key := range []string{"b.mp4", "a.mp4", "videos/", "videos/2024/c.mp4", "videos/2024/d.MOV", "videos/e.mov", "videosx.mp4"} {
		bucket.Place(key, []byte("content"))
	}
	for name, c := range map[string]struct {
		prefix, pattern string
		recursive       bool
		limit           int
		want            []string
	}{
		"everything but markers": {"", "*", true, 100, []string{"a.mp4", "b.mp4", "videos/2024/c.mp4", "videos/2024/d.MOV", "videos/e.mov", "videosx.mp4"}},
		"one level":              {"", "*", false, 100, []string{"a.mp4", "b.mp4", "videosx.mp4"}},
		"a folder":               {"videos/", "*", false, 100, []string{"videos/e.mov"}},
		"a prefix is no folder":  {"videos", "*.mp4", true, 100, []string{"videos/2024/c.mp4", "videosx.mp4"}},
		"up to the limit":        {"", "*.mp4", true, 2, []string{"a.mp4", "b.mp4"}},
		"a whole path":           {"videos/", "videos/*.mov", true, 100, []string{"videos/e.mov"}},
		"nothing":                {"none/", "*", true, 100, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := keysOf(t, connector.Browse(t.Context(), memconn.Opener{Target: bucket}, store.Connector{}, connector.BrowseQuery{
				Prefix: c.prefix, Pattern: pattern(t, c.pattern), Recursive: c.recursive, Limit: c.limit,
			}))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}

// endless lists files for ever, each of which takes its time.
type endless struct {
	connector.Target
	each time.Duration
}

func (e endless) OpenTarget(context.Context, store.Connector) (connector.Target, error) {
	return e, nil
}

func (e endless) List(ctx context.Context, _ connector.ListQuery) iter.Seq2[connector.File, error] {
	return func(yield func(connector.File, error) bool) {
		for n := 0; ; n++ {
			select {
			case <-ctx.Done():
				yield(connector.File{}, ctx.Err())
				return
			case <-time.After(e.each):
			}
			if !yield(connector.File{Key: fmt.Sprintf("%09d", n)}, nil) {
				return
			}
		}
	}
}

func TestBrowseEndsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var last error
		for _, err := range connector.Browse(t.Context(), endless{each: time.Second}, store.Connector{}, connector.BrowseQuery{Pattern: pattern(t, "none"), Limit: 1}) {
			last = err
		}
		if f := fault.As(last); f.Kind != fault.Invalid || f.Code != "browse_too_long" || time.Since(began) > 21*time.Second {
			t.Errorf("%v after %s", last, time.Since(began))
		}
	})
}

// TestBrowseHoldsNothing goes through a hundred thousand files in little memory.
func TestBrowseHoldsNothing(t *testing.T) {
	var most, base runtime.MemStats
	runtime.ReadMemStats(&base)
	files := connector.Browse(t.Context(), many{files: 100_000}, store.Connector{}, connector.BrowseQuery{Pattern: pattern(t, "*9999"), Recursive: true, Limit: 1000})
	got := len(keysOf(t, files))
	runtime.ReadMemStats(&most)
	if got != 10 || most.Sys > base.Sys+32<<20 {
		t.Errorf("%d files, %d MB more", got, (most.Sys-base.Sys)>>20)
	}
}

// many is a bucket of so many files.
type many struct {
	connector.Target
	files int
}

func (m many) OpenTarget(context.Context, store.Connector) (connector.Target, error) { return m, nil }

func (m many) List(context.Context, connector.ListQuery) iter.Seq2[connector.File, error] {
	return func(yield func(connector.File, error) bool) {
		for n := range m.files {
			if !yield(connector.File{Key: fmt.Sprintf("folder/%09d", n)}, nil) {
				return
			}
		}
	}
}

// TestBrowseOfNothing: a bucket that isn't there is the connector's failure, not its absence.
func TestBrowseOfNothing(t *testing.T) {
	bucket := memconn.New("bucket")
	bucket.SetHook(of("List", fault.New(fault.NotFound, "destination_missing", "There is no such bucket."), nil))
	for _, err := range connector.Browse(t.Context(), memconn.Opener{Target: bucket}, store.Connector{}, connector.BrowseQuery{Pattern: pattern(t, "*"), Limit: 1}) {
		if f := fault.As(err); f.Kind != fault.Invalid || f.Code != "destination_missing" || f.Message != "There is no such bucket." {
			t.Errorf("%v", err)
		}
	}
}

// TestBrowseFails with the store's own failure, after the files that came before it.
func TestBrowseFails(t *testing.T) {
	denied := invalid("It may not.")
	bucket := memconn.New("bucket")
	bucket.SetHook(of("List", denied, nil))
	for _, o := range []connector.Opener{memconn.Opener{Target: bucket}, unopened{denied}} {
		var got []error
		for _, err := range connector.Browse(t.Context(), o, store.Connector{}, connector.BrowseQuery{Pattern: pattern(t, "*"), Limit: 1}) {
			got = append(got, err)
		}
		if !slices.Equal(got, []error{denied}) {
			t.Errorf("failures %v", got)
		}
	}
}
