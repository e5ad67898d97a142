package sqlitestore

import (
	"context"
	"database/sql"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

// ListExports gives a page, newest first. Its pages are full but for the last.
func (s *Store) ListExports(ctx context.Context, account string, q store.ListQuery) (store.Page, error) {
	where, args := condition(account, q)
	rows, err := s.read.QueryContext(ctx, `SELECT record FROM exports WHERE `+where+` ORDER BY id DESC LIMIT ?`, append(args, q.Limit+1)...) //nolint:gosec // G202: the condition is made of constants; values are arguments
	if err != nil {
		return store.Page{}, failure(err)
	}
	found, err := collect(rows, func(rows *sql.Rows) (export.Export, error) {
		var record string
		if err := rows.Scan(&record); err != nil {
			return export.Export{}, err
		}
		return decode[export.Export](record)
	})
	if err != nil || len(found) <= q.Limit {
		return store.Page{Exports: found}, err
	}
	found = found[:q.Limit]
	return store.Page{Exports: found, NextBefore: found[q.Limit-1].ID}, nil
}

// condition is the WHERE clause of a listing, with its arguments.
func condition(account string, q store.ListQuery) (where string, args []any) {
	where, args = `account = ? AND deleted = 0`, []any{account}
	for _, c := range []struct{ column, value string }{
		{`id <`, q.BeforeID},
		{`status =`, string(q.Status)},
		{`type =`, string(q.Type)},
		{`target =`, q.TargetID},
	} {
		if c.value != "" {
			where, args = where+` AND `+c.column+` ?`, append(args, c.value)
		}
	}
	return where, args
}
