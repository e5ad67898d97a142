package sqlitestore_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/sqlitestore"
)

func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?c#d%41é.db") // every one of these means something in a URI
	s := open(t, path)
	if _, _, err := s.CreateExport(t.Context(), pending("exp_1"), nil, nil); err != nil {
		t.Fatalf("CreateExport: %v", err)
	}
	if _, err := open(t, path).Export(t.Context(), "acct", "exp_1"); err != nil {
		t.Errorf("Export by a second store over the file: %v", err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the file is not where it was asked for: %v", err)
	}
}

func TestFileIsItsOwnersOnly(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no permission bits")
	}
	path := filepath.Join(t.TempDir(), "records.db")
	s := open(t, path)
	if _, _, err := s.CreateExport(t.Context(), pending("exp_1"), nil, nil); err != nil {
		t.Fatalf("CreateExport: %v", err)
	}
	for _, name := range []string{path, path + "-wal"} { // both hold links and sealed secrets
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v; want 0600", filepath.Base(name), info.Mode(), err)
		}
	}
}

func TestDurability(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records.db")
	s := open(t, path)
	mode, level := s.Durability(t)
	if mode != "wal" || level != 2 {
		t.Errorf("journal mode %s, synchronous %d; want wal and 2 (FULL)", mode, level)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	newer, alien := filepath.Join(dir, "newer.db"), filepath.Join(dir, "alien.db")
	db, err := sql.Open("sqlite", newer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(alien, []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"a file of a newer version": newer,
		"a file of another format":  alien,
		"a folder that is missing":  filepath.Join(dir, "missing", "records.db"),
		"a folder":                  dir,
	} {
		s, err := sqlitestore.Open(t.Context(), path)
		if !fault.Is(err, fault.Internal) {
			t.Errorf("%s: %v, want an internal failure", name, err)
		}
		if err == nil {
			s.Close()
		}
	}
}

// TestUpgrade opens a file of the first version. What was accepted there is answered as before.
func TestUpgrade(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		sqlitestore.Migration(0),
		"PRAGMA user_version = 1",
		`INSERT INTO connectors (account, id, record) VALUES ('acct', 'conn', '{"ID":"conn","AccountID":"acct","Name":"Bucket","Secret":"c2VhbGVk","Scopes":null}')`,
		`INSERT INTO exports (account, id, type, target, status, generation, revision, record) VALUES ('acct', 'exp_old', 'index', 'idx', 'failed', 1, 2, '{"ID":"exp_old","AccountID":"acct","Status":"failed","CompletedAt":"` +
			t0.Add(-export.RecordLife-48*time.Hour).Format(time.RFC3339Nano) + `"}')`,
		`INSERT INTO exports (account, id, type, target, status, generation, revision, record) VALUES ('acct', 'exp_open', 'index', 'idx', 'pending', 1, 0, '{"ID":"exp_open","AccountID":"acct","Status":"pending"}')`,
		fmt.Sprintf(`INSERT INTO idempotency (account, route, key, fingerprint, export, expires_ms) VALUES ('acct', 'r', 'k', 'fp', 'exp_1', %d)`, t0.Add(time.Hour).UnixMilli()),
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
	rec, err := s.Idempotency(t.Context(), store.IdempotencyKey{AccountID: "acct", Route: "r", Key: "k"}, t0)
	if err != nil || rec.ResourceID != "exp_1" || rec.Fingerprint != "fp" {
		t.Errorf("the idempotency record is %+v, %v", rec, err)
	}
	c, err := s.Connector(t.Context(), "acct", "conn")
	if err != nil || c.Name != "Bucket" || string(c.Secret) != "sealed" || c.Revision != 0 {
		t.Errorf("the connector is %+v, %v", c, err)
	}
	if _, err := s.SaveConnector(t.Context(), c, c.Revision); err != nil {
		t.Errorf("SaveConnector: %v", err)
	}
	if old, err := s.Export(t.Context(), "acct", "exp_old"); err != nil || !old.Forgotten(t0) {
		t.Errorf("the export that ended long ago is %+v, %v", old, err)
	}
	if _, _, err := s.CreateExport(t.Context(), pending("exp_new"), nil, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Export(t.Context(), "acct", "exp_old"); !fault.Is(err, fault.NotFound) {
		t.Errorf("what ended long ago is still there: %v", err)
	}
	if _, err := s.Export(t.Context(), "acct", "exp_open"); err != nil {
		t.Errorf("the open export: %v", err)
	}
}

// TestForgottenAreClearedAway keeps the file from growing with every export that ever was.
func TestForgottenAreClearedAway(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "records.db"))
	for month := range 12 {
		now := t0.Add(time.Duration(month) * 30 * 24 * time.Hour)
		e := pending(fmt.Sprintf("exp_%02d", month))
		e.CreatedAt = now
		if _, _, err := s.CreateExport(t.Context(), e, nil, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := s.SaveExport(t.Context(), e.Claim(now).Complete(now), e.Fence()); err != nil {
			t.Fatal(err)
		}
	}
	page, err := s.ListExports(t.Context(), "acct", store.ListQuery{Limit: 50})
	if err != nil || len(page.Exports) != 4 {
		t.Errorf("%d exports after a year, %v; want those of the last 90 days and a day", len(page.Exports), err)
	}
}

// TestExpiredAreClearedAway keeps the file from growing with every key that was ever used.
func TestExpiredAreClearedAway(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "records.db"))
	for day := range 10 {
		now := t0.Add(time.Duration(day) * 24 * time.Hour)
		e := pending(fmt.Sprintf("exp_%d", day))
		idem := store.Idempotency{
			IdempotencyKey: store.IdempotencyKey{AccountID: "acct", Route: "r", Key: fmt.Sprint(day)},
			ResourceID:     e.ID, ExpiresAt: now.Add(24 * time.Hour), Now: now,
		}
		if _, created, err := s.CreateExport(t.Context(), e, &idem, nil); err != nil || !created {
			t.Fatalf("CreateExport: created %v, %v", created, err)
		}
	}
	if n := s.IdempotencyRecords(t); n != 3 {
		t.Errorf("%d idempotency records after ten days, want those of the last three", n)
	}
}

func BenchmarkWrites(b *testing.B) {
	s, err := sqlitestore.Open(b.Context(), filepath.Join(b.TempDir(), "records.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	n := 0
	b.Run("create", func(b *testing.B) {
		for b.Loop() {
			n++
			e := pending(fmt.Sprintf("exp_%08d", n))
			idem := &store.Idempotency{
				IdempotencyKey: store.IdempotencyKey{AccountID: "acct", Route: "r", Key: e.ID},
				ResourceID:     e.ID, ExpiresAt: t0.Add(time.Hour), Now: t0,
			}
			if _, _, err := s.CreateExport(b.Context(), e, idem, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("save", func(b *testing.B) {
		e := pending("exp_00000001")
		for b.Loop() {
			if e, err = s.SaveExport(b.Context(), e.Enter(export.PhasePackaging, export.Lease, t0), e.Fence()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Export(b.Context(), "acct", "exp_00000001"); err != nil {
				b.Fatal(err)
			}
		}
	})
}
