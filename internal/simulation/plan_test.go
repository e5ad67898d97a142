package simulation_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

const (
	account     = "acct_1"
	indexID     = "idx_1"
	connectorID = "conn_1"
)

// plan is what a seed makes of a simulation before it begins.
type plan struct {
	dice                       *dice
	patient                    bool    // functions have no time limit, so that sleepers wake up alive
	jitter                     float64 // of waits between retries, in [0, 1)
	limits                     admission.Limits
	sharded                    bool
	revived                    bool // a shard is refused something, and the export is retried once it has failed
	irregular                  bool // some results are not strict NDJSON
	rejects                    bool // and some are no results at all
	runs                       []run
	partBytes                  int64
	shardBytes, shardThreshold int64
}

// newPlan makes the plan. Seeds take turns at the aims; one in eight aims at nothing.
func newPlan(seed uint64, s *schedule) plan {
	p := plan{
		patient: s.IntN(2) == 0, jitter: s.Float64(), sharded: s.IntN(4) == 0, irregular: s.IntN(8) == 0, rejects: s.IntN(12) == 0,
		partBytes: 400,
		dice:      &dice{schedule: s, left: s.IntN(9), oneIn: 8 + s.IntN(30), upheaval: map[int]kind{}},
	}
	if p.sharded {
		p.partBytes, p.shardBytes, p.shardThreshold = 200, 200, 1
	}
	all := aims()
	if a := all[seed%uint64(len(all))]; s.IntN(8) > 0 {
		a.n = 1 + s.IntN(2)
		p.dice.aim = &a
	}
	if s.IntN(6) == 0 {
		p.dice.upheaval[1+s.IntN(150)] = []kind{aborted, resumed, killed}[s.IntN(3)]
	}
	switch s.IntN(50) {
	case 0, 1, 2: // so much goes wrong that some attempts are used up
		p.dice.left, p.dice.oneIn = 100, 4
	case 3: // nothing does
		p.dice = &dice{schedule: s}
	}
	if p.sharded && s.IntN(3) == 0 {
		p.revived, p.dice.aim = true, &aim{betweenParts, refused, 1 + s.IntN(12)}
	}
	p.limits = admission.Limits{AtOnce: 1 + s.IntN(2), PerMinute: []int{0, 0, 0, 2}[s.IntN(4)]}
	p.runs = archive(p)
	return p
}

// run is a finished run and its results, part by part.
type run struct {
	id    string
	age   time.Duration // since it was executed
	parts []string
}

// archive is two runs, the older one listed last, each in two parts.
func archive(p plan) []run {
	runs := []run{
		{"run_b", 1 * time.Hour, []string{lines("run_b", 1, 2), lines("run_b", 3, 3)}},
		{"run_a", 2 * time.Hour, []string{lines("run_a", 1, 2), lines("run_a", 3, 5)}},
	}
	if p.irregular {
		runs[1].parts[0] = strings.ReplaceAll(runs[1].parts[0], "\n", "\r\n\n")
	}
	if p.rejects {
		runs[0].parts[1] += "nonsense\n"
	}
	return runs
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

// results are the lines of a part that are not blank.
func results(part string) (all []string) {
	for line := range strings.Lines(part) {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}

// wanted are the results that an export of the scope is to hold, in order.
func (p plan) wanted(scope export.ResultScope) (want []string) {
	for i := len(p.runs) - 1; i >= 0; i-- {
		for _, part := range p.runs[i].parts {
			for _, r := range results(part) {
				if strings.HasPrefix(r, "{") && (scope == export.ScopeAll || strings.Contains(r, `"selected":true`)) {
					want = append(want, r)
				}
			}
		}
	}
	return want
}

// fill brings the catalogue, its results, a connector and a webhook in.
func (w *world) fill() {
	ctx := context.Background()
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	must(w.memory.PutIndex(ctx, export.Index{ID: indexID, AccountID: account, CreatedAt: time.Now()}))
	for _, r := range w.plan.runs {
		record := export.Run{
			ID: r.id, AccountID: account, IndexID: indexID, Status: export.RunCompleted, PromptID: "prm_1", ExecutedAt: time.Now().Add(-r.age),
			Schema: json.RawMessage(`{"type":"object"}`), Parts: len(r.parts),
		}
		var parts []export.Part
		for i, content := range r.parts {
			sum := sha256.Sum256([]byte(content))
			p := export.Part{
				Number: i + 1, Key: fmt.Sprintf("%s/part-%d.ndjson", r.id, i+1), Bytes: int64(len(content)), Rows: int64(len(results(content))),
				SHA256: hex.EncodeToString(sum[:]),
			}
			parts, record.Rows, record.Bytes = append(parts, p), record.Rows+p.Rows, record.Bytes+p.Bytes
			_, err := w.results.Put(ctx, p.Key, []byte(content), blob.PutOptions{})
			must(err)
		}
		must(w.memory.PutRun(ctx, record, parts))
	}
	must(w.subscribe(ctx))
	must(w.memory.PutConnector(ctx, store.Connector{
		ID: connectorID, AccountID: account, Provider: "s3", Status: "active", Scopes: []string{"export"}, ExportBasePath: "base",
		Bucket: "customer", Region: "eu-central-1",
	}))
}
