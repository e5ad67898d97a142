package steps_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

const (
	account     = "acct_1"
	exportID    = "exp_1"
	indexID     = "idx_1"
	connectorID = "conn_1"
)

var (
	wholeIndex = export.Request{Type: export.TypeIndex, TargetID: indexID, Scope: export.ScopeAll}
	matches    = export.Request{Type: export.TypeIndex, TargetID: indexID, Scope: export.ScopeMatches}
	oneRun     = export.Request{Type: export.TypePromptRun, TargetID: "run_b", Scope: export.ScopeAll}
	delivered  = export.Request{Type: export.TypeIndex, TargetID: indexID, Scope: export.ScopeAll, Destination: &export.Destination{
		ConnectorID: connectorID, BasePath: "base", Subpath: "team"}}
)

// withFormats is an export of everything as files of these formats.
func withFormats(formats ...export.Format) export.Request {
	r := wholeIndex
	r.Formats = formats
	return r
}

// packed is the request with its files compressed.
func packed(r export.Request) export.Request {
	r.Compression = export.Gzip
	return r
}

// everyFormat is every format that shards can make, compressed where there is a choice.
var everyFormat = export.Request{
	Type: export.TypeIndex, TargetID: indexID, Scope: export.ScopeAll,
	Formats: []export.Format{export.CSV, export.JSON, export.NDJSON, export.Parquet}, Compression: export.Gzip,
}

// withBadRecords is the archive with five lines that are no results, in three parts.
func withBadRecords() []run {
	runs := theArchive()
	runs[0].parts[1] += "[]\n"
	runs[0].parts[0] = "{\"result_type\":\"segment\"}\n" + runs[0].parts[0] + "nonsense\n"
	runs[1].parts[0] = strings.Replace(runs[1].parts[0], "}\n{", "}\n{\"result_id\":\"a\",\"result_id\":\"b\"}\n{\"result_id\":\"\xff\"}\n{", 1)
	return runs
}

// run is a run and its results, part by part.
type run struct {
	id     string
	age    time.Duration // since it was executed
	status export.RunStatus
	parts  []string
}

// theArchive is two finished runs, the older one listed last, one that isn't finished, and one that is executed only after
// the export was created.
func theArchive() []run {
	return []run{
		{"run_b", 1 * time.Hour, export.RunCompletedWithFailures, []string{lines("run_b", 1, 4), lines("run_b", 5, 5)}},
		{"run_a", 2 * time.Hour, export.RunCompleted, []string{lines("run_a", 1, 3), lines("run_a", 4, 9)}},
		{"run_c", 3 * time.Hour, export.RunProcessing, []string{lines("run_c", 1, 2)}},
		{"run_d", -time.Millisecond, export.RunCompleted, []string{lines("run_d", 1, 2)}},
	}
}

// lines are results first to last of a run; every third is a match.
func lines(run string, first, last int) string {
	var b strings.Builder
	for n := first; n <= last; n++ {
		fmt.Fprintf(&b, `{"result_type":"segment","result_id":"segment:seg_%d:%s","run_id":%q,"selected":%t,"metadata_text":%q}`+"\n",
			n, run, run, n%3 == 0, strings.Repeat("Straße ", n))
	}
	return b.String()
}

// fill brings the archive in.
func (w *world) fill() {
	w.t.Helper()
	if w.plan.archive == nil {
		w.plan.archive = theArchive()
	}
	for _, r := range w.plan.archive {
		w.load(r)
	}
	c := store.Connector{ID: connectorID, AccountID: account, Provider: "s3", Status: "active", Scopes: []string{"export"}, Bucket: "customer", Region: "eu-central-1"}
	if err := w.records.PutConnector(context.Background(), c); err != nil {
		w.t.Fatal(err)
	}
}

// load writes a run's results and describes them.
func (w *world) load(r run) {
	w.t.Helper()
	record := export.Run{
		ID: r.id, AccountID: account, IndexID: indexID, Status: r.status, PromptID: "prm_1", ExecutedAt: time.Now().Add(-r.age),
		Schema: json.RawMessage(`{"type":"object"}`), Parts: len(r.parts),
	}
	var parts []export.Part
	for i, content := range r.parts {
		sum := sha256.Sum256([]byte(content))
		p := export.Part{Number: i + 1, Key: partKey(r.id, i+1), Bytes: int64(len(content)), Rows: int64(len(results(content))), SHA256: hex.EncodeToString(sum[:])}
		parts, record.Rows, record.Bytes = append(parts, p), record.Rows+p.Rows, record.Bytes+p.Bytes
		w.put(p.Key, content)
	}
	if err := w.records.PutRun(context.Background(), record, parts); err != nil {
		w.t.Fatal(err)
	}
}

func partKey(run string, n int) string { return fmt.Sprintf("%s/part-%d.ndjson", run, n) }

// put replaces a part's content behind the catalogue's back.
func (w *world) put(key, content string) {
	w.t.Helper()
	if _, err := w.results.Put(context.Background(), key, []byte(content), blob.PutOptions{}); err != nil {
		w.t.Fatal(err)
	}
}

// wanted are the results that the export is to hold, in order.
func (w *world) wanted() (want []string) {
	runs := w.plan.archive
	for i := len(runs) - 1; i >= 0; i-- { // the archive lists the newest first
		r, q := runs[i], w.plan.request
		if !r.status.Finished() || r.age < 0 || (q.Type == export.TypePromptRun && r.id != q.TargetID) {
			continue
		}
		for _, part := range r.parts {
			for _, result := range results(part) {
				if good(result) && (q.Scope == export.ScopeAll || strings.Contains(result, `"selected":true`)) {
					want = append(want, result)
				}
			}
		}
	}
	return want
}

// results are the part's results.
func results(part string) (all []string) {
	for line := range strings.Lines(strings.TrimPrefix(part, "\ufeff")) {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}

// good reports whether the line is one of those that lines makes.
func good(line string) bool {
	return strings.Contains(line, `"result_type":"segment","result_id":"segment:`)
}
