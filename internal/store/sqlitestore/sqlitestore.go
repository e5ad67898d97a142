// Package sqlitestore is the record store on one machine: a SQLite file in WAL mode, written durably, that several
// processes may use at once. It passes the same suite as the deployed store.
package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	_ "modernc.org/sqlite" // the driver

	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// Store keeps records in one SQLite file. Writers queue up behind one connection, readers have their own.
type Store struct {
	read, write *sql.DB
}

var _ store.Store = (*Store)(nil)

const readers = 4

// Open opens the file, or makes it, and brings its schema up to date.
func Open(ctx context.Context, path string) (*Store, error) {
	write, err := open(path, "immediate", 1)
	if err != nil {
		return nil, err
	}
	read, err := open(path, "deferred", readers)
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	s := &Store{read: read, write: write}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("records in %s: %w", path, err), s.Close())
	}
	return s, nil
}

func open(path, lock string, connections int) (*sql.DB, error) {
	q := url.Values{"_txlock": {lock}, "_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)"}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	return db, nil
}

// Close waits for running statements and closes the file.
func (s *Store) Close() error { return errors.Join(s.read.Close(), s.write.Close()) }

// migrations take the schema from version i to i+1.
var migrations = []string{`
CREATE TABLE exports (
  account TEXT NOT NULL, id TEXT NOT NULL,
  type TEXT NOT NULL, target TEXT NOT NULL, status TEXT NOT NULL,
  generation INTEGER NOT NULL, revision INTEGER NOT NULL,
  due_at INTEGER, -- milliseconds; NULL once terminal
  record TEXT NOT NULL,
  PRIMARY KEY (account, id)) STRICT, WITHOUT ROWID;
CREATE INDEX open_exports ON exports (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE idempotency (
  account TEXT NOT NULL, route TEXT NOT NULL, key TEXT NOT NULL,
  fingerprint TEXT NOT NULL, export_id TEXT NOT NULL, expires_at INTEGER NOT NULL,
  PRIMARY KEY (account, route, key)) STRICT, WITHOUT ROWID;
CREATE TABLE indexes (account TEXT NOT NULL, id TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (account, id)) STRICT, WITHOUT ROWID;
CREATE TABLE runs (account TEXT NOT NULL, id TEXT NOT NULL, index_id TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (account, id)) STRICT, WITHOUT ROWID;
CREATE INDEX runs_of_index ON runs (account, index_id);
CREATE TABLE parts (
  account TEXT NOT NULL, run TEXT NOT NULL, number INTEGER NOT NULL,
  key TEXT NOT NULL, bytes INTEGER NOT NULL, row_count INTEGER NOT NULL, sha256 TEXT NOT NULL,
  PRIMARY KEY (account, run, number)) STRICT, WITHOUT ROWID;
CREATE TABLE api_keys (hash TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE connectors (account TEXT NOT NULL, id TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (account, id)) STRICT, WITHOUT ROWID;
`}

func (s *Store) migrate(ctx context.Context) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		var version int
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		if version > len(migrations) {
			return fmt.Errorf("written by a newer version of this program (schema %d, this one knows %d)", version, len(migrations))
		}
		for ; version < len(migrations); version++ {
			if _, err := tx.ExecContext(ctx, migrations[version]); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version))
		return err
	})
}

// tx runs f in one writing transaction, which is rolled back when f fails.
func (s *Store) tx(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return failed(err)
	}
	if err := f(tx); err != nil {
		return errors.Join(err, rollback(tx))
	}
	return failed(tx.Commit())
}

func rollback(tx *sql.Tx) error {
	if err := tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		return err
	}
	return nil
}

// failed gives a driver's failure a kind. The record store of one machine fails for reasons that pass: a full disk, a
// lock held too long, an ended context.
func failed(err error) error {
	var f *fault.Error
	if err == nil || errors.As(err, &f) {
		return err
	}
	return fault.Wrap(err, fault.Unavailable, "store_unavailable", "The record store did not answer. Try again.")
}

// get reads one record column into v; notFound is the failure of an absent row.
func (s *Store) get(ctx context.Context, v any, notFound *fault.Error, query string, args ...any) error {
	var raw string
	err := s.read.QueryRowContext(ctx, query, args...).Scan(&raw)
	if errors.Is(err, sql.ErrNoRows) {
		return notFound
	}
	if err != nil {
		return failed(err)
	}
	return json.Unmarshal([]byte(raw), v)
}

func (s *Store) put(ctx context.Context, query string, record any, args ...any) error {
	raw, err := json.Marshal(record)
	if err != nil {
		return err
	}
	_, err = s.write.ExecContext(ctx, query, append(args, string(raw))...)
	return failed(err)
}

func millis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}
