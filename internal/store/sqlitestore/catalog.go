package sqlitestore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

// Index is one index of the account.
func (s *Store) Index(ctx context.Context, account, id string) (export.Index, error) {
	return one[export.Index](ctx, s.read, store.ErrIndexNotFound, `SELECT record FROM indexes WHERE account = ? AND id = ?`, account, id)
}

// PutIndex replaces the index.
func (s *Store) PutIndex(ctx context.Context, i export.Index) error {
	return s.put(ctx, i, `INSERT OR REPLACE INTO indexes (account, id, record) VALUES (?, ?, ?)`, i.AccountID, i.ID)
}

// Run is one run of the account.
func (s *Store) Run(ctx context.Context, account, id string) (export.Run, error) {
	run, err := scanRun(s.read.QueryRowContext(ctx, `SELECT record, schema FROM runs WHERE account = ? AND id = ?`, account, id))
	if errors.Is(err, sql.ErrNoRows) {
		return export.Run{}, store.ErrRunNotFound
	}
	return run, failure(err)
}

// RunsOfIndex lists every run of the index, in no order.
func (s *Store) RunsOfIndex(ctx context.Context, account, indexID string) ([]export.Run, error) {
	if indexID == "" {
		return nil, nil // runs without an index are not runs of an index named ""
	}
	rows, err := s.read.QueryContext(ctx, `SELECT record, schema FROM runs WHERE account = ? AND index_id = ?`, account, indexID)
	if err != nil {
		return nil, failure(err)
	}
	return collect(rows, func(rows *sql.Rows) (export.Run, error) { return scanRun(rows) })
}

// scanRun reads the columns record and schema.
func scanRun(row interface{ Scan(dest ...any) error }) (export.Run, error) {
	var record string
	var schema []byte
	if err := row.Scan(&record, &schema); err != nil {
		return export.Run{}, err
	}
	run, err := decode[export.Run](record)
	run.Schema = schema
	return run, err
}

// Parts lists a run's parts in order.
func (s *Store) Parts(ctx context.Context, account, runID string) ([]export.Part, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT number, key, bytes, rows, sha256 FROM parts WHERE account = ? AND run = ? ORDER BY number`, account, runID)
	if err != nil {
		return nil, failure(err)
	}
	return collect(rows, func(rows *sql.Rows) (p export.Part, err error) {
		err = rows.Scan(&p.Number, &p.Key, &p.Bytes, &p.Rows, &p.SHA256)
		return p, err
	})
}

// PutRun replaces the run and its parts in one transaction.
func (s *Store) PutRun(ctx context.Context, r export.Run, parts []export.Part) error {
	return s.inTx(ctx, func(tx *sql.Tx) error {
		if err := replaceParts(ctx, tx, r, parts); err != nil {
			return err
		}
		schema := []byte(r.Schema)
		r.Schema = nil
		record, err := encode(r)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT OR REPLACE INTO runs (account, id, index_id, schema, record) VALUES (?, ?, ?, ?, ?)`,
			r.AccountID, r.ID, r.IndexID, schema, record)
		return err
	})
}

func replaceParts(ctx context.Context, tx *sql.Tx, r export.Run, parts []export.Part) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM parts WHERE account = ? AND run = ?`, r.AccountID, r.ID); err != nil {
		return err
	}
	insert, err := tx.PrepareContext(ctx, `INSERT INTO parts (account, run, number, key, bytes, rows, sha256) VALUES (?, ?, ?, ?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	defer insert.Close() //nolint:errcheck // the transaction's commit tells
	for _, p := range parts {
		if _, err := insert.ExecContext(ctx, r.AccountID, r.ID, p.Number, p.Key, p.Bytes, p.Rows, p.SHA256); err != nil {
			return err
		}
	}
	return nil
}
