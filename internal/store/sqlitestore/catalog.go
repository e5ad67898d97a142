package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

var (
	errNoIndex     = fault.New(fault.NotFound, "index_not_found", "No index has this id.")
	errNoRun       = fault.New(fault.NotFound, "prompt_run_not_found", "No prompt run has this id.")
	errNoKey       = fault.New(fault.NotFound, "api_key_not_found", "No such API key.")
	errNoConnector = fault.New(fault.NotFound, "connector_not_found", "No connector has this id.")
)

// Index implements store.Catalog.
func (s *Store) Index(ctx context.Context, account, id string) (export.Index, error) {
	var i export.Index
	err := s.get(ctx, &i, errNoIndex, `SELECT record FROM indexes WHERE account = ? AND id = ?`, account, id)
	return i, err
}

// PutIndex implements store.Catalog.
func (s *Store) PutIndex(ctx context.Context, i export.Index) error {
	return s.put(ctx, `INSERT OR REPLACE INTO indexes (account, id, record) VALUES (?, ?, ?)`, i, i.AccountID, i.ID)
}

// Run implements store.Catalog.
func (s *Store) Run(ctx context.Context, account, id string) (export.Run, error) {
	var r export.Run
	err := s.get(ctx, &r, errNoRun, `SELECT record FROM runs WHERE account = ? AND id = ?`, account, id)
	return r, err
}

// RunsOfIndex implements store.Catalog.
func (s *Store) RunsOfIndex(ctx context.Context, account, indexID string) ([]export.Run, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT record FROM runs WHERE account = ? AND index_id = ?`, account, indexID)
	if err != nil {
		return nil, failed(err)
	}
	return scanRecords[export.Run](rows)
}

// Parts implements store.Catalog.
func (s *Store) Parts(ctx context.Context, account, runID string) ([]export.Part, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT number, key, bytes, row_count, sha256 FROM parts WHERE account = ? AND run = ? ORDER BY number`, account, runID)
	if err != nil {
		return nil, failed(err)
	}
	defer rows.Close()
	var parts []export.Part
	for rows.Next() {
		var p export.Part
		if err := rows.Scan(&p.Number, &p.Key, &p.Bytes, &p.Rows, &p.SHA256); err != nil {
			return nil, failed(err)
		}
		parts = append(parts, p)
	}
	return parts, failed(rows.Err())
}

// PutRun implements store.Catalog; run and parts change in one transaction.
func (s *Store) PutRun(ctx context.Context, r export.Run, parts []export.Part) error {
	raw, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return s.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM parts WHERE account = ? AND run = ?`, r.AccountID, r.ID); err != nil {
			return failed(err)
		}
		for _, p := range parts {
			if _, err := tx.ExecContext(ctx, `INSERT INTO parts (account, run, number, key, bytes, row_count, sha256) VALUES (?, ?, ?, ?, ?, ?, ?)`,
				r.AccountID, r.ID, p.Number, p.Key, p.Bytes, p.Rows, p.SHA256); err != nil {
				return failed(err)
			}
		}
		_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO runs (account, id, index_id, record) VALUES (?, ?, ?, ?)`, r.AccountID, r.ID, r.IndexID, string(raw))
		return failed(err)
	})
}

// APIKey implements store.Credentials.
func (s *Store) APIKey(ctx context.Context, hash string) (store.APIKey, error) {
	var k store.APIKey
	err := s.get(ctx, &k, errNoKey, `SELECT record FROM api_keys WHERE hash = ?`, hash)
	return k, err
}

// PutAPIKey implements store.Credentials.
func (s *Store) PutAPIKey(ctx context.Context, k store.APIKey) error {
	return s.put(ctx, `INSERT OR REPLACE INTO api_keys (hash, record) VALUES (?, ?)`, k, k.Hash)
}

// Connector implements store.Connectors.
func (s *Store) Connector(ctx context.Context, account, id string) (store.Connector, error) {
	var c store.Connector
	err := s.get(ctx, &c, errNoConnector, `SELECT record FROM connectors WHERE account = ? AND id = ?`, account, id)
	return c, err
}

// PutConnector implements store.Connectors.
func (s *Store) PutConnector(ctx context.Context, c store.Connector) error {
	return s.put(ctx, `INSERT OR REPLACE INTO connectors (account, id, record) VALUES (?, ?, ?)`, c, c.AccountID, c.ID)
}
