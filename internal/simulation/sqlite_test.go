package simulation_test

import (
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/videovector/exports/internal/store/sqlitestore"
)

// TestSeedsOverSQLite plays some schedules over the records of the local service: nothing is violated, and what stands at
// the end is what stands over the records in memory.
func TestSeedsOverSQLite(t *testing.T) {
	for seed := range uint64(20) {
		var over, plain outcome
		synctest.Test(t, func(t *testing.T) {
			s, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "records.db"))
			if err != nil {
				t.Fatal(err)
			}
			over = simulate(seed, s, nil)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		synctest.Test(t, func(*testing.T) { plain = simulate(seed, nil, nil) })
		report(t, seed, over)
		if over.end != plain.end {
			t.Errorf("seed %d ends in %s, in memory in %s", seed, over.end, plain.end)
		}
	}
}
