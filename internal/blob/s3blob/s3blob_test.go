package s3blob_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/blob/embeds3"
	"github.com/videovector/exports/internal/blob/s3blob"
	"github.com/videovector/exports/internal/fault"
)

// bucket is a real bucket; the process has one server.
var bucket *s3blob.Bucket

func TestMain(m *testing.M) { os.Exit(withServer(m)) }

func withServer(m *testing.M) int {
	dir, err := os.MkdirTemp("", "s3blob-test")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	addr := l.Addr().String()
	l.Close()
	srv, err := embeds3.Start(context.Background(), embeds3.Config{Dir: dir, Addr: addr, AccessKeyID: "access", SecretAccessKey: "secretsecret", Region: "us-east-1", Buckets: []string{"artifacts"}})
	if err != nil {
		panic(err)
	}
	defer srv.Close()
	cfg := aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("access", "secretsecret", "")}
	bucket = s3blob.New(s3blob.NewClient(cfg, srv.Endpoint()), "artifacts")
	return m.Run()
}

func TestConditionalPut(t *testing.T) {
	ctx := t.Context()
	if _, err := bucket.Put(ctx, "cond/a", []byte("one"), blob.PutOptions{IfAbsent: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := bucket.Put(ctx, "cond/a", []byte("two"), blob.PutOptions{IfAbsent: true}); !fault.Is(err, fault.Conflict) {
		t.Errorf("second put: %v", err)
	}
	if got := read(t, "cond/a", 0, -1); got != "one" {
		t.Errorf("object = %q", got)
	}
	if got := read(t, "cond/a", 1, 1); got != "n" {
		t.Errorf("range = %q", got)
	}
	if _, err := bucket.Head(ctx, "cond/b"); !fault.Is(err, fault.NotFound) {
		t.Errorf("head of nothing: %v", err)
	}
}

func TestUploadAppearsWholeAndOnce(t *testing.T) {
	ctx := t.Context()
	part := bytes.Repeat([]byte("0123456789abcdef"), blob.MinPartBytes/16)
	upload := func() (string, []blob.UploadedPart) {
		id, err := bucket.CreateUpload(ctx, "up/doc.json", blob.PutOptions{ContentType: "application/json"})
		if err != nil {
			t.Fatal(err)
		}
		var parts []blob.UploadedPart
		for n, content := range [][]byte{part, []byte("tail")} {
			p, err := bucket.UploadPart(ctx, "up/doc.json", id, n+1, bytes.NewReader(content), int64(len(content)))
			if err != nil {
				t.Fatal(err)
			}
			parts = append(parts, p)
		}
		return id, parts
	}
	id, parts := upload()
	late, lateParts := upload()
	if _, err := bucket.Head(ctx, "up/doc.json"); !fault.Is(err, fault.NotFound) {
		t.Errorf("before completion: %v", err)
	}
	if open, err := bucket.Uploads(ctx, "up/"); err != nil || len(open) != 2 {
		t.Errorf("open uploads = %v, %v", open, err)
	}
	if _, err := bucket.CompleteUpload(ctx, "up/doc.json", id, parts, true); err != nil {
		t.Fatal(err)
	}
	if _, err := bucket.CompleteUpload(ctx, "up/doc.json", late, lateParts, true); !fault.Is(err, fault.Conflict) {
		t.Errorf("second completion: %v", err)
	}
	if _, err := bucket.CompleteUpload(ctx, "up/doc.json", id, parts, true); err != nil && !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Conflict) {
		t.Errorf("completing a completed upload: %v", err)
	}
	if err := bucket.AbortUpload(ctx, "up/doc.json", late); err != nil {
		t.Error(err)
	}
	if err := bucket.AbortUpload(ctx, "up/doc.json", late); err != nil {
		t.Error(err)
	}
	if _, err := bucket.UploadPart(ctx, "up/doc.json", late, 1, bytes.NewReader(part), int64(len(part))); !fault.Is(err, fault.NotFound) {
		t.Errorf("part of an aborted upload: %v", err)
	}
	if info, err := bucket.Head(ctx, "up/doc.json"); err != nil || info.Bytes != int64(len(part)+4) {
		t.Errorf("object = %+v, %v", info, err)
	}
}

func TestPresign(t *testing.T) {
	ctx := t.Context()
	if _, err := bucket.Put(ctx, "link/doc.json", []byte(`{}`), blob.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	url, _, err := bucket.Presign(ctx, "link/doc.json", "exp_1.json", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		url    string
		status int
	}{{url, 200}, {url + "0", 403}} {
		res, err := http.Get(c.url)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != c.status {
			t.Errorf("status = %d, want %d: %s", res.StatusCode, c.status, body)
		}
		if c.status == 200 && (res.Header.Get("Content-Disposition") != `attachment; filename="exp_1.json"` || string(body) != "{}") {
			t.Errorf("%v %s", res.Header, body)
		}
	}
}

func read(t *testing.T, key string, offset, length int64) string {
	t.Helper()
	r, _, err := bucket.Open(t.Context(), key, offset, length)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
