// Package conntest is the suite that every connector.Target passes, the one in memory included: what it writes, reads,
// replaces, lists and removes, and that a delivery which is broken off at any request, in any of the ways in which the other side
// of a network fails, ends well when it is made again. faultproxy breaks the line between an adapter and a real store.
package conntest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/fault"
)

// Harness is a target over an empty bucket of a test's own.
type Harness struct {
	Target connector.Target
	// Line is what lies between the target and its store.
	Line Line
	// LargeBytes is the size of an object that goes by several requests.
	LargeBytes int64
	// Gone is a target over a bucket that doesn't exist any more, Revoked one whose credentials were taken back.
	Gone, Revoked connector.Target
	// Refuses says which keys this store, of all of them, can't hold; nil is none.
	Refuses func(key string) bool
}

// Line carries requests from a target to its store, and can be broken.
type Line interface {
	// Break makes the n-th request from now on go wrong that the fault concerns, counted from 1.
	Break(n int, f Fault)
	// Mend takes the break back.
	Mend()
	// Broke reports whether the fault has happened since Break.
	Broke() bool
	// Requests counts all requests since the line was made.
	Requests() int
}

// Fault is a way in which a request goes wrong. One field besides Name is set.
type Fault struct {
	Name   string
	Lost   bool // the request is carried out, and its reply never arrives
	Cut    bool // the connection breaks in the middle of the request's body, which the store gets half of
	Status int  // the store is not asked; this is answered. For 409 and 412 only in place of writes, else of any request.
	// RetryAfter is the answer's, in seconds.
	RetryAfter int
}

// Writes reports whether the fault concerns only requests that write.
func (f Fault) Writes() bool { return f.Status == 409 || f.Status == 412 }

// Run tests what open gives. Each test has a harness of its own.
func Run(t *testing.T, open func(t *testing.T) Harness) {
	tests := []struct {
		name string
		run  func(t *testing.T, h Harness)
	}{
		{"objects", testObjects},
		{"empty object", testEmpty},
		{"conditional create", testConditional},
		{"large object", testLarge},
		{"put", testPut},
		{"deliver", testDeliver},
		{"replace", testReplace},
		{"racing replacements", testReplaceRace},
		{"latest", testLatest},
		{"racing latest", testLatestRace},
		{"racing deliveries", testRace},
		{"odd keys", testOddKeys},
		{"refused keys", testRefusedKeys},
		{"list", testList},
		{"list pages", testPages},
		{"source that breaks off", testSource},
		{"given up", testGivenUp},
		{"bucket gone", testGone},
		{"credentials revoked", testRevoked},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
	for _, f := range faults {
		t.Run(f.Name, func(t *testing.T) { testFault(t, open(t), f) })
		t.Run("latest, "+f.Name, func(t *testing.T) { testLatestFault(t, open(t), f) })
	}
}

// Object is an object of the content.
func Object(key string, content []byte) connector.Object {
	sum := sha256.Sum256(content)
	return connector.Object{
		Key: key, Bytes: int64(len(content)), SHA256: hex.EncodeToString(sum[:]), ContentType: "application/json",
		Open: func(_ context.Context, offset, length int64) (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(content[offset : offset+length])), nil
		},
	}
}

// content is n bytes that no part of repeats, the same for a seed at every call.
func content(seed string, n int64) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8(sha256.Sum256([]byte(seed))).Read(b) // it never fails
	return b
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func create(t *testing.T, target connector.Target, key string, content []byte) {
	t.Helper()
	if err := target.Create(t.Context(), Object(key, content)); err != nil {
		t.Fatalf("Create(%q): %v", key, err)
	}
}

// read is the object's content; nil if it isn't there.
func read(t *testing.T, target connector.Target, key string) []byte {
	t.Helper()
	body, info, err := target.Open(t.Context(), key)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		t.Fatalf("Open(%q): %v", key, err)
	}
	defer body.Close()
	got, err := io.ReadAll(body)
	if err != nil || int64(len(got)) != info.Bytes || info.ETag == "" || strings.Contains(info.ETag, `"`) {
		t.Fatalf("reading %q: %d bytes, %+v, %v", key, len(got), info, err)
	}
	return append([]byte{}, got...)
}

// holds fails unless the object has the content, which may be nil for absence.
func holds(t *testing.T, target connector.Target, key string, want []byte) {
	t.Helper()
	got := read(t, target, key)
	if !bytes.Equal(got, want) || (got == nil) != (want == nil) {
		t.Errorf("%q holds %d bytes (%.40q), want %d (%.40q)", key, len(got), got, len(want), want)
	}
}

// keys lists keys, in order.
func keys(t *testing.T, target connector.Target, q connector.ListQuery) []string {
	t.Helper()
	all := []string{}
	for f, err := range target.List(t.Context(), q) {
		if err != nil {
			t.Fatalf("List(%+v): %v", q, err)
		}
		all = append(all, f.Key)
	}
	slices.Sort(all)
	return all
}

// refused fails unless err is of the kind and has a message for people.
func refused(t *testing.T, what string, err error, kind fault.Kind) {
	t.Helper()
	if !fault.Is(err, kind) || fault.As(err).Message == "" || fault.As(err).Code == "" {
		t.Errorf("%s: %v (kind %d), want kind %d", what, err, fault.KindOf(err), kind)
	}
}
