package samtest

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/asl/motojudge"
)

// ending is how an execution ends: states entered, each once, in the order of their first entry, and the error.
type ending struct {
	path  string
	error string
}

func (o outcome) ending() ending {
	var path []string
	for _, name := range o.Path {
		if !slices.Contains(path, name) {
			path = append(path, name)
		}
	}
	return ending{strings.Join(path, " "), o.Error}
}

// TestMapThatFails fails the Distributed Map of the shipped machine as a whole, over the compiled functions: by a list of
// shards that is none, where both engines take the same path with the same calls, and by children, where moto's Map
// tolerates what fails it by the language. Each execution has a world of its own, since one export can be taken to its end in shards.
func TestMapThatFails(t *testing.T) {
	judge, err := motojudge.Start(context.Background()) // it ends with the test binary
	if errors.Is(err, motojudge.ErrMissing) && os.Getenv("CI") != "true" {
		t.Skipf("no moto here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	child := func(thrown string) life {
		return life{export: sharded, atOnce: true, faults: map[string][]string{"Package": {thrown}}}
	}
	threshold := ending{"Plan ChooseLayout PackageShards PackageShard Fail Failed", "States.ExceedToleratedFailureThreshold"}
	for name, c := range map[string]struct {
		life   life
		alike  bool   // both make the same calls and leave the same export
		ours   ending // the language's
		theirs ending // moto's
	}{
		"the list of shards is none": {
			life: life{export: sharded, list: `{"shard":1}`}, alike: true,
			ours: ending{"Plan ChooseLayout PackageShards Fail Failed", "States.ItemReaderFailed"},
			// Caught and handed to Fail under its name. moto's Fail state refuses to end with a name of the language's own.
			theirs: ending{"Plan ChooseLayout PackageShards Fail Failed", "States.Runtime"},
		},
		"a child is superseded": {
			life: child("Export.Superseded"), ours: threshold,
			theirs: ending{"Plan ChooseLayout PackageShards PackageShard Assemble Fail Failed", "Export.Unavailable"},
		},
		"a child fails for good": {
			life: child("Export.Permanent"), ours: threshold,
			theirs: ending{"Plan ChooseLayout PackageShards PackageShard Assemble Fail Failed", "Export.Unavailable"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			ordered := c.life
			ordered.atOnce = false // the path's states are taken once each
			s := openStage(t)
			got := s.live(t, ordered, s.byUs)
			s = openStage(t) // makes the table anew
			judged := s.live(t, ordered, s.byMoto(judge))
			if diff := gocmp.Diff(c.ours, got.ending(), gocmp.AllowUnexported(ending{})); diff != "" {
				t.Errorf("ours (-want +got):\n%s", diff)
			}
			if diff := gocmp.Diff(c.theirs, judged.ending(), gocmp.AllowUnexported(ending{})); diff != "" {
				t.Errorf("moto's (-want +got):\n%s", diff)
			}
			if !c.alike {
				return
			}
			for what, pair := range map[string][2]any{"calls": {judged.Calls, got.Calls}, "the export": {judged.Record, got.Record}} {
				if diff := gocmp.Diff(pair[0], pair[1]); diff != "" {
					t.Errorf("%s (-moto +ours):\n%s", what, diff)
				}
			}
			if last := got.Calls[len(got.Calls)-1]; !strings.HasPrefix(last, "FailFunction ") || !strings.Contains(last, c.ours.error) {
				t.Errorf("the last call is %s, want one of Fail with %s", last, c.ours.error)
			}
		})
	}
}
