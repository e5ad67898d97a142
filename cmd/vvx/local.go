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
	BaseURL    string `json:"base_url"`
	TLSBaseURL string `json:"tls_base_url"`
	CAFile     string `json:"ca_file"`
	APIKeys    struct {
		Admin string `json:"admin"`
	} `json:"api_keys"`
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

func readCoordinates(file string) (c coordinates, err error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return c, fmt.Errorf("%s can't be read: %w", file, err)
	}
	return c, nil
}

// notRunning says what to do when the local service's file is not there; any other error stays what it is.
func notRunning(file string, err error) error {
	if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return fault.Newf(fault.Unavailable, "local_not_running", "%s does not exist. Start the local service with \"go run ./cmd/local\" in this folder, or name its file with --local FILE.", file)
}

func (c coordinates) aws() aws.Config {
	return aws.Config{Region: c.S3Region, Credentials: credentials.NewStaticCredentialsProvider(c.S3AccessKeyID, c.S3SecretAccessKey, "")}
}

// bucket is a bucket of the local service's S3.
func (c coordinates) bucket(name string) *s3blob.Bucket {
	return s3blob.New(s3blob.NewClient(c.aws(), c.S3Endpoint), name)
}

// openLocal finds the running local service by its local.json.
func openLocal(ctx context.Context, file string) (*localService, error) {
	c, err := readCoordinates(file)
	if err != nil {
		return nil, notRunning(file, err)
	}
	s := &localService{AccountID: c.AccountID, Results: c.bucket(c.ResultsBucket)}
	if c.DynamoDBEndpoint != "" {
		client := dynamodb.NewFromConfig(c.aws(), func(o *dynamodb.Options) { o.BaseEndpoint = aws.String(c.DynamoDBEndpoint) })
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
