package dynamostore

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/videovector/exports/internal/store"
)

type webhookRow struct {
	ID            string    `dynamodbav:"webhook_id"`
	AccountID     string    `dynamodbav:"account_id"`
	Name          string    `dynamodbav:"name"`
	URL           string    `dynamodbav:"url"`
	Events        []string  `dynamodbav:"events,omitempty"`
	IndexIDs      []string  `dynamodbav:"index_ids,omitempty"`
	Status        string    `dynamodbav:"status"`
	FailureCount  int       `dynamodbav:"failure_count"`
	LastFailureAt time.Time `dynamodbav:"last_failure_at,omitempty"`
	LastSuccessAt time.Time `dynamodbav:"last_success_at,omitempty"`
	Metadata      string    `dynamodbav:"metadata,omitempty"`
	Secret        []byte    `dynamodbav:"secret,omitempty"`
	CreatedAt     time.Time `dynamodbav:"created_at,omitempty"`
	UpdatedAt     time.Time `dynamodbav:"updated_at,omitempty"`
	Revision      int64     `dynamodbav:"revision"`
}

// webhookItem is the row with the writer's token, as in exports.
type webhookItem struct {
	webhookRow
	WriteToken string `dynamodbav:"write_token"`
}

// CreateWebhook writes webhook and idempotency record in one transaction, or answers with the live record of the key.
func (s *Store) CreateWebhook(ctx context.Context, w store.Webhook, idem *store.Idempotency) (store.Idempotency, bool, error) {
	if err := writable(w.AccountID, w.ID); err != nil {
		return store.Idempotency{}, false, err
	}
	k, mine := webhookKey(w.AccountID, w.ID), token()
	made, err := encode(k, webhookItem{webhookRow(w), mine})
	if err != nil {
		return store.Idempotency{}, false, err
	}
	if idem != nil {
		return s.createUnder(ctx, creation{idem, made, store.ErrWebhookExists, nil})
	}
	_, saved, err := s.putMine(ctx, made, mine, absentItem)
	if err == nil && !saved {
		err = store.ErrWebhookExists
	}
	return store.Idempotency{}, saved && err == nil, err
}

// Webhook is one webhook of the account.
func (s *Store) Webhook(ctx context.Context, account, id string) (store.Webhook, error) {
	if !valid(account, id) {
		return store.Webhook{}, store.ErrWebhookNotFound
	}
	row, err := get[webhookRow](ctx, s, webhookKey(account, id), store.ErrWebhookNotFound)
	return store.Webhook(row), err
}

// ListWebhooks gives the account's webhooks without their secrets, the highest id first.
func (s *Store) ListWebhooks(ctx context.Context, account string) (all []store.Webhook, err error) {
	if !valid(account) {
		return nil, nil
	}
	rows, err := withoutSecrets[webhookRow](ctx, s, webhookKey(account, ""))
	for _, row := range rows {
		all = append(all, store.Webhook(row))
	}
	return all, err
}

// SaveWebhook is one conditional write. As in SaveExport, a repetition that finds the write's own token succeeds.
func (s *Store) SaveWebhook(ctx context.Context, next store.Webhook, revision int64) (store.Webhook, error) {
	next.Revision = revision + 1
	if err := writable(next.AccountID, next.ID); err != nil {
		return store.Webhook{}, err
	}
	mine := token()
	i, err := encode(webhookKey(next.AccountID, next.ID), webhookItem{webhookRow(next), mine})
	if err != nil {
		return store.Webhook{}, err
	}
	there, saved, err := s.putMine(ctx, i, mine, ofRevision(revision))
	switch {
	case err != nil:
		return store.Webhook{}, err
	case saved:
		return next, nil
	case !there:
		return store.Webhook{}, store.ErrWebhookNotFound
	}
	return store.Webhook{}, store.Overtaken("webhook")
}

// DeleteWebhook removes the webhook, as DeleteConnector does a connector.
func (s *Store) DeleteWebhook(ctx context.Context, account, id string) error {
	if !valid(account, id) {
		return store.ErrWebhookNotFound
	}
	_, err := s.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
		ClientRequestToken: aws.String(token()),
		TransactItems: []types.TransactWriteItem{{Delete: &types.Delete{
			TableName: aws.String(s.table), Key: webhookKey(account, id).attributes(),
			ConditionExpression: aws.String("attribute_exists(pk)"),
		}}},
	})
	if reason(err, reasonCondition) {
		return store.ErrWebhookNotFound
	}
	return failure(err)
}
