package sqlitestore

import (
	"context"
	"database/sql"
	"time"

	"github.com/videovector/exports/internal/store"
)

// CreateDelivery writes the delivery unless there is one, and clears away those whose time was up when it was made.
func (s *Store) CreateDelivery(ctx context.Context, d store.Delivery) (created bool, err error) {
	record, err := encode(d)
	if err != nil {
		return false, store.Broken(err)
	}
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `INSERT INTO deliveries (account, id, webhook, status, revision, due_ms, expires_ms, record)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			d.AccountID, d.ID, d.WebhookID, d.Status, d.Revision, dueDelivery(d), d.ExpiresAt.UnixMilli(), record)
		if err != nil {
			return err
		}
		n, err := done.RowsAffected()
		if created = n == 1; err != nil || !created || d.CreatedAt.IsZero() {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM deliveries WHERE expires_ms < ?`, d.CreatedAt.UnixMilli())
		return err
	})
	return created && err == nil, err
}

func dueDelivery(d store.Delivery) sql.NullInt64 {
	return sql.NullInt64{Int64: d.DueAt.UnixMilli(), Valid: !d.DueAt.IsZero()}
}

// Delivery is one delivery of the account.
func (s *Store) Delivery(ctx context.Context, account, id string) (store.Delivery, error) {
	return one[store.Delivery](ctx, s.read, store.ErrDeliveryNotFound, `SELECT record FROM deliveries WHERE account = ? AND id = ?`, account, id)
}

// ListDeliveries gives the webhook's deliveries without their bodies, the highest id first.
func (s *Store) ListDeliveries(ctx context.Context, account, webhookID string, q store.DeliveryQuery) ([]store.Delivery, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT json_remove(record, '$.Body') FROM deliveries
		WHERE account = ? AND webhook = ? AND (? = '' OR status = ?) ORDER BY id DESC LIMIT ?`, account, webhookID, q.Status, q.Status, q.Limit)
	if err != nil {
		return nil, failure(err)
	}
	return collect(rows, scanRecord[store.Delivery])
}

// SaveDelivery is one conditional statement; only a refusal costs a second one, to learn why.
func (s *Store) SaveDelivery(ctx context.Context, next store.Delivery, revision int64) (store.Delivery, error) {
	next.Revision = revision + 1
	record, err := encode(next)
	if err != nil {
		return store.Delivery{}, store.Broken(err)
	}
	done, err := s.write.ExecContext(ctx, `UPDATE deliveries SET status = ?, revision = ?, due_ms = ?, expires_ms = ?, record = ?
		WHERE account = ? AND id = ? AND revision = ?`,
		next.Status, next.Revision, dueDelivery(next), next.ExpiresAt.UnixMilli(), record, next.AccountID, next.ID, revision)
	if err != nil {
		return store.Delivery{}, failure(err)
	}
	if n, err := done.RowsAffected(); err != nil || n == 1 {
		return next, failure(err)
	}
	if _, err := s.Delivery(ctx, next.AccountID, next.ID); err != nil {
		return store.Delivery{}, err
	}
	return store.Delivery{}, store.Overtaken("delivery")
}

// DueDeliveries lists the deliveries that are due; accounts take turns. It doesn't lag.
func (s *Store) DueDeliveries(ctx context.Context, now time.Time, limit int) ([]store.DeliveryRef, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT account, id FROM deliveries WHERE due_ms <= ?
		ORDER BY row_number() OVER (PARTITION BY account ORDER BY due_ms, id), due_ms, account, id LIMIT ?`,
		now.UnixMilli(), limit)
	if err != nil {
		return nil, failure(err)
	}
	return collect(rows, func(rows *sql.Rows) (r store.DeliveryRef, err error) {
		err = rows.Scan(&r.AccountID, &r.DeliveryID)
		return r, err
	})
}
