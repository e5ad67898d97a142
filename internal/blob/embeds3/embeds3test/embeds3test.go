// Package embeds3test gives a test binary its embedded S3. There is one for all tests of the binary, since the gateway
// allows one per process; each test takes buckets of its own.
package embeds3test

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/videovector/exports/internal/blob/embeds3"
)

// What the server accepts.
const (
	AccessKeyID     = "access"
	SecretAccessKey = "secretsecret"
	Region          = "us-east-1"
)

var (
	server  *embeds3.Server // started by Main before any test
	buckets atomic.Int64
)

// Main is for TestMain: it runs the tests over a server in a fresh folder and gives the exit code.
func Main(m *testing.M) int {
	dir, err := os.MkdirTemp("", "embeds3")
	if err != nil {
		return failed(err)
	}
	defer os.RemoveAll(dir)
	server, err = embeds3.Start(context.Background(), embeds3.Config{
		Dir: dir, Addr: "127.0.0.1:0", AccessKeyID: AccessKeyID, SecretAccessKey: SecretAccessKey, Region: Region,
	})
	if err != nil {
		return failed(err)
	}
	code := m.Run()
	if err := server.Close(); err != nil {
		return failed(err)
	}
	return code
}

func failed(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// Endpoint is the server's base address.
func Endpoint() string { return server.Endpoint() }

// Config is how a client is let in.
func Config() aws.Config {
	return aws.Config{Region: Region, Credentials: credentials.NewStaticCredentialsProvider(AccessKeyID, SecretAccessKey, "")}
}

// Bucket makes a bucket that no other test has and gives its name.
func Bucket(t *testing.T) string {
	t.Helper()
	client := s3.NewFromConfig(Config(), func(o *s3.Options) { o.BaseEndpoint, o.UsePathStyle = aws.String(Endpoint()), true })
	name := fmt.Sprintf("bucket-%d", buckets.Add(1))
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
		t.Fatal(err)
	}
	return name
}
