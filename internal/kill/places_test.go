package kill

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// place is a failpoint, and what a schedule must hold to reach it.
type place struct {
	name   string
	window string // what has just happened, for people
	in     string // the function that passes it; "" is the local service itself
	needs  need
	most   int // passages that every such export has
}

// need changes a schedule so that it reaches a place.
type need func(*schedule)

// Needs.
var (
	anything need = func(*schedule) {}
	parts    need = func(s *schedule) {
		s.from, s.formats, s.compression = oneLarge, pick(s.rng, []string{"json"}, []string{"ndjson"}, []string{"json", "csv"}), ""
	}
	oneTask    need = func(s *schedule) { s.from = pick(s.rng, archive, archiveRuns, oneRun, oneLarge) }
	sharded    need = func(s *schedule) { s.from = manyLarge }
	plainShard need = func(s *schedule) {
		s.from, s.formats, s.compression = manyLarge, pick(s.rng, []string{"json"}, []string{"ndjson", "csv"}), ""
	}
	tableShard  need = func(s *schedule) { s.from, s.formats, s.compression = wideShards, []string{"csv"}, "" }
	delivered   need = func(s *schedule) { s.to = pick(s.rng, toS3, toGCS, toAzure) }
	interrupted need = func(s *schedule) {
		parts(s)
		delivered(s)
		s.kind = pick(s.rng, ordinary, cancelledLate)
	}
	automatic  need = func(s *schedule) { s.kind, s.to = automation, pick(s.rng, toS3, toGCS, toAzure) }
	refused    need = func(s *schedule) { s.kind, s.to = doomed, toS3 }
	controlled need = func(s *schedule) {
		s.kind, s.from = pick(s.rng, cancelled, cancelledAndRetried, cancelledLate), oneLarge
	}
	dropped   need = func(s *schedule) { s.kind, s.from = pick(s.rng, cancelled, cancelledLate), oneLarge }
	deleted   need = func(s *schedule) { s.kind = removed }
	lostStart need = func(s *schedule) { s.before = "create.accepted" }
)

