package s3conn_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/videovector/exports/internal/blob/embeds3/embeds3test"
	"github.com/videovector/exports/internal/blob/s3blob"
	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/connector/conntest"
	"github.com/videovector/exports/internal/connector/guard"
	"github.com/videovector/exports/internal/connector/s3conn"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

const (
	roleARN    = "arn:aws:iam::123456789012:role/team/exports"
	externalID = "vvx-5f0f7f6d5f0f7f6d5f0f7f6d5f0f7f6d"
	selfKey    = "AKIASELF"
)

// sts gives the embedded S3's keys to whoever takes the one role with its external id, as STS does. A refusal that is
// set comes first.
type sts struct {
	t       *testing.T
	calls   int
	life    time.Duration
	token   string // of the session; the embedded S3 takes none
	refusal func(w http.ResponseWriter) bool
}

// ServeHTTP implements http.Handler.
func (s *sts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.calls++
	if s.refusal != nil && s.refusal(w) {
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if err := r.ParseForm(); err != nil {
		s.t.Error(err)
	}
	if got := r.Header.Get("Authorization"); !strings.Contains(got, "Credential="+selfKey+"/") || !strings.Contains(got, "/us-east-1/sts/aws4_request") {
		s.t.Errorf("signed by %q", got)
	}
	if r.Form.Get("Action") != "AssumeRole" || r.Form.Get("RoleSessionName") != "videovector-conn_1" || r.Form.Get("DurationSeconds") != "3600" {
		s.t.Errorf("asked %v", r.Form)
	}
	if r.Form.Get("RoleArn") != roleARN || r.Form.Get("ExternalId") != externalID {
		deny(w, http.StatusForbidden, "AccessDenied")
		return
	}
	fmt.Fprintf(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>%s</AccessKeyId>`+
		`<SecretAccessKey>%s</SecretAccessKey><SessionToken>%s</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
		embeds3test.AccessKeyID, embeds3test.SecretAccessKey, s.token, time.Now().Add(s.life).UTC().Format(time.RFC3339))
}

func deny(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>User: canary is not authorized</Message></Error></ErrorResponse>`, code)
}

// roleOpener is an opener that may take roles.
func roleOpener(t *testing.T, s *sts) s3conn.Opener {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	o := opener(t, embeds3test.Endpoint())
	o.Client = guard.NewClient(guard.Config{Allow: []string{strings.TrimPrefix(embeds3test.Endpoint(), "http://"), strings.TrimPrefix(server.URL, "http://")}})
	o.STSEndpoint = server.URL
	o.Self = aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider(selfKey, "self-secret", "")}
	return o
}

func roleRecord(bucket string) store.Connector {
	c := record(bucket)
	c.RoleARN, c.ExternalID = roleARN, externalID
	return c
}

// TestRole delivers under a role, which is taken once.
func TestRole(t *testing.T) {
	s := &sts{t: t, life: time.Hour}
	target := open(t, roleOpener(t, s), roleRecord(embeds3test.Bucket(t)))
	for range 3 {
		if _, err := connector.Put(t.Context(), target, small("a")); err != nil {
			t.Error(err)
		}
	}
	if s.calls != 1 {
		t.Errorf("the role was taken %d times", s.calls)
	}
}

// TestRoleIsTakenAgain once its credentials are about to end.
func TestRoleIsTakenAgain(t *testing.T) {
	s := &sts{t: t, life: 4 * time.Minute}
	target := open(t, roleOpener(t, s), roleRecord(embeds3test.Bucket(t)))
	for range 2 {
		if err := target.Remove(t.Context(), "a"); err != nil {
			t.Error(err)
		}
	}
	if s.calls != 2 {
		t.Errorf("the role was taken %d times", s.calls)
	}
}

// TestRolesTokenIsSent with every request: the keys of a session are nothing without it.
func TestRolesTokenIsSent(t *testing.T) {
	o := roleOpener(t, &sts{t: t, life: time.Hour, token: "session-token"})
	var sent []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent = append(sent, r.Header.Get("X-Amz-Security-Token"))
	}))
	defer server.Close()
	o.Endpoint = server.URL
	o.Client = guard.NewClient(guard.Config{Allow: []string{strings.TrimPrefix(server.URL, "http://"), strings.TrimPrefix(o.STSEndpoint, "http://")}})
	if err := open(t, o, roleRecord("bucket")).Remove(t.Context(), "a"); err != nil || len(sent) != 1 || sent[0] != "session-token" {
		t.Errorf("sent %q, %v", sent, err)
	}
}

func TestRoleRefusals(t *testing.T) {
	for _, c := range []struct {
		name    string
		refusal func(w http.ResponseWriter) bool
		change  func(*store.Connector)
		kind    fault.Kind
		code    string
		say     string
	}{
		{"another external id", nil, func(c *store.Connector) { c.ExternalID = "another" }, fault.Invalid, "destination_role_refused", "sts:ExternalId"},
		{"another role", nil, func(c *store.Connector) { c.RoleARN += "2" }, fault.Invalid, "destination_role_refused", "trust policy"},
		{"a value that STS refuses", answer(400, "ValidationError"), nil, fault.Invalid, "destination_role_refused", "ARN"},
		{"busy", answer(400, "Throttling"), nil, fault.Throttled, "destination_busy", ""},
		{"down", answer(500, "InternalFailure"), nil, fault.Unavailable, "destination_unavailable", ""},
		{"credentials of our own that ended", answer(403, "ExpiredToken"), nil, fault.Internal, "role_unavailable", ""},
		{"no reply", func(http.ResponseWriter) bool { panic(http.ErrAbortHandler) }, nil, fault.Unavailable, "destination_unavailable", ""},
	} {
		s := &sts{t: t, life: time.Hour, refusal: c.refusal}
		record := roleRecord("bucket")
		if c.change != nil {
			c.change(&record)
		}
		_, err := connector.Put(t.Context(), open(t, roleOpener(t, s), record), small("a"))
		f := fault.As(err)
		if f.Kind != c.kind || f.Code != c.code || !strings.Contains(f.Message, c.say) || strings.Contains(f.Message, "canary") {
			t.Errorf("%s: kind %d, %s, %q (%v)", c.name, f.Kind, f.Code, f.Message, err)
		}
		if strings.Contains(fmt.Sprintf("%+v", err), "self-secret") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func answer(status int, code string) func(http.ResponseWriter) bool {
	return func(w http.ResponseWriter) bool { deny(w, status, code); return true }
}

// TestRecordsThatAreNotOpened: what can't be part of a host, a path or a call to STS gets no further than the record.
func TestRecordsThatAreNotOpened(t *testing.T) {
	s := &sts{t: t, life: time.Hour}
	o := roleOpener(t, s)
	for name, change := range map[string]func(*store.Connector){
		"no region":            func(c *store.Connector) { c.Region = "" },
		"a host for a region":  func(c *store.Connector) { c.Region = "us-east-1.evil.example/" },
		"no bucket":            func(c *store.Connector) { c.Bucket = "" },
		"a bucket that climbs": func(c *store.Connector) { c.Bucket = "../other" },
		"a bucket at a host":   func(c *store.Connector) { c.Bucket = "a@evil.example" },
		"an access point":      func(c *store.Connector) { c.Bucket = "arn:aws:s3:us-east-1:123456789012:accesspoint/a" },
		"no external id":       func(c *store.Connector) { c.ExternalID = "" },
		"a user for a role":    func(c *store.Connector) { c.RoleARN = "arn:aws:iam::123456789012:user/a" },
	} {
		c := roleRecord("bucket")
		change(&c)
		if _, err := o.OpenTarget(t.Context(), c); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	o.Self.Credentials = nil
	if _, err := o.OpenTarget(t.Context(), roleRecord("bucket")); fault.As(err).Code != "connector_role_unsupported" {
		t.Errorf("without credentials of its own: %v", err)
	}
	if s.calls != 0 {
		t.Errorf("STS was asked %d times", s.calls)
	}
}

// TestAddressesInside: an endpoint that isn't allowed is refused before anything is sent, once and in words.
func TestAddressesInside(t *testing.T) {
	visits := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits++ }))
	defer server.Close()
	o := opener(t, server.URL)
	o.Client, o.Attempts = guard.NewClient(guard.Config{}), 0
	began := time.Now()
	_, _, err := open(t, o, record("bucket")).Open(t.Context(), "a")
	if fault.As(err).Code != "destination_address_refused" || visits > 0 || time.Since(began) > time.Second {
		t.Errorf("got %v, %d visits, after %v", err, visits, time.Since(began))
	}
}

func small(key string) connector.Object { return conntest.Object(key, []byte("small")) }

func sized(key string, n int) connector.Object { return conntest.Object(key, make([]byte, n)) }

// breaking fails from the offset on.
func breaking(open func(context.Context, int64, int64) (io.ReadCloser, error), from int64) func(context.Context, int64, int64) (io.ReadCloser, error) {
	return func(ctx context.Context, offset, length int64) (io.ReadCloser, error) {
		if offset >= from {
			return nil, fault.Wrap(errors.New("broken"), fault.Unavailable, "broken", "It broke.")
		}
		return open(ctx, offset, length)
	}
}

func liveBucket(t *testing.T) (string, connector.Target) {
	t.Helper()
	bucket := embeds3test.Bucket(t)
	return bucket, open(t, opener(t, embeds3test.Endpoint()), record(bucket))
}

func leaveUpload(t *testing.T, bucket, key string) {
	t.Helper()
	client := s3blob.NewClient(embeds3test.Config(), embeds3test.Endpoint())
	if _, err := client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key}); err != nil {
		t.Fatal(err)
	}
}
