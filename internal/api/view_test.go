package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/export"
)

var born = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// life is a random export at a random moment of its life, reached by the domain's own transitions.
func life(r *rand.Rand) (export.Export, time.Time) {
	request := export.Request{Type: export.TypePromptRun, TargetID: "run_1", Scope: export.ScopeAll}
	if r.IntN(2) == 0 {
		request = export.Request{Type: export.TypeIndex, TargetID: "idx", RunIDs: []string{"run_1", "run_2"}[:r.IntN(3)], Scope: export.ScopeMatches}
	}
	if r.IntN(2) == 0 {
		request.Destination = &export.Destination{
			ConnectorID: "conn", BasePath: []string{"", "base"}[r.IntN(2)], Subpath: []string{"", "a/b"}[r.IntN(2)],
		}
	}
	now := born
	e := export.New("exp_1", "acct", []string{"", "user"}[r.IntN(2)], request, now)
	for range r.IntN(12) {
		now = now.Add(time.Duration(r.Int64N(int64(48 * time.Hour))))
		switch {
		case e.Open() && r.IntN(12) == 0:
			e = e.Cancel(now)
		case e.Open():
			e = step(r, e, now)
		case e.Status == export.StatusFailed && r.IntN(3) == 0:
			e = e.Retry(now)
		}
	}
	return e, now
}

// step is something that may happen next.
func step(r *rand.Rand, e export.Export, now time.Time) export.Export {
	if e.Status == export.StatusPending || e.Waiting() {
		if r.IntN(3) == 0 {
			next, _ := e.Overdue(now)
			return next
		}
		return e.Claim(now)
	}
	switch r.IntN(8) {
	case 0:
		return e.Fail(export.Failure{Message: "Something failed.", Permanent: r.IntN(2) == 0}, now)
	case 1:
		next, _ := e.Overdue(now)
		return next
	case 2:
		e = e.Enter(export.PhasePackaging, export.Lease, now)
		e.Progress.RecordsTotal, e.Progress.RecordsDone = 100, r.Int64N(150) // the plan may have counted less
		return e
	}
	switch {
	case e.Artifact == nil:
		return e.Packaged(export.Artifact{
			Bucket: "artifacts", Key: "artifacts/acct/exp_1/exp_1.json", Bytes: 42, SHA256: strings.Repeat("ab", 32), ManifestSHA256: strings.Repeat("cd", 32),
		}, now)
	case e.Link == nil:
		return e.Linked(export.Link{URL: "https://storage.example.com/", ExpiresAt: now.Add(time.Hour)}, now)
	case e.ToConnector() && e.Receipt == nil:
		return e.Delivered(export.Receipt{URI: "s3://customer/base/exp_1.json", SHA256: strings.Repeat("ab", 32), DeliveredAt: now}, now)
	}
	return e.Complete(now)
}

// TestViewKeepsTheRules: the rules that published clients enforce hold at every moment of every life.
func TestViewKeepsTheRules(t *testing.T) {
	reached := map[string]int{}
	for seed := range uint64(2000) {
		e, now := life(rand.New(rand.NewPCG(seed, 1)))
		raw, err := json.Marshal(view(e, now))
		if err != nil {
			t.Fatal(err)
		}
		var v map[string]any
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatal(err)
		}
		if broken := rules(v); len(broken) > 0 {
			t.Fatalf("seed %d breaks %s: %s", seed, broken, raw)
		}
		if v["outcome"] != nil {
			reached["cancelled "+v["destination_type"].(string)]++
		}
		reached[fmt.Sprintf("%v/%v %v", v["status"], v["queue_status"], v["destination_type"])]++
	}
	for _, want := range []string{
		"pending/queued", "processing/queued", "processing/leased", "processing/running", "completed/succeeded", "failed/failed", "failed/dead_letter", "cancelled",
	} {
		for _, destination := range []string{" download", " connector"} {
			if reached[want+destination] == 0 {
				t.Errorf("no life reached %s: %v", want+destination, reached)
			}
		}
	}
}

// rules names every rule that an export object breaks.
func rules(v map[string]any) (broken []string) {
	check := func(name string, ok bool) {
		if !ok {
			broken = append(broken, name)
		}
	}
	for _, name := range fieldNames {
		_, ok := v[name]
		check(name+" is there", ok)
	}
	for name, value := range v {
		check(name+" is not blank", value != "")
	}
	switch v["destination_type"] {
	case "download":
		check("a download has no connector", v["destination_connector_id"] == nil && v["destination_uri"] == nil)
	case "connector":
		check("a delivery has a connector and no download", v["destination_connector_id"] != nil && v["download_url"] == nil)
		check("destination_uri is gcs_uri", v["destination_uri"] == v["gcs_uri"])
	default:
		check("destination_type", false)
	}
	if v["download_url"] != nil {
		check("download_url", v["download_url"] == "/api/v2/exports/exp_1/download" && v["status"] == "completed" &&
			v["queue_status"] == "succeeded" && v["destination_type"] == "download" && v["gcs_uri"] != nil)
	}
	params, _ := v["export_params"].(map[string]any)
	for name, value := range params {
		check("export_params."+name, slices.Contains(paramNames, name) && (name == "prompt_run_ids" || cmp.Equal(value, v[name])))
	}
	receipt, _ := v["delivery_receipt"].(map[string]any)
	check("a receipt tells of the destination", (receipt == nil) == (v["destination_uri"] == nil) && (receipt == nil || cmp.Equal(receipt["uri"], v["destination_uri"])))
	check("cancelled is failed", v["outcome"] == nil || v["outcome"] == "cancelled" && v["status"] == "failed" && v["queue_status"] == "failed" && v["error_message"] == "cancelled")
	check("export_params is not empty", v["export_params"] == nil || len(params) > 0)
	percent := v["progress"].(map[string]any)["percent"].(float64)
	check("percent", percent >= 0 && percent <= 100 && (percent == 100) == (v["status"] == "completed"))
	check("only retrieving shows a link", v["presigned_url"] == nil && v["presigned_url_expires_at"] == nil)
	return broken
}

var (
	fieldNames = []string{
		"export_id", "target_id", "export_type", "status", "queue_status", "attempts", "max_attempts", "created_at", "available_at",
		"started_at", "completed_at", "updated_at", "download_url", "file_size_bytes", "error_message", "last_error", "destination_type",
		"destination_connector_id", "destination_base_path", "destination_subpath", "destination_uri", "gcs_uri", "export_params",
	}
	paramNames = []string{"prompt_run_ids", "destination_connector_id", "destination_base_path", "destination_subpath"}
)

// TestViewsFields pins the wire names: the clients' 23 and ours.
func TestViewsFields(t *testing.T) {
	raw, err := json.Marshal(view(export.New("exp_1", "acct", "user", export.Request{Type: export.TypeIndex, TargetID: "idx"}, born), born))
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	want := append(slices.Clone(fieldNames), "user_id", "result_scope", "presigned_url", "presigned_url_expires_at", "progress", "counts", "sha256", "manifest_sha256", "delivery_receipt", "expires_at", "expires_in", "formats", "compression", "files", "outcome", "origin")
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(v))); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}
