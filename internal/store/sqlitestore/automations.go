package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

// Automation is the automation of the account's index.
func (s *Store) Automation(ctx context.Context, account, indexID string) (export.Automation, error) {
	return one[export.Automation](ctx, s.read, store.ErrAutomationNotFound, `SELECT record FROM automations WHERE account = ? AND index_id = ?`, account, indexID)
}

// Ending is the end of the run that the index's automation has noted last.
func (s *Store) Ending(ctx context.Context, account, indexID, runID string) (text string, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT ending FROM noted_endings WHERE account = ? AND index_id = ? AND run = ?`, account, indexID, runID).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return "", store.ErrEndingNotFound
	}
	return text, failure(err)
}

// SaveAutomation writes automation and noted end in one transaction.
func (s *Store) SaveAutomation(ctx context.Context, next export.Automation, revision int64, noted *store.Ending) (export.Automation, error) {
	next.Revision = revision + 1
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		if err := replaceAutomation(ctx, tx, next, revision); err != nil || noted == nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO noted_endings (account, index_id, run, ending) VALUES (?, ?, ?, ?)`,
			next.AccountID, next.IndexID, noted.RunID, noted.Text)
		return err
	})
	if err != nil {
		return export.Automation{}, err
	}
	return next, nil
}

func replaceAutomation(ctx context.Context, tx *sql.Tx, next export.Automation, revision int64) error {
	record, err := encode(next)
	if err != nil {
		return err
	}
	due := sql.NullInt64{Int64: next.DueAt().UnixMilli(), Valid: !next.DueAt().IsZero()}
	var done sql.Result
	if revision == 0 {
		done, err = tx.ExecContext(ctx, `INSERT INTO automations (revision, due_ms, record, account, index_id) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			next.Revision, due, record, next.AccountID, next.IndexID)
	} else {
		done, err = tx.ExecContext(ctx, `UPDATE automations SET revision = ?, due_ms = ?, record = ? WHERE account = ? AND index_id = ? AND revision = ?`,
			next.Revision, due, record, next.AccountID, next.IndexID, revision)
	}
	if err != nil {
		return err
	}
	return changedOne(done, store.Overtaken("automation"))
}

// DueAutomations lists the automations that are due, soonest first. It doesn't lag.
func (s *Store) DueAutomations(ctx context.Context, now time.Time, limit int) ([]store.AutomationRef, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT account, index_id FROM automations WHERE due_ms <= ? ORDER BY due_ms, account, index_id LIMIT ?`,
		now.UnixMilli(), limit)
	if err != nil {
		return nil, failure(err)
	}
	return collect(rows, func(rows *sql.Rows) (r store.AutomationRef, err error) {
		err = rows.Scan(&r.AccountID, &r.IndexID)
		return r, err
	})
}
