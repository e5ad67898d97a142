package s3blob_test

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/blob/blobtest"
	"github.com/videovector/exports/internal/blob/embeds3/embeds3test"
	"github.com/videovector/exports/internal/blob/s3blob"
	"github.com/videovector/exports/internal/fault"
)

func TestMain(m *testing.M) { os.Exit(embeds3test.Main(m)) }

func open(t *testing.T) *s3blob.Bucket {
	t.Helper()
	return s3blob.New(s3blob.NewClient(embeds3test.Config(), embeds3test.Endpoint()), embeds3test.Bucket(t))
}

func TestConformance(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blobtest.Bench {
		return blobtest.Bench{Bucket: open(t), Client: http.DefaultClient}
	})
}

// TestPresignEndsWithCredentials holds that a link's end is not promised past the end of what signed it.
func TestPresignEndsWithCredentials(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		name        string
		credentials aws.Credentials
		ttl, want   time.Duration
	}{
		{"lasting credentials", aws.Credentials{}, time.Hour, time.Hour},
		{"a session that lasts longer", aws.Credentials{CanExpire: true, Expires: now.Add(2 * time.Hour)}, time.Hour, time.Hour},
		{"a session that ends before", aws.Credentials{CanExpire: true, Expires: now.Add(10 * time.Minute)}, time.Hour, 10 * time.Minute},
		{"longer than a link can live", aws.Credentials{}, 30 * 24 * time.Hour, 7 * 24 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			link, expires, err := presignedWith(t, c.credentials, c.ttl)
			if err != nil {
				t.Fatal(err)
			}
			if late := expires.Sub(now) - c.want; late < -2*time.Second || late > time.Minute {
				t.Errorf("expires %v after now, want %v", expires.Sub(now), c.want)
			}
			u, err := url.Parse(link)
			if err != nil {
				t.Fatal(err)
			}
			signed, err := time.ParseDuration(u.Query().Get("X-Amz-Expires") + "s")
			if err != nil || signed > c.want || signed < c.want-time.Minute {
				t.Errorf("the link is signed for %v, %v; want %v", signed, err, c.want)
			}
		})
	}
	_, _, err := presignedWith(t, aws.Credentials{CanExpire: true, Expires: now.Add(-time.Second)}, time.Hour)
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("with credentials that ended: %v", err)
	}
}

func presignedWith(t *testing.T, c aws.Credentials, ttl time.Duration) (string, time.Time, error) {
	t.Helper()
	c.AccessKeyID, c.SecretAccessKey = "access", "secret"
	cfg := aws.Config{Region: "eu-central-1", Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return c, nil })}
	return s3blob.New(s3blob.NewClient(cfg, ""), "artifacts").Presign(t.Context(), "a.json", "a.json", ttl)
}

// TestFailureKinds plays S3's refusals, as its documentation gives them, and looks at what becomes of them.
func TestFailureKinds(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		want   fault.Kind
	}{
		{404, "NoSuchKey", fault.NotFound}, {404, "NoSuchUpload", fault.NotFound}, {404, "", fault.NotFound},
		{404, "NoSuchBucket", fault.Internal}, {403, "AccessDenied", fault.Internal}, {403, "SignatureDoesNotMatch", fault.Internal},
		{400, "InvalidPart", fault.Unavailable}, {400, "EntityTooSmall", fault.Internal}, {301, "PermanentRedirect", fault.Internal},
		{412, "PreconditionFailed", fault.Conflict}, {409, "ConditionalRequestConflict", fault.Unavailable}, {409, "OperationAborted", fault.Unavailable},
		{503, "SlowDown", fault.Throttled}, {429, "TooManyRequests", fault.Throttled}, {503, "ServiceUnavailable", fault.Unavailable},
		{500, "InternalError", fault.Unavailable}, {400, "RequestTimeout", fault.Unavailable}, {400, "BadDigest", fault.Unavailable},
	} {
		t.Run(fmt.Sprintf("%d %s", c.status, c.code), func(t *testing.T) {
			b := answering(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				if c.code != "" {
					fmt.Fprintf(w, "<Error><Code>%s</Code><Message>m</Message></Error>", c.code)
				}
			})
			_, err := b.CompleteUpload(t.Context(), "a", "id", []blob.UploadedPart{{Number: 1, ETag: "e"}}, true)
			if got := fault.KindOf(err); err == nil || got != c.want {
				t.Errorf("kind = %d, want %d: %v", got, c.want, err)
			}
		})
	}
}

// TestCompletionThatFailsLate plays S3's "200 and then an error", which a long completion can end in.
func TestCompletionThatFailsLate(t *testing.T) {
	b := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<Error><Code>InternalError</Code><Message>m</Message></Error>")
	})
	_, err := b.CompleteUpload(t.Context(), "a", "id", []blob.UploadedPart{{Number: 1, ETag: "e"}}, true)
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
}

// TestNoAnswer holds that a lost reply is a failure to try again, and its text has no secret.
func TestNoAnswer(t *testing.T) {
	b := answering(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	_, err := b.Head(t.Context(), "a")
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
	if strings.Contains(fmt.Sprintf("%+v", err), "secret") || strings.Contains(err.Error(), "Signature") {
		t.Errorf("the error tells too much: %v", err)
	}
}

// TestBrokenBody holds that a download which breaks off is a failure, never a short object.
func TestBrokenBody(t *testing.T) {
	b := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		fmt.Fprint(w, "short")
	})
	body, _, err := b.Open(t.Context(), "a", 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if _, err := io.ReadAll(body); !fault.Is(err, fault.Unavailable) {
		t.Errorf("reading = %v", err)
	}
}

// TestDigestsAreSent holds that every write carries the digest by which the store notices a changed byte.
func TestDigestsAreSent(t *testing.T) {
	want := base64.StdEncoding.EncodeToString(md5Of("content"))
	calls := 0
	b := answering(t, func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if calls++; err != nil || string(body) != "content" || r.Header.Get("Content-MD5") != want || r.ContentLength != 7 {
			t.Errorf("%s: %q, length %d, headers %v", r.URL, body, r.ContentLength, r.Header)
		}
	})
	if _, err := b.Put(t.Context(), "a", []byte("content"), blob.PutOptions{}); err != nil {
		t.Error(err)
	}
	if _, err := b.UploadPart(t.Context(), "a", "id", 1, strings.NewReader("content"), 7); err != nil {
		t.Error(err)
	}
	if calls != 2 {
		t.Errorf("%d calls", calls)
	}
}

func md5Of(s string) []byte {
	sum := md5.Sum([]byte(s))
	return sum[:]
}

// answering is a bucket at a server that says what handle does; a call is tried once.
func answering(t *testing.T, handle http.HandlerFunc) *s3blob.Bucket {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	cfg := embeds3test.Config()
	cfg.RetryMaxAttempts = 1
	return s3blob.New(s3blob.NewClient(cfg, server.URL), "artifacts")
}
