package embeds3_test

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/blob/embeds3"
	"github.com/videovector/exports/internal/blob/s3blob"
	"github.com/videovector/exports/internal/fault"
)

func config(dir string) embeds3.Config {
	return embeds3.Config{
		Dir: dir, Addr: "127.0.0.1:0", AccessKeyID: "access", SecretAccessKey: "secretsecret", Region: "us-east-1",
		Buckets: []string{"artifacts"},
	}
}

func bucket(endpoint, secret string) *s3blob.Bucket {
	cfg := aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("access", secret, ""), RetryMaxAttempts: 1}
	return s3blob.New(s3blob.NewClient(cfg, endpoint), "artifacts")
}

// start serves the folder until stop or the test's end.
func start(t *testing.T, dir string) (b *s3blob.Bucket, stop func()) {
	t.Helper()
	srv, err := embeds3.Start(t.Context(), config(dir))
	if err != nil {
		t.Fatal(err)
	}
	ended := false
	stop = func() {
		if !ended {
			ended = true
			if err := srv.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		}
	}
	t.Cleanup(stop)
	return bucket(srv.Endpoint(), "secretsecret"), stop
}

// uploaded opens an upload of two parts and gives all that completes it.
func uploaded(t *testing.T, b blob.Uploader, key string) (id string, parts []blob.UploadedPart, whole []byte) {
	t.Helper()
	id, err := b.CreateUpload(t.Context(), key, blob.PutOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for n, content := range [][]byte{bytes.Repeat([]byte("0123456\n"), blob.MinPartBytes/8), []byte("the tail of " + key)} {
		p, err := b.UploadPart(t.Context(), key, id, n+1, bytes.NewReader(content), int64(len(content)))
		if err != nil {
			t.Fatal(err)
		}
		parts, whole = append(parts, p), append(whole, content...)
	}
	return id, parts, whole
}

func wantObject(t *testing.T, b blob.Reader, key string, want []byte) {
	t.Helper()
	body, info, err := b.Open(t.Context(), key, 0, -1)
	if err != nil {
		t.Fatalf("Open(%s): %v", key, err)
	}
	defer body.Close()
	var got bytes.Buffer
	if _, err := got.ReadFrom(body); err != nil || !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%s has %d bytes (%+v, %v) that aren't the %d that were written", key, got.Len(), info, err, len(want))
	}
}

func TestRestart(t *testing.T) {
	dir := t.TempDir()
	b, stop := start(t, dir)
	if _, err := b.Put(t.Context(), "dir/small", []byte("x"), blob.PutOptions{ContentType: "application/json"}); err != nil {
		t.Fatal(err)
	}
	id, parts, whole := uploaded(t, b, "dir/large")
	stop()

	b, _ = start(t, dir)
	if info, err := b.Head(t.Context(), "dir/small"); err != nil || info.ContentType != "application/json" {
		t.Errorf("Head = %+v, %v", info, err)
	}
	if _, err := b.CompleteUpload(t.Context(), "dir/large", id, parts, true); err != nil {
		t.Fatal(err)
	}
	wantObject(t, b, "dir/large", whole)
}

// TestRelativeFolder holds that the folder is resolved before the server moves into it.
func TestRelativeFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	for range 2 {
		b, stop := start(t, "data")
		if _, err := b.Put(t.Context(), "a", []byte("x"), blob.PutOptions{}); err != nil {
			t.Fatal(err)
		}
		wantObject(t, b, "a", []byte("x"))
		stop()
		if err := os.Chdir("../.."); err != nil { // out of data/objects
			t.Fatal(err)
		}
	}
}

// TestInterruptedCompletion stops a server, marks an upload as a kill would leave it, and starts again.
func TestInterruptedCompletion(t *testing.T) {
	for name, folders := range map[string][]string{
		"between the marks": {"objects"},
		"while joining":     {"objects", "sidecar"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			b, stop := start(t, dir)
			id, parts, whole := uploaded(t, b, "doc.json")
			stop()
			for _, folder := range folders {
				mark(t, filepath.Join(dir, folder, "artifacts", ".sgwtmp", "multipart", "*", id))
			}

			b, _ = start(t, dir)
			if open, err := b.Uploads(t.Context(), ""); err != nil || len(open) != 1 {
				t.Errorf("open uploads = %v, %v; want the one", open, err)
			}
			if _, err := b.CompleteUpload(t.Context(), "doc.json", id, parts, true); err != nil {
				t.Fatal(err)
			}
			wantObject(t, b, "doc.json", whole)
		})
	}
}

func mark(t *testing.T, pattern string) {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) != 1 {
		t.Fatalf("%s: %v, %v; the gateway keeps uploads elsewhere now", pattern, found, err)
	}
	if err := os.Rename(found[0], found[0]+".0123456789abcdef-2.inprogress"); err != nil {
		t.Fatal(err)
	}
}

// TestPropertiesWithoutObject leaves behind what a kill between properties and object does.
func TestPropertiesWithoutObject(t *testing.T) {
	dir := t.TempDir()
	b, stop := start(t, dir)
	if _, err := b.Put(t.Context(), "dir/a", []byte("lost"), blob.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	stop()
	if err := os.Remove(filepath.Join(dir, "objects", "artifacts", "dir", "a")); err != nil {
		t.Fatal(err)
	}

	b, _ = start(t, dir)
	if _, err := b.Put(t.Context(), "dir/a", []byte("written"), blob.PutOptions{IfAbsent: true}); err != nil {
		t.Fatal(err)
	}
	wantObject(t, b, "dir/a", []byte("written"))
}

func TestWrongKey(t *testing.T) {
	srv, err := embeds3.Start(t.Context(), config(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	_, err = bucket(srv.Endpoint(), "anothersecret").Put(t.Context(), "a", nil, blob.PutOptions{})
	if !fault.Is(err, fault.Internal) || !strings.Contains(err.Error(), "SignatureDoesNotMatch") {
		t.Errorf("Put with a wrong secret: %v", err)
	}
}

// TestAnUnusedConnection: a connection by which no request has come keeps the gateway from ending for longer than Close
// waits. The next server is there all the same.
func TestAnUnusedConnection(t *testing.T) {
	first, err := embeds3.Start(t.Context(), config(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", strings.TrimPrefix(first.Endpoint(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	time.Sleep(50 * time.Millisecond) // until it is accepted
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	b, _ := start(t, t.TempDir())
	if _, err := b.Put(t.Context(), "a", []byte("x"), blob.PutOptions{}); err != nil {
		t.Error(err)
	}
}

// TestOnePerProcess holds that a second server says why it can't start, at once.
func TestOnePerProcess(t *testing.T) {
	start(t, t.TempDir())
	began := time.Now()
	srv, err := embeds3.Start(t.Context(), config(t.TempDir()))
	if err == nil {
		srv.Close()
		t.Fatal("a second server started")
	}
	if !strings.Contains(err.Error(), "already running") || time.Since(began) > 5*time.Second {
		t.Errorf("after %v: %v", time.Since(began), err)
	}
}
