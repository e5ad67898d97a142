package s3conn_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/videovector/exports/internal/blob/embeds3/embeds3test"
	"github.com/videovector/exports/internal/blob/s3blob"
	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/connector/conntest"
	"github.com/videovector/exports/internal/connector/conntest/faultproxy"
	"github.com/videovector/exports/internal/connector/guard"
	"github.com/videovector/exports/internal/connector/s3conn"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/store"
)

func TestMain(m *testing.M) { os.Exit(embeds3test.Main(m)) }

// partBytes is the least that the store takes.
const partBytes = 5 << 20

func TestConformance(t *testing.T) {
	conntest.Run(t, func(t *testing.T) conntest.Harness {
		line := faultproxy.New(t, faultproxy.Config{Upstream: embeds3test.Endpoint(), Refuse: refuse})
		o := opener(t, line.URL())
		return conntest.Harness{
			Target: open(t, o, record(embeds3test.Bucket(t))), Line: line, LargeBytes: partBytes + 1,
			Gone:    open(t, o, record("gone")),
			Revoked: open(t, o, withKeys(t, o, record(embeds3test.Bucket(t)), "another secret")),
		}
	})
}

// refuse answers as S3 does.
func refuse(w http.ResponseWriter, status int) {
	code := map[int]string{409: "ConditionalRequestConflict", 412: "PreconditionFailed", 429: "TooManyRequests", 500: "InternalError", 503: "SlowDown", 307: "TemporaryRedirect"}[status]
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>m</Message></Error>`, code)
}

// opener reaches the endpoint and, of all other places, none. A call is made once, so that each fault is seen.
func opener(t *testing.T, endpoint string) s3conn.Opener {
	t.Helper()
	sealer, err := seal.NewKeyFile(t.TempDir() + "/key")
	if err != nil {
		t.Fatal(err)
	}
	client := guard.NewClient(guard.Config{Allow: []string{strings.TrimPrefix(endpoint, "http://")}})
	return s3conn.Opener{Sealer: sealer, Client: client, Endpoint: endpoint, Attempts: 1, PartBytes: partBytes}
}

func record(bucket string) store.Connector {
	return store.Connector{ID: "conn_1", AccountID: "acct", Provider: "s3", Bucket: bucket, Region: embeds3test.Region}
}

// withKeys seals the keys into the record.
func withKeys(t *testing.T, o s3conn.Opener, c store.Connector, secret string) store.Connector {
	t.Helper()
	sealed, err := seal.SealSecrets(t.Context(), o.Sealer, seal.Context{AccountID: c.AccountID, ConnectorID: c.ID}, seal.Secrets{
		connector.S3AccessKeyID: seal.NewSecret(embeds3test.AccessKeyID), connector.S3SecretAccessKey: seal.NewSecret(secret),
	})
	if err != nil {
		t.Fatal(err)
	}
	c.Secret = sealed
	return c
}

// open opens the record, with the right keys where it has none yet and no role.
func open(t *testing.T, o s3conn.Opener, c store.Connector) connector.Target {
	t.Helper()
	if c.Secret == nil && c.RoleARN == "" {
		c = withKeys(t, o, c, embeds3test.SecretAccessKey)
	}
	target, err := o.OpenTarget(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// openUploads are the multipart uploads of the bucket that nobody ended.
func openUploads(t *testing.T, bucket string) int {
	t.Helper()
	client := s3blob.NewClient(embeds3test.Config(), embeds3test.Endpoint())
	out, err := client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: aws.String(bucket)})
	if err != nil {
		t.Fatal(err)
	}
	return len(out.Uploads)
}
