package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

func run(id, index string) export.Run {
	return export.Run{ID: id, AccountID: account, IndexID: index, Status: export.RunCompleted}
}

func mustPutRun(t *testing.T, s store.Store, r export.Run, parts ...export.Part) {
	t.Helper()
	if err := s.PutRun(t.Context(), r, parts); err != nil {
		t.Fatalf("PutRun(%s): %v", r.ID, err)
	}
}

func testCatalogRoundTrip(t *testing.T, s store.Store) {
	i := filled[export.Index](t)
	i.ID, i.AccountID = "idx_1", account
	if err := s.PutIndex(t.Context(), i); err != nil {
		t.Fatalf("PutIndex: %v", err)
	}
	gotIndex, err := s.Index(t.Context(), account, "idx_1")
	if err != nil {
		t.Fatalf("Index: %v", err)
	}
	equal(t, "index", gotIndex, i)

	r := filled[export.Run](t)
	r.ID, r.AccountID, r.IndexID = "run_1", account, "idx_1"
	part := filled[export.Part](t)
	part.Number = 1
	mustPutRun(t, s, r, part)
	bare := export.Run{ID: "run_2", AccountID: account, Status: export.RunFailed}
	mustPutRun(t, s, bare)
	for _, want := range []export.Run{r, bare} {
		got, err := s.Run(t.Context(), account, want.ID)
		if err != nil {
			t.Fatalf("Run: %v", err)
		}
		equal(t, "run", got, want)
	}
	parts, err := s.Parts(t.Context(), account, "run_1")
	if err != nil {
		t.Fatalf("Parts: %v", err)
	}
	equal(t, "parts", parts, []export.Part{part})
	i.Name = "renamed"
	if err := s.PutIndex(t.Context(), i); err != nil {
		t.Fatalf("PutIndex: %v", err)
	}
	gotIndex, err = s.Index(t.Context(), account, "idx_1")
	if err != nil || gotIndex.Name != "renamed" {
		t.Errorf("replaced index = %q, %v", gotIndex.Name, err)
	}
}

func testCatalogAbsent(t *testing.T, s store.Store) {
	if err := s.PutIndex(t.Context(), export.Index{ID: "idx_1", AccountID: account}); err != nil {
		t.Fatalf("PutIndex: %v", err)
	}
	mustPutRun(t, s, run("run_1", "idx_1"), export.Part{Number: 1, Key: "k"})
	for _, c := range [][3]string{{account, "idx_2", "run_2"}, {"acct_2", "idx_1", "run_1"}} {
		_, err := s.Index(t.Context(), c[0], c[1])
		refused(t, "an absent index", err, fault.NotFound, "index_not_found")
		_, err = s.Run(t.Context(), c[0], c[2])
		refused(t, "an absent run", err, fault.NotFound, "prompt_run_not_found")
		if runs, err := s.RunsOfIndex(t.Context(), c[0], c[1]); err != nil || len(runs) != 0 {
			t.Errorf("runs of an absent index = %d, %v", len(runs), err)
		}
		if parts, err := s.Parts(t.Context(), c[0], c[2]); err != nil || len(parts) != 0 {
			t.Errorf("parts of an absent run = %d, %v", len(parts), err)
		}
	}
}

// runIDs is the sorted ids of the index's runs.
func runIDs(t *testing.T, s store.Store, index string) (ids []string) {
	t.Helper()
	runs, err := s.RunsOfIndex(t.Context(), account, index)
	if err != nil {
		t.Fatalf("RunsOfIndex: %v", err)
	}
	for _, r := range runs {
		ids = append(ids, r.ID)
	}
	slices.Sort(ids)
	return ids
}

func testRunsOfIndex(t *testing.T, s store.Store) {
	var want []string
	for n := range 230 { // beyond one page of any batch read
		r := run(fmt.Sprintf("run_%03d", n), "idx")
		r.Status = []export.RunStatus{export.RunPending, export.RunProcessing, export.RunCompleted, export.RunCancelled}[n%4]
		r.Schema = []byte(`"` + strings.Repeat("x", 6000) + `"`)
		mustPutRun(t, s, r)
		want = append(want, r.ID)
	}
	mustPutRun(t, s, run("other", "idx_"))
	mustPutRun(t, s, run("another", "id"))
	mustPutRun(t, s, run("free", ""))
	equal(t, "runs", runIDs(t, s, "idx"), want)
	equal(t, "runs of an index of nobody", runIDs(t, s, "idx_9"), []string(nil))
	equal(t, "runs of no index", runIDs(t, s, ""), []string(nil))
}

func testRunMoves(t *testing.T, s store.Store) {
	mustPutRun(t, s, run("run_1", "idx_a"))
	mustPutRun(t, s, run("run_1", "idx_b"))
	equal(t, "runs of the old index", runIDs(t, s, "idx_a"), []string(nil))
	equal(t, "runs of the new index", runIDs(t, s, "idx_b"), []string{"run_1"})
	mustPutRun(t, s, run("run_1", ""))
	equal(t, "runs of the new index", runIDs(t, s, "idx_b"), []string(nil))
}

// manyParts needs several pages and batches of any store: 1,300 parts of about 1 KiB.
func manyParts(n int) (parts []export.Part) {
	for i := range n {
		parts = append(parts, export.Part{
			Number: i + 1, Key: fmt.Sprintf("results/%s/%05d 😀.ndjson", strings.Repeat("long/", 180), i), Bytes: int64(i) << 30, Rows: int64(i), SHA256: fmt.Sprintf("%064x", i),
		})
	}
	return parts
}

func testParts(t *testing.T, s store.Store) {
	want := manyParts(1300)
	shuffled := slices.Clone(want)
	slices.Reverse(shuffled)
	mustPutRun(t, s, run("run_1", "idx"), shuffled...)
	mustPutRun(t, s, run("run_", "idx"), want[:2]...)
	got, err := s.Parts(t.Context(), account, "run_1")
	if err != nil {
		t.Fatalf("Parts: %v", err)
	}
	equal(t, "parts", got, want)
}

func testPartsReplaced(t *testing.T, s store.Store) {
	old := manyParts(130)
	mustPutRun(t, s, run("run_1", "idx"), old...)
	fewer := manyParts(3)
	fewer[1].Key = "another"
	mustPutRun(t, s, run("run_1", "idx"), fewer...)
	got, err := s.Parts(t.Context(), account, "run_1")
	if err != nil {
		t.Fatalf("Parts: %v", err)
	}
	equal(t, "parts after the replacement", got, fewer)
}
