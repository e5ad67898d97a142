package sqlitestore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/go-json-experiment/json"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// querier is a pool or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// encode is the record as JSON. Its names are the domain's: renaming a field there needs a migration here, and a record
// that holds an unknown name is refused, so that a forgotten one is seen at the first read.
func encode(record any) (string, error) {
	b, err := json.Marshal(record, json.FormatNilSliceAsNull(true), json.FormatNilMapAsNull(true))
	return string(b), err
}

func decode[T any](record string) (v T, err error) {
	err = json.Unmarshal([]byte(record), &v, json.RejectUnknownMembers(true))
	return v, err
}

// one is the record that the query selects, or absent.
func one[T any](ctx context.Context, q querier, absent error, query string, args ...any) (T, error) {
	var record string
	var none T
	err := q.QueryRowContext(ctx, query, args...).Scan(&record)
	if errors.Is(err, sql.ErrNoRows) {
		return none, absent
	}
	if err != nil {
		return none, failure(err)
	}
	v, err := decode[T](record)
	return v, failure(err)
}

// put replaces one record in a transaction of its own. The encoded record is the statement's last argument.
func (s *Store) put(ctx context.Context, record any, query string, args ...any) error {
	text, err := encode(record)
	if err != nil {
		return store.Broken(err)
	}
	_, err = s.write.ExecContext(ctx, query, append(args, text)...)
	return failure(err)
}

// due is the column due_ms: NULL once the export has ended.
func due(e export.Export) sql.NullInt64 {
	return sql.NullInt64{Int64: e.DueAt.UnixMilli(), Valid: e.Open() && !e.DueAt.IsZero()}
}

// closing is the column closing_ms: NULL before the export has ended, and once nothing is left to clear up.
func closing(e export.Export) sql.NullInt64 {
	return sql.NullInt64{Int64: e.DueAt.UnixMilli(), Valid: e.Closing()}
}

// forgotten is the column forgotten_ms: NULL while the export is open.
func forgotten(e export.Export) sql.NullInt64 {
	at := e.ForgottenAt()
	return sql.NullInt64{Int64: at.UnixMilli(), Valid: !at.IsZero()}
}

// failure turns an error of the driver into one of the contract's; it leaves those as they are.
func failure(err error) error {
	var known *fault.Error
	var db *sqlite.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return store.Busy(err)
	case errors.As(err, &db) && passing(db.Code()&0xff):
		return store.Busy(err)
	}
	return store.Broken(err)
}

// passing reports whether SQLite's primary result code may be another one next time.
func passing(code int) bool {
	switch code {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL:
		return true
	}
	return false
}
