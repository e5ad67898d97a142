package sqlitestore

import (
	"context"
	"database/sql"

	"github.com/videovector/exports/internal/store"
)

// CreateWebhook writes webhook and idempotency record in one transaction, or answers with the live record of the key.
func (s *Store) CreateWebhook(ctx context.Context, w store.Webhook, idem *store.Idempotency) (store.Idempotency, bool, error) {
	return s.create(ctx, idem, func(tx *sql.Tx) error {
		record, err := encode(w)
		if err != nil {
			return err
		}
		done, err := tx.ExecContext(ctx, `INSERT INTO webhooks (account, id, revision, record) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			w.AccountID, w.ID, w.Revision, record)
		if err != nil {
			return err
		}
		return changedOne(done, store.ErrWebhookExists)
	})
}

// Webhook is one webhook of the account.
func (s *Store) Webhook(ctx context.Context, account, id string) (store.Webhook, error) {
	return one[store.Webhook](ctx, s.read, store.ErrWebhookNotFound, `SELECT record FROM webhooks WHERE account = ? AND id = ?`, account, id)
}

// ListWebhooks gives the account's webhooks without their secrets, the highest id first.
func (s *Store) ListWebhooks(ctx context.Context, account string) ([]store.Webhook, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT json_remove(record, '$.Secret') FROM webhooks WHERE account = ? ORDER BY id DESC`, account)
	if err != nil {
		return nil, failure(err)
	}
	return collect(rows, scanRecord[store.Webhook])
}

// scanRecord reads the one column record.
func scanRecord[T any](rows *sql.Rows) (v T, err error) {
	var record string
	if err := rows.Scan(&record); err != nil {
		return v, err
	}
	return decode[T](record)
}

// SaveWebhook is one conditional statement; only a refusal costs a second one, to learn why.
func (s *Store) SaveWebhook(ctx context.Context, next store.Webhook, revision int64) (store.Webhook, error) {
	next.Revision = revision + 1
	record, err := encode(next)
	if err != nil {
		return store.Webhook{}, store.Broken(err)
	}
	done, err := s.write.ExecContext(ctx, `UPDATE webhooks SET revision = ?, record = ? WHERE account = ? AND id = ? AND revision = ?`,
		next.Revision, record, next.AccountID, next.ID, revision)
	if err != nil {
		return store.Webhook{}, failure(err)
	}
	if n, err := done.RowsAffected(); err != nil || n == 1 {
		return next, failure(err)
	}
	if _, err := s.Webhook(ctx, next.AccountID, next.ID); err != nil {
		return store.Webhook{}, err
	}
	return store.Webhook{}, store.Overtaken("webhook")
}

// DeleteWebhook removes the webhook.
func (s *Store) DeleteWebhook(ctx context.Context, account, id string) error {
	done, err := s.write.ExecContext(ctx, `DELETE FROM webhooks WHERE account = ? AND id = ?`, account, id)
	if err != nil {
		return failure(err)
	}
	return failure(changedOne(done, store.ErrWebhookNotFound))
}
