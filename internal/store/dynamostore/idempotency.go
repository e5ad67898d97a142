package dynamostore

import (
	"context"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

// idempotencyRow is an idempotency record. ExpiresAt decides; TTL only lets DynamoDB clear away, days later perhaps.
type idempotencyRow struct {
	AccountID   string `dynamodbav:"account_id"`
	Route       string `dynamodbav:"route"`
	Key         string `dynamodbav:"key"`
	Fingerprint string `dynamodbav:"fingerprint"`
	ResourceID  string `dynamodbav:"resource_id"`
	Reply       []byte `dynamodbav:"reply,omitempty"`
	ExpiresAt   millis `dynamodbav:"expires_at"`
	TTL         int64  `dynamodbav:"ttl"`
}

func rowOfIdempotency(i store.Idempotency) idempotencyRow {
	return idempotencyRow{
		AccountID: i.AccountID, Route: i.Route, Key: i.Key, Fingerprint: i.Fingerprint, ResourceID: i.ResourceID, Reply: i.Reply,
		ExpiresAt: millis(i.ExpiresAt), TTL: i.ExpiresAt.Unix() + 1,
	}
}

func (r idempotencyRow) idempotency() store.Idempotency {
	return store.Idempotency{
		IdempotencyKey: store.IdempotencyKey{AccountID: r.AccountID, Route: r.Route, Key: r.Key},
		Fingerprint:    r.Fingerprint, ResourceID: r.ResourceID, Reply: r.Reply, ExpiresAt: time.Time(r.ExpiresAt),
	}
}

// Idempotency is the live record of a key at the time now.
func (s *Store) Idempotency(ctx context.Context, key store.IdempotencyKey, now time.Time) (store.Idempotency, error) {
	if !valid(key.AccountID, key.Route, key.Key) {
		return store.Idempotency{}, store.ErrIdempotencyNotFound
	}
	row, err := get[idempotencyRow](ctx, s, idempotencyKey(key), store.ErrIdempotencyNotFound)
	if err != nil {
		return store.Idempotency{}, err
	}
	if rec := row.idempotency(); rec.ExpiresAt.After(now) {
		return rec, nil
	}
	return store.Idempotency{}, store.ErrIdempotencyNotFound
}

// expiredBy holds where there is no record, or one that has expired at the time now.
func expiredBy(now time.Time) condition {
	return condition{
		expression: "attribute_not_exists(pk) OR expires_at <= :now",
		values:     item{":now": number(now.UnixMilli())},
	}
}

// kept is the record as it is read back.
func kept(i store.Idempotency) store.Idempotency {
	i.ExpiresAt, i.Now = export.Stamp(i.ExpiresAt), time.Time{}
	return i
}
