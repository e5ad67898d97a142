package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

func note(shard int, records int64) export.ShardNote {
	return export.ShardNote{Shard: shard, Records: records, Bytes: 1<<53 + records, At: t0.Add(time.Duration(records) * time.Second)}
}

// testShardNotes: each shard has one note, its latest; generations, exports and accounts are apart.
func testShardNotes(t *testing.T, s store.Store) {
	put := func(account, id string, generation int, n export.ShardNote) {
		t.Helper()
		if err := s.NoteShard(t.Context(), account, id, generation, n); err != nil {
			t.Fatalf("NoteShard(%s, %d, %d): %v", id, generation, n.Shard, err)
		}
	}
	check := func(account, id string, generation int, want ...export.ShardNote) {
		t.Helper()
		got, err := s.ShardNotes(t.Context(), account, id, generation)
		if err != nil {
			t.Fatalf("ShardNotes(%s, %d): %v", id, generation, err)
		}
		slices.SortFunc(got, func(a, b export.ShardNote) int { return cmp.Compare(a.Shard, b.Shard) })
		equal(t, fmt.Sprintf("notes of %s in generation %d", id, generation), got, want)
	}
	check(account, "exp_1", 1)
	for shard := range 12 {
		put(account, "exp_1", 1, note(shard, 1))
	}
	put(account, "exp_1", 1, note(3, 7)) // again
	put(account, "exp_1", 1, note(3, 5)) // a twin that is behind: whichever comes last stands
	put(account, "exp_1", 11, note(0, 2))
	put(account, "exp_10", 1, note(0, 3))
	put("acct_10", "exp_1", 1, note(0, 4))
	var want []export.ShardNote
	for shard := range 12 {
		want = append(want, note(shard, 1))
	}
	want[3] = note(3, 5)
	check(account, "exp_1", 1, want...)
	check(account, "exp_1", 11, note(0, 2))
	check(account, "exp_10", 1, note(0, 3))
	check("acct_10", "exp_1", 1, note(0, 4))
	check("acct_10", "exp_1", 2)
	page, err := s.ListExports(t.Context(), account, store.ListQuery{Limit: 10})
	if err != nil || len(page.Exports) != 0 {
		t.Errorf("notes are listed as exports: %+v, %v", page, err)
	}
}

// testShardNotesAge: a note stays as long as it may be wanted, whatever is noted meanwhile.
func testShardNotesAge(t *testing.T, s store.Store) {
	later := note(1, 2)
	later.At = t0.Add(store.NoteLife)
	for _, n := range []export.ShardNote{{Shard: 0, Records: 1, At: t0}, later} {
		if err := s.NoteShard(t.Context(), account, "exp_1", 1, n); err != nil {
			t.Fatal(err)
		}
	}
	if notes, err := s.ShardNotes(t.Context(), account, "exp_1", 1); err != nil || len(notes) != 2 {
		t.Errorf("notes after %s: %+v, %v", store.NoteLife, notes, err)
	}
	err := s.NoteShard(t.Context(), account, "exp#1", 1, later)
	if err != nil && !fault.Is(err, fault.Invalid) {
		t.Errorf("a note under an id with a separator: %v", err)
	}
	if notes, err := s.ShardNotes(t.Context(), account, "exp", 1); err != nil || len(notes) != 0 {
		t.Errorf("an id with a separator reaches into another's notes: %+v, %v", notes, err)
	}
}
