package awslink

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	exports "github.com/videovector/exports"
	"github.com/videovector/exports/internal/localgw"
	"github.com/videovector/exports/internal/stall"
	"github.com/videovector/exports/internal/stall/stalltest"
)

// config is how a client of AWS finds the server.
func config(s *stalltest.Server) aws.Config {
	return aws.Config{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""), BaseEndpoint: aws.String("http://" + s.Address),
	}
}

// TestCallsEnd: a DynamoDB that answers nothing, or breaks off in the middle of a reply, is given up after the limit of each
// attempt; with the deployed limit that is before the authorizer's own time is up.
func TestCallsEnd(t *testing.T) {
	const limit = 100 * time.Millisecond
	for name, says := range map[string]string{
		"before the reply": "", "in its middle": "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: 10\r\n\r\n{",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := stalltest.Serve(t, says)
			cfg := config(server)
			cfg.HTTPClient = Calls(limit)
			begun := time.Now()
			_, err := dynamodb.NewFromConfig(cfg).ListTables(t.Context(), &dynamodb.ListTablesInput{})
			took, attempts := time.Since(begun), time.Duration(server.Connections.Load())
			if err == nil || attempts < 2 {
				t.Fatalf("%d attempts ended with %v", attempts, err)
			}
			deployed := took - attempts*limit + attempts*CallLimit
			if most := authorizerLimit(t); deployed >= most {
				t.Errorf("%d attempts took %v; as deployed that is %v, and the authorizer has %v", attempts, took, deployed, most)
			}
		})
	}
}

func authorizerLimit(t *testing.T) time.Duration {
	t.Helper()
	functions, err := localgw.TemplateFunctions(exports.Template)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range functions {
		if f.Name == "authorize" {
			return f.Timeout
		}
	}
	t.Fatal("the template has no authorizer")
	return 0
}

// TestObjectsEnd: an S3 that stops in the middle of an object, or answers nothing to one, is noticed; it has no other bound.
func TestObjectsEnd(t *testing.T) {
	const silence = 200 * time.Millisecond
	get := func(ctx context.Context, c *s3.Client) error {
		out, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})
		if err != nil {
			return err
		}
		defer out.Body.Close()
		_, err = io.Copy(io.Discard, out.Body)
		return err
	}
	put := func(ctx context.Context, c *s3.Client) error {
		_, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("b"), Key: aws.String("k"), Body: strings.NewReader(strings.Repeat("x", 512<<10))})
		return err
	}
	for name, c := range map[string]struct {
		says string
		call func(context.Context, *s3.Client) error
	}{
		"before the reply":        {"", get},
		"in the middle of a read": {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf.", get},
		"with a write on its way": {"", put},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := config(stalltest.Serve(t, c.says))
			cfg.HTTPClient = Objects(silence)
			begun := time.Now()
			err := c.call(t.Context(), s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle, o.RetryMaxAttempts = true, 1 }))
			var ours *stall.Error
			if !errors.As(err, &ours) || time.Since(begun) > 10*time.Second {
				t.Errorf("after %v: %v", time.Since(begun), err)
			}
		})
	}
}
