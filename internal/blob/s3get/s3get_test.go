package s3get_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/blob/embeds3/embeds3test"
	"github.com/videovector/exports/internal/blob/s3blob"
	"github.com/videovector/exports/internal/blob/s3get"
	"github.com/videovector/exports/internal/fault"
)

func TestMain(m *testing.M) { os.Exit(embeds3test.Main(m)) }

// TestOpen reads what S3's own client has written, under keys of every kind.
func TestOpen(t *testing.T) {
	name := embeds3test.Bucket(t)
	bucket := s3blob.New(s3blob.NewClient(embeds3test.Config(), embeds3test.Endpoint()), name)
	b := s3get.New(embeds3test.Config(), embeds3test.Endpoint(), name)
	const content = "0123456789"
	for _, key := range []string{"results/acct/run_1/part-00001.ndjson", "a folder/ü+%&=?#~'()*!$,:;@", "plain"} {
		put, err := bucket.Put(t.Context(), key, []byte(content), blob.PutOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			offset, length int64
			want           string
		}{{0, 10, content}, {0, 4, "0123"}, {6, 2, "67"}, {7, 1000, "789"}} {
			body, info, err := b.Open(t.Context(), key, c.offset, c.length)
			if err != nil {
				t.Fatalf("%q: %v", key, err)
			}
			got, err := io.ReadAll(body)
			if err != nil || string(got) != c.want || info.Bytes != 10 || info.ETag != put.ETag {
				t.Errorf("%q, %d bytes from %d = %q, %+v, %v", key, c.length, c.offset, got, info, err)
			}
			_ = body.Close() // it was read to its end
		}
	}
	if _, _, err := b.Open(t.Context(), "absent", 0, 1); !fault.Is(err, fault.NotFound) {
		t.Errorf("an absent object: %v", err)
	}
	if _, _, err := b.Open(t.Context(), "plain", 10, 1); !fault.Is(err, fault.Invalid) {
		t.Errorf("a range past the end: %v", err)
	}
}

// TestOpenRefused: a wrong key, a store in trouble and one that isn't there have their kinds, and no secret is told.
func TestOpenRefused(t *testing.T) {
	cfg := embeds3test.Config()
	cfg.Credentials = credentials.NewStaticCredentialsProvider(embeds3test.AccessKeyID, "s3cr3t-that-is-wrong", "")
	_, _, err := s3get.New(cfg, embeds3test.Endpoint(), embeds3test.Bucket(t)).Open(t.Context(), "a", 0, 1)
	if !fault.Is(err, fault.Internal) || strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("a wrong secret: %v", err)
	}
	for status, kind := range map[int]fault.Kind{503: fault.Unavailable, 429: fault.Throttled, 403: fault.Internal, 301: fault.Internal} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		if _, _, err := s3get.New(embeds3test.Config(), srv.URL, "b").Open(t.Context(), "a", 0, 1); !fault.Is(err, kind) {
			t.Errorf("status %d: %v", status, err)
		}
		srv.Close()
		if _, _, err := s3get.New(embeds3test.Config(), srv.URL, "b").Open(t.Context(), "a", 0, 1); !fault.Is(err, fault.Unavailable) {
			t.Errorf("nobody answers: %v", err)
		}
	}
	cfg.Credentials = nil
	if _, _, err := s3get.New(cfg, embeds3test.Endpoint(), "b").Open(t.Context(), "a", 0, 1); err == nil {
		t.Error("without credentials something was read")
	}
}
