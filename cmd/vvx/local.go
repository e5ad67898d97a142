package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/blob/s3blob"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/dynamostore"
	"github.com/videovector/exports/internal/store/sqlitestore"
)

// localService is the part of a running local service that vvx works on directly: the catalogue and the results.
type localService struct {
	Store     store.Store
	Results   blob.Bucket
	AccountID string
	Close     func() error
}

// coordinates is what vvx reads of local.json.
type coordinates struct {
	S3Endpoint        string `json:"s3_endpoint"`
	S3Region          string `json:"s3_region"`
	S3AccessKeyID     string `json:"s3_access_key_id"`
	S3SecretAccessKey string `json:"s3_secret_access_key"`
	ResultsBucket     string `json:"results_bucket"`
	AccountID         string `json:"account_id"`
	RecordsFile       string `json:"records_file"`
	DynamoDBEndpoint  string `json:"dynamodb_endpoint"`
	TableName         string `json:"table_name"`
}

// openLocal finds the running local service by its local.json.
func openLocal(ctx context.Context, file string) (*localService, error) {
	raw, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fault.Newf(fault.NotFound, "local_not_running", "%s does not exist. Start the local service with \"go run ./cmd/local\" in this folder, or name its file with --local FILE.", file)
	}
	if err != nil {
		return nil, err
	}
	var c coordinates
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, fmt.Errorf("%s can't be read: %w", file, err)
	}
	cfg := aws.Config{Region: c.S3Region, Credentials: credentials.NewStaticCredentialsProvider(c.S3AccessKeyID, c.S3SecretAccessKey, "")}
	s := &localService{AccountID: c.AccountID, Results: s3blob.New(s3blob.NewClient(cfg, c.S3Endpoint), c.ResultsBucket)}
	if c.DynamoDBEndpoint != "" {
		client := dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) { o.BaseEndpoint = aws.String(c.DynamoDBEndpoint) })
		s.Store, s.Close = dynamostore.New(client, c.TableName), func() error { return nil }
		return s, nil
	}
	records, err := sqlitestore.Open(ctx, c.RecordsFile)
	if err != nil {
		return nil, err
	}
	s.Store, s.Close = records, records.Close
	return s, nil
}
