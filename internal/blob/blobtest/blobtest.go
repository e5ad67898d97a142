// Package blobtest is the conformance suite of the object contract. Every implementation passes it as a whole, the one
// in memory included: what a caller may rely on is what stands here.
package blobtest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/fault"
)

// Bench is what the suite runs against.
type Bench struct {
	Bucket blob.Bucket // empty
	// Client follows the bucket's links.
	Client *http.Client
}

// Run passes the bucket that open makes through the whole suite. Each test opens an empty bucket; open ends it with
// the test's cleanup.
func Run(t *testing.T, open func(t *testing.T) Bench) {
	for name, test := range map[string]func(*testing.T, Bench){
		"put and read":                  testPutAndRead,
		"put if absent":                 testPutIfAbsent,
		"put if absent, racing":         testPutRace,
		"put replaces":                  testPutReplaces,
		"empty object":                  testEmptyObject,
		"ranges":                        testRanges,
		"absence":                       testAbsence,
		"delete":                        testDelete,
		"list":                          testList,
		"list in pages":                 testListPages,
		"keys with strange characters":  testStrangeKeys,
		"upload appears whole":          testUploadWhole,
		"upload keeps numbers in order": testUploadNumbers,
		"upload part again":             testUploadPartAgain,
		"upload if absent":              testUploadIfAbsent,
		"upload if absent, racing":      testUploadRace,
		"upload completed again":        testUploadCompletedAgain,
		"upload completed twice over":   testUploadTwins,
		"upload dropped":                testUploadAbort,
		"upload of an unknown id":       testUploadUnknown,
		"upload with wrong parts":       testUploadWrongParts,
		"uploads listed":                testUploads,
		"parts listed":                  testParts,
		"parts copied":                  testCopyPart,
		"parts that can't be copied":    testCopyPartRefused,
		"link":                          testLink,
		"link changed":                  testLinkChanged,
		"link ended":                    testLinkEnded,
		"cancelled calls":               testCancelled,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func mustPut(t *testing.T, b blob.Bucket, key, content string) blob.Info {
	t.Helper()
	info, err := b.Put(t.Context(), key, []byte(content), blob.PutOptions{ContentType: "application/json"})
	if err != nil {
		t.Fatalf("Put(%q): %v", key, err)
	}
	return info
}

func mustRead(t *testing.T, b blob.Reader, key string, offset, length int64) string {
	t.Helper()
	body, _, err := b.Open(t.Context(), key, offset, length)
	if err != nil {
		t.Fatalf("Open(%q, %d, %d): %v", key, offset, length, err)
	}
	defer body.Close()
	content, err := io.ReadAll(body)
	if err != nil {
		t.Fatalf("read of %q: %v", key, err)
	}
	return string(content)
}

// content checks the whole object without printing large ones.
func content(t *testing.T, b blob.Reader, key string, want []byte) {
	t.Helper()
	if got := mustRead(t, b, key, 0, -1); got != string(want) {
		t.Errorf("object %q has %d bytes that aren't the %d that were written", key, len(got), len(want))
	}
}

// refused checks a failure's kind.
func refused(t *testing.T, what string, err error, kind fault.Kind) {
	t.Helper()
	if !fault.Is(err, kind) {
		t.Errorf("%s: %v; want a failure of kind %d", what, err, kind)
	}
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", what, diff)
	}
}

// part is size bytes that differ from those of another seed.
func part(seed byte, size int) []byte { return bytes.Repeat([]byte{seed, '-', seed + 1, '\n'}, size/4) }

func mustStart(t *testing.T, b blob.Uploader, key string) string {
	t.Helper()
	id, err := b.CreateUpload(t.Context(), key, blob.PutOptions{ContentType: "application/json"})
	if err != nil {
		t.Fatalf("CreateUpload(%q): %v", key, err)
	}
	return id
}

func mustUpload(t *testing.T, b blob.Uploader, key, id string, n int, content []byte) blob.UploadedPart {
	t.Helper()
	p, err := b.UploadPart(t.Context(), key, id, n, bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatalf("UploadPart(%q, %d): %v", key, n, err)
	}
	return p
}

func testCancelled(t *testing.T, bench Bench) {
	b := bench.Bucket
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := b.Head(ctx, "a")
	refused(t, "Head", err, fault.Unavailable)
	_, err = b.Put(ctx, "a", []byte("x"), blob.PutOptions{})
	refused(t, "Put", err, fault.Unavailable)
	_, err = b.CompleteUpload(ctx, "a", "id", nil, true)
	refused(t, "CompleteUpload", err, fault.Unavailable)
}