// places are the failpoints of the code, by the way of an export.
var places = []place{
	{"create.accepting", "checked; nothing is written", "create-export", anything, 1},
	{"create.accepted", "the transaction is done; no execution, no 202", "create-export", anything, 1},
	{"create.started", "the execution is started; no 202", "create-export", anything, 1},
	{"execution.journaled", "the start of the execution is noted; it doesn't run", "", anything, 1},
	{"execution.answered", "a function has answered; the journal doesn't know", "", anything, 5},
	{"execution.ended", "the journal has the end of the execution; nobody was told", "", anything, 1},
	{"plan.claiming", "the record is read; no claim", "plan", anything, 1},
	{"plan.claimed", "the claim is written; no plan", "plan", anything, 1},
	{"plan.frozen", "the plan is written; no uploads", "plan", anything, 1},
	{"plan.opening", "uploads are open; nobody knows their ids", "plan", anything, 1},
	{"plan.opened", "the uploads' ids are written", "plan", anything, 1},
	{"plan.planned", "the record tells of the plan; no reply", "plan", anything, 1},
	{"package.part", "between two parts", "package", parts, 2},
	{"package.packed", "all parts are there; no report", "package", oneTask, 1},
	{"package.reported", "the report is there; no reply", "package", anything, 1},
	{"shard.opened", "a shard has an upload of its own; no part", "package", tableShard, 2},
	{"shard.completed", "a shard's own file is there; no report", "package", tableShard, 2},
	{"shard.packed", "a shard's parts are there; no report", "package", sharded, 3},
	{"assemble.completing", "everything is gathered; the upload is open", "assemble", oneTask, 1},
	{"assemble.completed", "the file is there; no manifest", "assemble", oneTask, 1},
	{"assemble.digested", "the joined file is read back; its digest is not noted", "assemble", plainShard, 1},
	{"assemble.committing", "every file is there; no manifest", "assemble", anything, 1},
	{"assemble.committed", "the manifest is there; the record doesn't tell", "assemble", anything, 1},
	{"assemble.cleared", "no upload is open; the record doesn't tell", "assemble", anything, 1},
	{"assemble.recorded", "the record tells of the files; no reply", "assemble", anything, 1},
	{"presign.linking", "the link is made; the record lacks it", "presign", anything, 1},
	{"presign.linked", "the record has the link; no reply", "presign", anything, 1},
	{"deliver.creating", "the destination was looked at; nothing is written", "deliver", delivered, 2},
	{"deliver.part", "before a part of a file is sent to the destination", "deliver", interrupted, 2},
	{"deliver.created", "a file stands at the destination; it is not read back", "deliver", delivered, 2},
	{"deliver.delivered", "files and manifest stand at the destination; no receipt", "deliver", delivered, 1},
	{"latest.writing", "latest.json is to be written", "deliver", automatic, 1},
	{"latest.written", "latest.json names the delivery; no receipt", "deliver", automatic, 1},
	{"deliver.pointed", "everything is delivered; the receipt is not written", "deliver", delivered, 1},
	{"deliver.receipted", "the record has the receipt; no reply", "deliver", delivered, 1},
	{"finish.ending", "everything is done; the record is open", "finish", anything, 1},
	{"finish.ended", "end and event mark are written; no reply", "finish", anything, 1},
	{"fail.ending", "the failure is caught; the record is open", "fail", refused, 1},
	{"fail.ended", "the failed end is written; uploads are open", "fail", refused, 1},
	{"pipe.handled", "the function has the change; the pipe has not forgotten it", "", anything, 1},
	{"event.publishing", "the end is heard of; no delivery of its event is written", "send-events", anything, 1},
	{"event.published", "the delivery is written; it is not sent", "send-events", anything, 1},
	{"event.sending", "the attempt is noted; nothing is sent", "send-events", anything, 1},
	{"event.sent", "the event is sent; nobody knows how that went", "send-events", anything, 1},
	{"event.noted", "the event's outcome is written; no reply", "send-events", anything, 1},
	{"control.writing", "the cancel or retry is checked; nothing is written", "control-export", controlled, 2},
	{"control.written", "it is written; nothing has followed", "control-export", controlled, 2},
	{"control.followed", "uploads are dropped, or the execution started; no reply", "control-export", controlled, 2},
	{"delete.taking", "the export has ended; it is not deleted", "control-export", deleted, 1},
	{"delete.taken", "the record is deleted; every object stands", "control-export", deleted, 1},
	{"delete.purging", "manifests are gone; files stand", "control-export", deleted, 1},
	{"delete.purged", "every object is gone; no reply", "control-export", deleted, 1},
	{"sweep.moving", "a due export is found; nothing is written", "sweep", lostStart, 1},
	{"sweep.moved", "the next generation is written; no execution", "sweep", lostStart, 1},
	{"sweep.started", "the execution is started; no reply", "sweep", lostStart, 1},
	{"sweep.aborted", "a cancelled export's uploads are dropped; its record is still due", "sweep", dropped, 1},
	{"sweep.purged", "a deleted export's objects are gone; its record stands", "sweep", deleted, 1},
	{"automation.noted", "a finished run is noted; the change comes again", "run-automations", automatic, 1},
	{"automation.closed", "the window is over and has the export's id; no export", "run-automations", automatic, 1},
	{"automation.exported", "the window's export is made; the window is not over", "run-automations", automatic, 1},
}

var here = regexp.MustCompile(`failpoint\.Here\("([^"]*)"\)`)

// TestEveryPlaceIsKilledAt: the schedules take turns at these places, and each fails that doesn't reach its own; so every
// place that the code names must be one of them, and the reverse.
func TestEveryPlaceIsKilledAt(t *testing.T) {
	named := map[string]bool{}
	for _, root := range []string{"internal", "cmd", "functions", "client"} {
		err := filepath.WalkDir(filepath.Join("..", "..", root), func(path string, d os.DirEntry, err error) error {
			if err == nil && d.Name() == "testdata" {
				return filepath.SkipDir
			}
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, found := range here.FindAllStringSubmatch(string(text), -1) {
				if named[found[1]] {
					t.Errorf("%s: %s is two places", path, found[1])
				}
				named[found[1]] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range places {
		if !named[p.name] {
			t.Errorf("no code names %s", p.name)
		}
		delete(named, p.name)
	}
	for name := range named {
		t.Errorf("no schedule kills at %s", name)
	}
}
