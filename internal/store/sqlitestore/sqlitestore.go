// Package sqlitestore keeps the service's records in one SQLite file, for the service that runs on one machine. An
// accepted write survives a kill of the process and a power cut: the log is flushed before a commit is reported. Any
// number of processes may have the file open; writers wait for each other.
package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/videovector/exports/internal/store"
)

// readers is how many reads run at the same time. Readers never wait for the writer.
const readers = 4

// Store keeps its records in one file. All writes of the process take turns on one connection, so that they queue in
// memory and not on the file's lock.
type Store struct {
	write *sql.DB
	read  *sql.DB
}

var _ store.Store = (*Store)(nil)

// Open opens the store in the file at path and makes or upgrades it where needed. The folder must exist; the file is
// readable by its owner only. A file that a newer version of the program has upgraded is refused.
func Open(ctx context.Context, path string) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, store.Broken(err)
	}
	if err := touch(path); err != nil {
		return nil, store.Broken(err)
	}
	s := &Store{write: connect(path, 1, "_journal_mode=WAL&_synchronous=FULL&_txlock=immediate")}
	if err := migrate(ctx, s.write); err != nil {
		return nil, errors.Join(failure(err), s.write.Close())
	}
	s.read = connect(path, readers, "_query_only=1")
	return s, nil
}

// Close waits for the calls under way and closes the file.
func (s *Store) Close() error { return errors.Join(s.read.Close(), s.write.Close()) }

// touch makes the file with its owner's permissions, which SQLite gives to the log beside it too. A file that exists
// isn't opened: closing it would drop the locks that this process holds on it.
func touch(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) //nolint:gosec // G304: the data folder of whoever runs the service
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// connect is a pool of at most n connections. The time a connection waits for another process's lock is 10 seconds.
func connect(path string, n int, options string) *sql.DB {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // C:/… on Windows
	}
	db, err := sql.Open("sqlite", "file://"+(&url.URL{Path: slashed}).EscapedPath()+"?_dqs=0&_busy_timeout=10000&"+options)
	if err != nil {
		panic(err) // the driver is linked in, so Open can't fail
	}
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	return db
}

// inTx runs f in a write transaction, which begins with the write lock held.
func (s *Store) inTx(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return failure(err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it has no effect, before it the transaction's failure counts
	if err := f(tx); err != nil {
		return failure(err)
	}
	return failure(tx.Commit())
}
