package sqlitestore

import (
	"context"
	"database/sql"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

// NoteShard replaces the shard's row, and clears away those that are too old for anybody.
func (s *Store) NoteShard(ctx context.Context, account, exportID string, generation int, n export.ShardNote) error {
	return s.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO shard_notes (account, export, generation, shard, records, bytes, at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			account, exportID, generation, n.Shard, n.Records, n.Bytes, n.At.UnixMilli())
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM shard_notes WHERE at_ms < ?`, n.At.Add(-store.NoteLife).UnixMilli())
		return err
	})
}

// ShardNotes are the generation's rows.
func (s *Store) ShardNotes(ctx context.Context, account, exportID string, generation int) ([]export.ShardNote, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT shard, records, bytes, at_ms FROM shard_notes WHERE account = ? AND export = ? AND generation = ?`,
		account, exportID, generation)
	if err != nil {
		return nil, failure(err)
	}
	return collect(rows, func(rows *sql.Rows) (n export.ShardNote, err error) {
		var at int64
		err = rows.Scan(&n.Shard, &n.Records, &n.Bytes, &at)
		n.At = time.UnixMilli(at).UTC()
		return n, err
	})
}
