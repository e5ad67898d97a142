package conntest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/fault"
)

func testObjects(t *testing.T, h Harness) {
	want := []byte(`{"small":true}`)
	create(t, h.Target, "a/b.json", want)
	holds(t, h.Target, "a/b.json", want)
	holds(t, h.Target, "a/absent.json", nil)
	if uri := h.Target.URI("a/b.json"); !strings.Contains(uri, "://") || !strings.HasSuffix(uri, "/a/b.json") {
		t.Errorf("URI = %s", uri)
	}
	for range 2 {
		if err := h.Target.Remove(t.Context(), "a/b.json"); err != nil {
			t.Errorf("Remove: %v", err)
		}
	}
	holds(t, h.Target, "a/b.json", nil)
	create(t, h.Target, "a/b.json", []byte("again"))
	holds(t, h.Target, "a/b.json", []byte("again"))
}

func testEmpty(t *testing.T, h Harness) {
	create(t, h.Target, "empty", []byte{})
	holds(t, h.Target, "empty", []byte{})
	refused(t, "an empty object again", h.Target.Create(t.Context(), Object("empty", nil)), fault.Conflict)
	stored, err := connector.Put(t.Context(), h.Target, Object("empty", nil))
	if err != nil || !stored.AlreadyPresent || stored.Bytes != 0 {
		t.Errorf("Put = %+v, %v", stored, err)
	}
}

// testConditional: an object that stands is never written over, by whole writes or by parts.
func testConditional(t *testing.T, h Harness) {
	for _, first := range [][]byte{[]byte("first"), {}, content("first", h.LargeBytes)} {
		key := fmt.Sprintf("of-%d-bytes", len(first))
		create(t, h.Target, key, first)
		for _, second := range [][]byte{[]byte("second"), {}, content("second", h.LargeBytes), first} {
			refused(t, fmt.Sprintf("%d bytes over %d", len(second), len(first)), h.Target.Create(t.Context(), Object(key, second)), fault.Conflict)
		}
		holds(t, h.Target, key, first)
	}
}

func testLarge(t *testing.T, h Harness) {
	for _, n := range []int64{h.LargeBytes - 1, h.LargeBytes, h.LargeBytes + 1} {
		key := fmt.Sprintf("large/%d", n)
		want := content("large", n)
		before := h.Line.Requests()
		create(t, h.Target, key, want)
		if requests := h.Line.Requests() - before; requests < 2 && n == h.LargeBytes && h.LargeBytes > 1<<20 {
			t.Errorf("%d bytes went in %d requests", n, requests)
		}
		holds(t, h.Target, key, want)
	}
	if diff := cmp.Diff(3, len(keys(t, h.Target, connector.ListQuery{Prefix: "large/"}))); diff != "" {
		t.Error(diff)
	}
}

func testPut(t *testing.T, h Harness) {
	want := content("put", 5000)
	stored, err := connector.Put(t.Context(), h.Target, Object("a", want))
	if err != nil || stored.AlreadyPresent || stored.Bytes != 5000 || stored.SHA256 != Object("a", want).SHA256 || stored.ETag == "" {
		t.Fatalf("Put = %+v, %v", stored, err)
	}
	again, err := connector.Put(t.Context(), h.Target, Object("a", want))
	if err != nil || !again.AlreadyPresent || again.ETag != stored.ETag || again.VersionID != stored.VersionID {
		t.Errorf("Put again = %+v, %v, want %+v", again, err, stored)
	}
	changed := bytes.Clone(want)
	changed[2500] ^= 1
	for name, other := range map[string][]byte{"one bit": changed, "shorter": want[:4999], "longer": append(bytes.Clone(want), 0), "empty": {}} {
		_, err := connector.Put(t.Context(), h.Target, Object("a", other))
		refused(t, name, err, fault.Conflict)
		if fault.As(err).Code != "destination_occupied" {
			t.Errorf("%s: %v", name, err)
		}
	}
	holds(t, h.Target, "a", want)
}

func testDeliver(t *testing.T, h Harness) {
	d := delivery("out", h.LargeBytes)
	receipt, err := connector.Deliver(t.Context(), h.Target, d)
	if err != nil || receipt.AlreadyPresent || receipt.URI != h.Target.URI(d.Files[0].Key) || receipt.ManifestURI != h.Target.URI(d.Manifest.Key) {
		t.Fatalf("Deliver = %+v, %v", receipt, err)
	}
	delivered(t, h.Target, "out", h.LargeBytes)
	again, err := connector.Deliver(t.Context(), h.Target, d)
	receipt.AlreadyPresent = true
	if diff := cmp.Diff(receipt, again); err != nil || diff != "" {
		t.Errorf("Deliver again (-want +got):\n%s%v", diff, err)
	}
	delivered(t, h.Target, "out", h.LargeBytes)
}

// testRace: two deliveries of the same document may stand in each other's way, but never so that one can't be made
// again, and both end with the one object.
func testRace(t *testing.T, h Harness) {
	ended := make(chan error, 2)
	for range cap(ended) {
		go func() {
			var err error
			for range 20 {
				if _, err = connector.Deliver(t.Context(), h.Target, delivery("race", h.LargeBytes)); !fault.Is(err, fault.Unavailable) {
					break
				}
			}
			ended <- err
		}()
	}
	for range cap(ended) {
		if err := <-ended; err != nil {
			t.Errorf("a delivery ended with %v", err)
		}
	}
	delivered(t, h.Target, "race", h.LargeBytes)
}

