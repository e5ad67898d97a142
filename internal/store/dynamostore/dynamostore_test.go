package dynamostore_test

import (
	"crypto/rand"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/dynamostore"
	"github.com/videovector/exports/internal/store/dynamostore/dynamolocal"
	"github.com/videovector/exports/internal/store/storetest"
)

// table makes a table of the test's own.
func table(t *testing.T, options ...func(*dynamodb.Options)) (*dynamodb.Client, string) {
	t.Helper()
	endpoint := dynamolocal.Start(t)
	name := "test-" + rand.Text()
	if err := dynamostore.CreateTable(t.Context(), dynamolocal.Client(endpoint), name); err != nil {
		t.Fatalf("CreateTable: %v", err)
	}
	return dynamolocal.Client(endpoint, options...), name
}

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return dynamostore.New(table(t)) })
}
