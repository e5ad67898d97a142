package sqlitestore

import "testing"

// Migration is the statements that lead from version n of the file to the next.
func Migration(n int) string { return migrations[n] }

// Durability is the journal mode and the synchronous level of the connection that writes.
func (s *Store) Durability(t *testing.T) (mode string, level int) {
	t.Helper()
	if err := s.write.QueryRowContext(t.Context(), "PRAGMA journal_mode").Scan(&mode); err != nil {
		t.Fatal(err)
	}
	if err := s.write.QueryRowContext(t.Context(), "PRAGMA synchronous").Scan(&level); err != nil {
		t.Fatal(err)
	}
	return mode, level
}

// IdempotencyRecords is how many the file holds.
func (s *Store) IdempotencyRecords(t *testing.T) (n int) {
	t.Helper()
	if err := s.read.QueryRowContext(t.Context(), "SELECT count(*) FROM idempotency").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