// testSource: content that fails or ends early leaves nothing, and its own failure is told.
func testSource(t *testing.T, h Harness) {
	lost := fault.New(fault.Superseded, "gone", "The document was replaced.")
	for _, n := range []int64{1000, h.LargeBytes} {
		want := content("source", n)
		for name, c := range map[string]struct {
			open func(offset, length int64) (io.ReadCloser, error)
			kind fault.Kind
		}{
			"it can't be opened": {func(int64, int64) (io.ReadCloser, error) { return nil, lost }, fault.Superseded},
			"it ends early": {func(offset, length int64) (io.ReadCloser, error) {
				return io.NopCloser(bytes.NewReader(want[offset : offset+length-1])), nil
			}, fault.Unavailable},
			"its last part fails": {func(offset, length int64) (io.ReadCloser, error) {
				if offset+length < n {
					return io.NopCloser(bytes.NewReader(want[offset : offset+length])), nil
				}
				return io.NopCloser(io.MultiReader(bytes.NewReader(want[offset:offset+length/2]), brokenReader{})), nil
			}, fault.Unavailable},
		} {
			o := Object("source", want)
			o.Open = func(_ context.Context, offset, length int64) (io.ReadCloser, error) { return c.open(offset, length) }
			refused(t, fmt.Sprintf("%s, %d bytes", name, n), h.Target.Create(t.Context(), o), c.kind)
			holds(t, h.Target, "source", nil)
		}
		if got := keys(t, h.Target, connector.ListQuery{}); len(got) != 0 {
			t.Errorf("listed after all that: %q", got)
		}
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("the connection broke") }

// testGivenUp: whoever ends the context gets a failure and leaves nothing.
func testGivenUp(t *testing.T, h Harness) {
	want := content("given up", h.LargeBytes)
	ctx, cancel := context.WithCancel(t.Context())
	o := Object("given-up", want)
	o.Open = func(_ context.Context, offset, length int64) (io.ReadCloser, error) {
		if offset+length == h.LargeBytes {
			cancel()
		}
		return io.NopCloser(bytes.NewReader(want[offset : offset+length])), nil
	}
	if err := h.Target.Create(ctx, o); err == nil {
		t.Error("Create went on")
	}
	holds(t, h.Target, "given-up", nil)
	create(t, h.Target, "given-up", want)
	holds(t, h.Target, "given-up", want)
}

func testGone(t *testing.T, h Harness) { unusable(t, h.Gone, "destination_bucket_missing") }

func testRevoked(t *testing.T, h Harness) { unusable(t, h.Revoked, "") }

// unusable: a target that can't be used says so for its owner, at the latest when it is to write.
func unusable(t *testing.T, target connector.Target, code string) {
	t.Helper()
	for name, call := range map[string]func() error{
		"Create": func() error { return target.Create(t.Context(), Object("a", []byte("a"))) },
		"Replace": func() error {
			return target.Replace(t.Context(), Object("a", []byte("a")), connector.Info{ETag: "1", VersionID: "1"})
		},
		"Create large": func() error { return target.Create(t.Context(), Object("a", content("a", 6<<20))) },
		"Deliver":      func() error { _, err := connector.Deliver(t.Context(), target, delivery("a", 100)); return err },
		"List": func() error {
			for _, err := range target.List(t.Context(), connector.ListQuery{}) {
				return err
			}
			return nil
		},
	} {
		err := call()
		refused(t, name, err, fault.Invalid)
		if code != "" && fault.As(err).Code != code {
			t.Errorf("%s: code %s, want %s", name, fault.As(err).Code, code)
		}
	}
	if _, _, err := target.Open(t.Context(), "a"); !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.NotFound) {
		t.Errorf("Open: %v", err)
	}
}

// delivery is a document of n bytes, another file and their manifest, below the prefix.
func delivery(prefix string, n int64) connector.Delivery {
	return connector.Delivery{
		Files:    []connector.Object{Object(prefix+"/exp_1.json", content("document", n)), Object(prefix+"/exp_1.rejects.ndjson", []byte("{}\n"))},
		Manifest: Object(prefix+"/exp_1.manifest.json", []byte(`{"manifest":true}`)),
	}
}

// delivered fails unless all objects are there, equal, and alone.
func delivered(t *testing.T, target connector.Target, prefix string, n int64) {
	t.Helper()
	d := delivery(prefix, n)
	if diff := cmp.Diff([]string{d.Files[0].Key, d.Manifest.Key, d.Files[1].Key}, keys(t, target, connector.ListQuery{Prefix: prefix + "/"})); diff != "" {
		t.Errorf("delivered (-want +got):\n%s", diff)
	}
	holds(t, target, d.Files[0].Key, content("document", n))
	holds(t, target, d.Manifest.Key, []byte(`{"manifest":true}`))
}

// nothingPartial fails if anything is there that is neither a whole file nor, beside all of them, the whole manifest.
func nothingPartial(t *testing.T, target connector.Target, prefix string, n int64) {
	t.Helper()
	d := delivery(prefix, n)
	seen := keys(t, target, connector.ListQuery{Prefix: prefix + "/"})
	for _, key := range seen {
		switch key {
		case d.Files[0].Key:
			holds(t, target, key, content("document", n))
		case d.Files[1].Key:
			holds(t, target, key, []byte("{}\n"))
		case d.Manifest.Key:
			holds(t, target, key, []byte(`{"manifest":true}`))
			if len(seen) != 3 {
				t.Errorf("the manifest is there beside %v alone", seen)
			}
		default:
			t.Errorf("%q is there", key)
		}
	}
}
