package dynamostore

import (
	"context"
	"time"

	"github.com/videovector/exports/internal/store"
)

type connectorRow struct {
	ID             string    `dynamodbav:"connector_id"`
	AccountID      string    `dynamodbav:"account_id"`
	Name           string    `dynamodbav:"name"`
	Provider       string    `dynamodbav:"provider"`
	Status         string    `dynamodbav:"status"`
	Scopes         []string  `dynamodbav:"scopes,omitempty"`
	ExportBasePath string    `dynamodbav:"export_base_path"`
	Bucket         string    `dynamodbav:"bucket"`
	Region         string    `dynamodbav:"region"`
	RoleARN        string    `dynamodbav:"role_arn,omitempty"`
	ExternalID     string    `dynamodbav:"external_id,omitempty"`
	StorageAccount string    `dynamodbav:"storage_account,omitempty"`
	Container      string    `dynamodbav:"container,omitempty"`
	Secret         []byte    `dynamodbav:"secret,omitempty"`
	CreatedAt      time.Time `dynamodbav:"created_at,omitempty"`
	UpdatedAt      time.Time `dynamodbav:"updated_at,omitempty"`
}

// Connector is one connector of the account.
func (s *Store) Connector(ctx context.Context, account, id string) (store.Connector, error) {
	if !valid(account, id) {
		return store.Connector{}, store.ErrConnectorNotFound
	}
	row, err := get[connectorRow](ctx, s, connectorKey(account, id), store.ErrConnectorNotFound)
	return store.Connector(row), err
}

// PutConnector replaces the connector.
func (s *Store) PutConnector(ctx context.Context, c store.Connector) error {
	if err := writable(c.AccountID, c.ID); err != nil {
		return err
	}
	return s.put(ctx, connectorKey(c.AccountID, c.ID), connectorRow(c))
}
