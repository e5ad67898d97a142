// Package dynamostore keeps the service's records in one DynamoDB table. Every item has the attributes pk and sk;
// keys.go says what stands in them, the row types say which attributes follow. The platform writes the catalogue's
// items by the same rules.
package dynamostore

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/videovector/exports/internal/store"
)

// API is what the store calls of DynamoDB; *dynamodb.Client has it. The client retries throttling and lost
// connections inside a call.
type API interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// Store keeps its records in one table.
type Store struct {
	client API
	table  string
}

var _ store.Store = (*Store)(nil)

// New is the store in the table, which CreateTable or the deployed template made.
func New(client API, table string) *Store { return &Store{client: client, table: table} }
