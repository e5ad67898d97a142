package sqlitestore

import (
	"context"
	"database/sql"
	"strconv"

	"github.com/videovector/exports/internal/changes"
)

// Changes are the oldest changes of the kinds that nobody has forgotten yet, in the order of their writing. The file's
// triggers note a change in the very transaction that makes it, whichever process writes: it is there if and only if the
// record is.
func (s *Store) Changes(ctx context.Context, kinds []changes.Kind, limit int) ([]changes.Item, error) {
	wanted, err := encode(kinds)
	if err != nil {
		return nil, failure(err)
	}
	rows, err := s.read.QueryContext(ctx, `SELECT seq, kind, account, id, generation, mark, index_id, status, executed_at, was FROM changes
		WHERE kind IN (SELECT value FROM json_each(?)) ORDER BY seq LIMIT ?`, wanted, limit)
	if err != nil {
		return nil, failure(err)
	}
	return collect(rows, scanChange)
}

func scanChange(rows *sql.Rows) (i changes.Item, err error) {
	var seq int64
	var id, was string
	if err := rows.Scan(&seq, &i.Kind, &i.AccountID, &id, &i.Generation, &i.Mark, &i.IndexID, &i.Status, &i.ExecutedAt, &was); err != nil {
		return i, err
	}
	if i.Was, err = decode[changes.Was](was); err != nil {
		return i, err
	}
	i.ID = strconv.FormatInt(seq, 10)
	if i.Kind == changes.KindExport {
		i.ExportID = id
	} else {
		i.RunID = id
	}
	return i, nil
}

// Forget drops changes, by their ids, once they are handled. What is forgotten already stays so.
func (s *Store) Forget(ctx context.Context, ids []string) error {
	gone, err := encode(ids)
	if err != nil {
		return failure(err)
	}
	_, err = s.write.ExecContext(ctx, `DELETE FROM changes WHERE seq IN (SELECT CAST(value AS INTEGER) FROM json_each(?))`, gone)
	return failure(err)
}

// ForgetOthers drops the changes of every kind but these: of those that nobody here is told of.
func (s *Store) ForgetOthers(ctx context.Context, kinds []changes.Kind) error {
	wanted, err := encode(kinds)
	if err != nil {
		return failure(err)
	}
	_, err = s.write.ExecContext(ctx, `DELETE FROM changes WHERE kind NOT IN (SELECT value FROM json_each(?))`, wanted)
	return failure(err)
}
