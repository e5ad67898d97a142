package dynamostore

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/videovector/exports/internal/store"
)

type connectorRow struct {
	ID             string    `dynamodbav:"connector_id"`
	AccountID      string    `dynamodbav:"account_id"`
	Name           string    `dynamodbav:"name"`
	Provider       string    `dynamodbav:"provider"`
	Status         string    `dynamodbav:"status"`
	Scopes         []string  `dynamodbav:"scopes,omitempty"`
	ImportMode     string    `dynamodbav:"import_mode,omitempty"`
	ExportBasePath string    `dynamodbav:"export_base_path"`
	Bucket         string    `dynamodbav:"bucket"`
	Region         string    `dynamodbav:"region"`
	RoleARN        string    `dynamodbav:"role_arn,omitempty"`
	ExternalID     string    `dynamodbav:"external_id,omitempty"`
	StorageAccount string    `dynamodbav:"storage_account,omitempty"`
	Container      string    `dynamodbav:"container,omitempty"`
	GCPProjectID   string    `dynamodbav:"gcp_project_id,omitempty"`
	Secret         []byte    `dynamodbav:"secret,omitempty"`
	LastTestedAt   time.Time `dynamodbav:"last_tested_at,omitempty"`
	LastTestResult string    `dynamodbav:"last_test_result,omitempty"`
	LastTestError  string    `dynamodbav:"last_test_error,omitempty"`
	CreatedAt      time.Time `dynamodbav:"created_at,omitempty"`
	UpdatedAt      time.Time `dynamodbav:"updated_at,omitempty"`
	Revision       int64     `dynamodbav:"revision"`
}

// connectorItem is the row with the writer's token, as in exports.
type connectorItem struct {
	connectorRow
	WriteToken string `dynamodbav:"write_token"`
}

// CreateConnector writes connector and idempotency record in one transaction, or answers with the live record of the key.
func (s *Store) CreateConnector(ctx context.Context, c store.Connector, idem *store.Idempotency) (store.Idempotency, bool, error) {
	if idem == nil {
		_, saved, err := s.putConnector(ctx, c, absentItem)
		if err == nil && !saved {
			err = store.ErrConnectorExists
		}
		return store.Idempotency{}, saved && err == nil, err
	}
	if err := writable(c.AccountID, c.ID); err != nil {
		return store.Idempotency{}, false, err
	}
	created, err := encode(connectorKey(c.AccountID, c.ID), connectorItem{connectorRow(c), token()})
	if err != nil {
		return store.Idempotency{}, false, err
	}
	return s.createUnder(ctx, creation{idem, created, store.ErrConnectorExists, nil})
}

// Connector is one connector of the account.
func (s *Store) Connector(ctx context.Context, account, id string) (store.Connector, error) {
	if !valid(account, id) {
		return store.Connector{}, store.ErrConnectorNotFound
	}
	row, err := get[connectorRow](ctx, s, connectorKey(account, id), store.ErrConnectorNotFound)
	return store.Connector(row), err
}

// ListConnectors gives the account's connectors without their secrets, the highest id first.
func (s *Store) ListConnectors(ctx context.Context, account string) (all []store.Connector, err error) {
	if !valid(account) {
		return nil, nil
	}
	rows, err := withoutSecrets[connectorRow](ctx, s, connectorKey(account, ""))
	for _, row := range rows {
		all = append(all, store.Connector(row))
	}
	return all, err
}

// SaveConnector is one conditional write. As in SaveExport, a repetition that finds the write's own token succeeds.
func (s *Store) SaveConnector(ctx context.Context, next store.Connector, revision int64) (store.Connector, error) {
	next.Revision = revision + 1
	there, saved, err := s.putConnector(ctx, next, ofRevision(revision))
	switch {
	case err != nil:
		return store.Connector{}, err
	case saved:
		return next, nil
	case !there:
		return store.Connector{}, store.ErrConnectorNotFound
	}
	return store.Connector{}, store.Overtaken("connector")
}

// ofRevision holds for a connector of the revision. One that was never saved may have none: the platform's side writes
// such.
func ofRevision(n int64) condition {
	c := condition{expression: "revision = :revision", values: item{":revision": number(n)}}
	if n == 0 {
		c.expression += " OR attribute_exists(pk) AND attribute_not_exists(revision)"
	}
	return c
}

// putConnector writes the connector if the condition holds, as putMine says.
func (s *Store) putConnector(ctx context.Context, c store.Connector, when condition) (there, saved bool, err error) {
	if err := writable(c.AccountID, c.ID); err != nil {
		return false, false, err
	}
	mine := token()
	i, err := encode(connectorKey(c.AccountID, c.ID), connectorItem{connectorRow(c), mine})
	if err != nil {
		return false, false, err
	}
	return s.putMine(ctx, i, mine, when)
}

// DeleteConnector removes the connector. It is a transaction of one, so that the SDK's repetitions of a lost reply count
// as one and the connector's absence is told only to those who didn't cause it.
func (s *Store) DeleteConnector(ctx context.Context, account, id string) error {
	if !valid(account, id) {
		return store.ErrConnectorNotFound
	}
	_, err := s.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
		ClientRequestToken: aws.String(token()),
		TransactItems: []types.TransactWriteItem{{Delete: &types.Delete{
			TableName: aws.String(s.table), Key: connectorKey(account, id).attributes(),
			ConditionExpression: aws.String("attribute_exists(pk)"),
		}}},
	})
	if reason(err, reasonCondition) {
		return store.ErrConnectorNotFound
	}
	return failure(err)
}

// PutConnector replaces the connector.
func (s *Store) PutConnector(ctx context.Context, c store.Connector) error {
	if err := writable(c.AccountID, c.ID); err != nil {
		return err
	}
	return s.put(ctx, connectorKey(c.AccountID, c.ID), connectorRow(c))
}
