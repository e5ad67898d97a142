package memblob_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/blob/blobtest"
	"github.com/videovector/exports/internal/blob/blobtest/memblob"
	"github.com/videovector/exports/internal/fault"
)

func TestConformance(t *testing.T) {
	blobtest.Run(t, func(*testing.T) blobtest.Bench {
		b := memblob.New(memblob.Config{MinPartBytes: blob.MinPartBytes})
		return blobtest.Bench{Bucket: b, Client: &http.Client{Transport: b}}
	})
}

func TestFaults(t *testing.T) {
	for _, c := range []struct {
		name string
		hook memblob.Hook
		want []string // what the three writes leave behind
		fail int      // the write that reports failure
	}{
		{"none", nil, []string{"a", "b", "c"}, 0},
		{"before", memblob.FailBefore(memblob.Put, 2), []string{"a", "c"}, 2},
		{"after", memblob.FailAfter(memblob.Put, 2), []string{"a", "b", "c"}, 2},
		{"any call", memblob.FailBefore(memblob.Any, 3), []string{"a", "b"}, 3},
		{"another method", memblob.FailBefore(memblob.Head, 1), []string{"a", "b", "c"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := memblob.New(memblob.Config{})
			b.Reset(c.hook)
			for i, key := range []string{"a", "b", "c"} {
				_, err := b.Put(t.Context(), key, nil, blob.PutOptions{})
				if want := i+1 == c.fail; errors.Is(err, memblob.ErrInjected) != want {
					t.Errorf("write %d: %v", i+1, err)
				}
			}
			if diff := cmp.Diff(c.want, b.Keys()); diff != "" {
				t.Errorf("keys (-want +got):\n%s", diff)
			}
		})
	}
}

// TestFaultAfterFailure holds that a call which fails by itself reports its own failure.
func TestFaultAfterFailure(t *testing.T) {
	b := memblob.New(memblob.Config{})
	b.Reset(memblob.FailAfter(memblob.Any, 1))
	if _, err := b.Head(t.Context(), "absent"); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
	want := []memblob.Call{{Method: memblob.Head, Key: "absent", N: 1, Total: 1}}
	if diff := cmp.Diff(want, b.Calls()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}
