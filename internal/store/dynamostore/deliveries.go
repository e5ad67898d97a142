package dynamostore

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/videovector/exports/internal/store"
)

// deliveryRow is a delivery. OpenShard and DueAt are there as long as another attempt is to come: they put the item into
// the index, beside the open exports. TTL lets DynamoDB clear it away.
type deliveryRow struct {
	ID             string    `dynamodbav:"delivery_id"`
	AccountID      string    `dynamodbav:"account_id"`
	WebhookID      string    `dynamodbav:"webhook_id"`
	EventID        string    `dynamodbav:"event_id"`
	EventType      string    `dynamodbav:"event_type"`
	Status         string    `dynamodbav:"status"`
	Attempts       int       `dynamodbav:"attempts"`
	Body           []byte    `dynamodbav:"body,omitempty"`
	ResponseStatus int       `dynamodbav:"response_status,omitempty"`
	ResponseBody   string    `dynamodbav:"response_body,omitempty"`
	ErrorMessage   string    `dynamodbav:"error_message,omitempty"`
	CreatedAt      time.Time `dynamodbav:"created_at,omitempty"`
	LastAttemptAt  time.Time `dynamodbav:"last_attempt_at,omitempty"`
	CompletedAt    time.Time `dynamodbav:"completed_at,omitempty"`
	DueAt          millis    `dynamodbav:"due_at,omitempty"`
	GiveUpAt       time.Time `dynamodbav:"give_up_at,omitempty"`
	ExpiresAt      time.Time `dynamodbav:"expires_at,omitempty"`
	Revision       int64     `dynamodbav:"revision"`
}

type deliveryItem struct {
	deliveryRow
	OpenShard  string `dynamodbav:"open_shard,omitempty"`
	TTL        int64  `dynamodbav:"ttl,omitempty"`
	WriteToken string `dynamodbav:"write_token"`
}

func rowOfDelivery(d store.Delivery) deliveryRow {
	return deliveryRow{
		ID: d.ID, AccountID: d.AccountID, WebhookID: d.WebhookID, EventID: d.EventID, EventType: d.EventType,
		Status: d.Status, Attempts: d.Attempts, Body: d.Body,
		ResponseStatus: d.ResponseStatus, ResponseBody: d.ResponseBody, ErrorMessage: d.ErrorMessage,
		CreatedAt: d.CreatedAt, LastAttemptAt: d.LastAttemptAt, CompletedAt: d.CompletedAt,
		DueAt: millis(d.DueAt), GiveUpAt: d.GiveUpAt, ExpiresAt: d.ExpiresAt, Revision: d.Revision,
	}
}

func (r deliveryRow) delivery() store.Delivery {
	return store.Delivery{
		ID: r.ID, AccountID: r.AccountID, WebhookID: r.WebhookID, EventID: r.EventID, EventType: r.EventType,
		Status: r.Status, Attempts: r.Attempts, Body: r.Body,
		ResponseStatus: r.ResponseStatus, ResponseBody: r.ResponseBody, ErrorMessage: r.ErrorMessage,
		CreatedAt: r.CreatedAt, LastAttemptAt: r.LastAttemptAt, CompletedAt: r.CompletedAt,
		DueAt: time.Time(r.DueAt), GiveUpAt: r.GiveUpAt, ExpiresAt: r.ExpiresAt, Revision: r.Revision,
	}
}

// putDelivery writes the delivery if the condition holds, as putMine says.
func (s *Store) putDelivery(ctx context.Context, d store.Delivery, when condition) (there, saved bool, err error) {
	if err := writable(d.AccountID, d.ID, d.WebhookID); err != nil {
		return false, false, err
	}
	row := deliveryItem{deliveryRow: rowOfDelivery(d), WriteToken: token()}
	if !d.DueAt.IsZero() {
		row.OpenShard = shardFor(openDeliveries, d.ID)
	}
	if !d.ExpiresAt.IsZero() {
		row.TTL = d.ExpiresAt.Unix() + 1
	}
	i, err := encode(deliveryKey(d.AccountID, d.ID), row)
	if err != nil {
		return false, false, err
	}
	return s.putMine(ctx, i, row.WriteToken, when)
}

// CreateDelivery writes the delivery unless there is one.
func (s *Store) CreateDelivery(ctx context.Context, d store.Delivery) (bool, error) {
	_, saved, err := s.putDelivery(ctx, d, absentItem)
	return saved, err
}

// Delivery is one delivery of the account.
func (s *Store) Delivery(ctx context.Context, account, id string) (store.Delivery, error) {
	if !valid(account, id) {
		return store.Delivery{}, store.ErrDeliveryNotFound
	}
	row, err := get[deliveryRow](ctx, s, deliveryKey(account, id), store.ErrDeliveryNotFound)
	return row.delivery(), err
}

// SaveDelivery is one conditional write.
func (s *Store) SaveDelivery(ctx context.Context, next store.Delivery, revision int64) (store.Delivery, error) {
	next.Revision = revision + 1
	there, saved, err := s.putDelivery(ctx, next, ofRevision(revision))
	switch {
	case err != nil:
		return store.Delivery{}, err
	case saved:
		return next, nil
	case !there:
		return store.Delivery{}, store.ErrDeliveryNotFound
	}
	return store.Delivery{}, store.Overtaken("delivery")
}

// ListDeliveries is a backwards query of the deliveries whose ids begin with the webhook's.
func (s *Store) ListDeliveries(ctx context.Context, account, webhookID string, q store.DeliveryQuery) (all []store.Delivery, err error) {
	if !valid(account, webhookID) {
		return nil, nil
	}
	in := s.backwards(deliveryKey(account, store.DeliveryPrefix(webhookID)))
	in.Limit = aws.Int32(scanned)
	for range maxListQueries {
		out, err := s.client.Query(ctx, in)
		if err != nil {
			return nil, failure(err)
		}
		for _, i := range out.Items {
			delete(i, "body")
			row, err := decode[deliveryRow](i)
			if err != nil {
				return nil, err
			}
			if row.WebhookID == webhookID && (q.Status == "" || q.Status == row.Status) {
				all = append(all, row.delivery())
			}
			if len(all) == q.Limit {
				return all, nil
			}
		}
		if in.ExclusiveStartKey = out.LastEvaluatedKey; in.ExclusiveStartKey == nil {
			break
		}
	}
	return all, nil
}

// DueDeliveries asks the index of open exports, which has the deliveries in partitions of their own. Accounts take turns among
// the first of each partition: whoever can't send what is due puts it off, so none fills them for long.
func (s *Store) DueDeliveries(ctx context.Context, now time.Time, limit int) ([]store.DeliveryRef, error) {
	due, err := s.dueAmong(ctx, dueShards, shardsOf(openDeliveries), now, limit)
	var all []store.DeliveryRef
	for _, r := range store.InTurns(refs(due), store.Ref.Owner, limit) {
		all = append(all, store.DeliveryRef{AccountID: r.AccountID, DeliveryID: strings.TrimPrefix(r.ExportID, deliveryPrefix)})
	}
	return all, err
}
