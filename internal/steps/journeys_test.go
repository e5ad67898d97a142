package steps_test

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/sqlitestore"
)

// journey is a scenario and where it leads.
type journey struct {
	scenario
	paths []string // of the executions, generation by generation; "" for one that never began
	want  outcome
}

// outcome is what the record says in the end.
type outcome struct {
	status  export.Status
	queue   export.QueueStatus
	claims  int
	current int    // generation
	message string // error_message
	last    string // last_error
}

const (
	download   = "Plan ChooseLayout Package Assemble Presign ChooseDestination Finish Completed"
	connect    = "Plan ChooseLayout Package Assemble Presign ChooseDestination Deliver Finish Completed"
	shards     = "Plan ChooseLayout PackageShards PackageShard Assemble Presign ChooseDestination Finish Completed"
	again      = "Plan ChooseLayout PackageShards PackageShard Assemble PackageShards PackageShard Assemble Presign ChooseDestination Finish Completed"
	planFails  = "Plan Fail Failed"
	packFails  = "Plan ChooseLayout Package Fail Failed"
	shardFails = "Plan ChooseLayout PackageShards PackageShard Assemble Fail Failed"
	redeliver  = "Plan ChooseLayout Assemble Presign ChooseDestination Deliver Finish Completed" // of what is packaged
	deliFails  = "Plan ChooseLayout Package Assemble Presign ChooseDestination Deliver Fail Failed"

	redeliFails = "Plan ChooseLayout Assemble Presign ChooseDestination Deliver Fail Failed"
)

var atOnce = outcome{export.StatusCompleted, export.QueueSucceeded, 1, 1, "", ""}

// forGood is the outcome of a failure that no repetition mends.
func forGood(message string) outcome {
	return outcome{export.StatusFailed, export.QueueFailed, 1, 1, message, message}
}

// inVain is the outcome of three attempts that met the same trouble.
func inVain(message string) outcome {
	return outcome{export.StatusFailed, export.QueueDeadLetter, 3, 3, message, message}
}

// later is the outcome of an attempt that met trouble, and one that didn't.
func later(trouble string) outcome {
	return outcome{export.StatusCompleted, export.QueueSucceeded, 2, 2, "", trouble}
}

func TestJourneys(t *testing.T) {
	for name, j := range merge(smoothJourneys(), brokenInputJourneys(), destinationJourneys(), troubledJourneys()) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { travel(t, j) })
		})
	}
}

// travel makes a journey and compares.
func travel(t *testing.T, j journey) {
	t.Helper()
	j.fails, j.attempts = j.want.status == export.StatusFailed, j.want.claims
	w, e := play(t, j.scenario)
	w.checkEnd(e)
	got := outcome{e.Status, e.QueueStatus, e.Attempts, e.Generation, e.ErrorMessage, e.LastError}
	if diff := cmp.Diff(j.want, got, cmp.AllowUnexported(outcome{})); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	for i, want := range j.paths {
		if want == "" {
			continue
		}
		if got := strings.Join(w.path(i+1), " "); got != want {
			t.Errorf("generation %d went through\n%s, want\n%s", i+1, got, want)
		}
	}
}

// TestJourneysOverSQLite makes the smooth journeys over the records of the local service.
func TestJourneysOverSQLite(t *testing.T) {
	for name, j := range smoothJourneys() {
		t.Run(name, func(t *testing.T) {
			j.keep = func(t *testing.T) store.Store {
				t.Helper()
				s, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "records.db"))
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					if err := s.Close(); err != nil {
						t.Errorf("closing the records: %v", err)
					}
				})
				return s
			}
			synctest.Test(t, func(t *testing.T) { travel(t, j) })
		})
	}
}

func merge(all ...map[string]journey) map[string]journey {
	merged := map[string]journey{}
	for _, some := range all {
		for name, j := range some {
			merged[name] = j
		}
	}
	return merged
}

// smoothJourneys meet no trouble.
func smoothJourneys() map[string]journey {
	return map[string]journey{
		"an index":                   {scenario{request: wholeIndex}, []string{download}, atOnce},
		"one run":                    {scenario{request: oneRun}, []string{download}, atOnce},
		"matches":                    {scenario{request: matches}, []string{download}, atOnce},
		"to a connector":             {scenario{request: delivered}, []string{connect}, atOnce},
		"shards":                     {scenario{request: wholeIndex, sharded: true}, []string{shards}, atOnce},
		"an irregular shard":         {scenario{request: wholeIndex, sharded: true, archive: irregular(1, 0)}, []string{again}, atOnce},
		"an irregular tail":          {scenario{request: wholeIndex, sharded: true, archive: irregular(0, 1)}, []string{again}, atOnce},
		"matches of shards":          {scenario{request: matches, sharded: true}, []string{again}, atOnce},
		"irregular input of one run": {scenario{request: oneRun, archive: irregular(0, 1)}, []string{download}, atOnce},
		"the start was lost": {scenario{request: wholeIndex, unstarted: true}, []string{"", download},
			outcome{export.StatusCompleted, export.QueueSucceeded, 1, 2, "", ""}},
	}
}
