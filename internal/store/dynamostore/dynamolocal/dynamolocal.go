// Package dynamolocal gives tests a DynamoDB Local, Amazon's own emulator. scripts/dynamodb.sh installs and runs it.
package dynamolocal

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/videovector/exports/internal/emulator"
)

// server is the one that all tests of a test binary share.
var server = emulator.Emulator{Name: "DynamoDB Local", Script: "dynamodb.sh"}

// Start gives the endpoint of a DynamoDB Local on a free loopback port. All tests of a test binary share one process,
// so each takes a table of its own; it ends with the binary, however that ends. Where Java or Maven is missing, the
// test is skipped and says so; with CI=true it fails instead.
func Start(t testing.TB) (endpoint string) {
	t.Helper()
	return server.Start(t)
}

// Own is Start for a test whose tables have fixed names: the DynamoDB Local is its own, and ends with it.
func Own(t testing.TB) (endpoint string) {
	t.Helper()
	return server.Own(t)
}

// Client is a client of the endpoint with credentials that DynamoDB Local accepts. Options may change it.
func Client(endpoint string, options ...func(*dynamodb.Options)) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
	}, options...)
}
