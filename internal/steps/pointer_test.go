package steps_test

import (
	"encoding/json"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/export"
)

const latestKey = "base/team/latest.json"

// pointTo lets latest.json name another export of the index, which was created so long after the scenario's.
func pointTo(after time.Duration) func(*world) {
	return func(w *world) {
		text, err := json.Marshal(connector.Latest{
			Kind: "videovector.latest", SchemaVersion: "1.0", ExportID: "exp_0", TargetID: delivered.TargetID, AsOf: time.Now().UTC().Add(after),
		})
		if err != nil {
			w.t.Fatal(err)
		}
		w.customer.place(latestKey, text)
	}
}

// checkLatest: an automation's delivery is named by latest.json beside it, unless that names a later one; no other
// export's is. It puts latest.json among what is wanted at the destination.
func (w *world) checkLatest(e export.Export, want map[string][]byte) {
	w.t.Helper()
	uri := ""
	if e.Origin == export.OriginAutomation {
		uri = "s3://customer/" + latestKey
		want[latestKey] = w.customer.holds()[latestKey]
	}
	if e.Receipt.LatestURI != uri {
		w.t.Errorf("the receipt names the pointer %q, want %q", e.Receipt.LatestURI, uri)
	}
	if uri == "" {
		return
	}
	var l connector.Latest
	if err := json.Unmarshal(want[latestKey], &l); err != nil {
		w.t.Fatalf("latest.json: %v in %q", err, want[latestKey])
	}
	if l.ExportID == "exp_0" && l.AsOf.After(e.AsOf()) {
		return
	}
	file := func(name string) connector.LatestFile {
		content := want["base/team/"+name]
		return connector.LatestFile{Name: name, URI: "s3://customer/base/team/" + name, Bytes: int64(len(content)), SHA256: hexSum(content)}
	}
	named := connector.Latest{
		Kind: "videovector.latest", SchemaVersion: "1.0", ExportID: e.ID, TargetID: e.Request.TargetID, AsOf: e.AsOf(),
		Manifest: file("exp_1.manifest.json"), Files: []connector.LatestFile{file("exp_1.json")},
	}
	if diff := cmp.Diff(named, l); diff != "" {
		w.t.Errorf("latest.json (-want +got):\n%s", diff)
	}
}

// TestLatestFollowsTheFiles: whenever latest.json names an export, everything that it names stands there already.
func TestLatestFollowsTheFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, e := play(t, scenario{request: delivered, origin: export.OriginAutomation})
		w.checkEnd(e)
		var writes []string
		for _, c := range w.made() {
			if c.name == "target.Create "+latestKey || c.name == "target.Create base/team/exp_1.json" || c.name == "target.Create base/team/exp_1.manifest.json" {
				writes = append(writes, c.name)
			}
		}
		if want := []string{"target.Create base/team/exp_1.json", "target.Create base/team/exp_1.manifest.json", "target.Create " + latestKey}; !slices.Equal(writes, want) {
			t.Errorf("written in the order %v", writes)
		}
	})
}

// TestAnOlderExportIsDeliveredLast: latest.json goes on naming the younger one, and the older one is completed.
func TestAnOlderExportIsDeliveredLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, e := play(t, scenario{request: delivered, origin: export.OriginAutomation, prepare: pointTo(time.Minute)})
		w.checkEnd(e)
		var l connector.Latest
		if err := json.Unmarshal(w.customer.holds()[latestKey], &l); err != nil || l.ExportID != "exp_0" {
			t.Errorf("latest.json names %s, %v", l.ExportID, err)
		}
	})
}

// TestSomebodysLatest: an object at the pointer's key that is none of ours is left as it is, and the export says so.
func TestSomebodysLatest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, e := play(t, scenario{request: delivered, origin: export.OriginAutomation, fails: true, prepare: func(w *world) {
			w.customer.place(latestKey, []byte("{}\n"))
		}})
		w.checkEnd(e)
		if got := string(w.customer.holds()[latestKey]); got != "{}\n" || e.QueueStatus != export.QueueFailed {
			t.Errorf("latest.json holds %q, the export is %s: %s", got, e.QueueStatus, e.ErrorMessage)
		}
	})
}
