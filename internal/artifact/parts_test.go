package artifact

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc64"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/artifact/artifacttest"
	"github.com/videovector/exports/internal/export"
)

func TestPartSize(t *testing.T) {
	for total, want := range map[int64]int64{
		0: MinPartBytes, 1: MinPartBytes, MinPartBytes * maxParts: MinPartBytes,
		MinPartBytes*maxParts + 1: MinPartBytes + partStep, 5 << 40: 552 * partStep,
	} {
		if got := PartSize(total); got != want {
			t.Errorf("PartSize(%d) = %d, want %d", total, got, want)
		}
		if parts := total / PartSize(total); parts > maxParts {
			t.Errorf("%d bytes make %d parts", total, parts)
		}
	}
}

// written collects what a PartWriter flushes.
type written struct {
	numbers []int
	parts   []string
}

func (w *written) flush(n int, content []byte) error {
	w.numbers, w.parts = append(w.numbers, n), append(w.parts, string(content))
	return nil
}

// TestPartWriter writes random content in random pieces: the parts are its cuts at multiples of the size.
func TestPartWriter(t *testing.T) {
	for seed, r := range artifacttest.Seeds(1000) {
		size, first := 1+r.IntN(20), 1+r.IntN(5)
		content := strings.Repeat("0123456789abc", r.IntN(20))
		var got, want written
		for at := 0; at < len(content); at += size {
			_ = want.flush(first+at/size, []byte(content[at:min(at+size, len(content))]))
		}
		w := NewPartWriter(int64(size), first, got.flush)
		for left := content; left != ""; {
			n := min(len(left), r.IntN(30))
			if _, err := w.Write([]byte(left[:n])); err != nil {
				t.Fatal(err)
			}
			left = left[n:]
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(written{})); diff != "" {
			t.Fatalf("seed %d, size %d (-want +got):\n%s", seed, size, diff)
		}
	}
}

// TestPartWriterDigestsWhatItWrites writes more parts and pieces than there is room for, slower and faster than they
// are digested: the digests are those of the whole.
func TestPartWriterDigestsWhatItWrites(t *testing.T) {
	for seed, r := range artifacttest.Seeds(30) {
		size := []int{behindStep / 2, behindStep, behindStep + 1, 3*behindStep - 7, 5 * behindStep}[r.IntN(5)]
		content := make([]byte, r.IntN(6*size+1))
		for k := range content {
			content[k] = byte(r.Uint32())
		}
		want := NewDigester(int64(size))
		_, _ = want.Write(content)
		got, uploaded := NewDigester(int64(size)), []byte{}
		w := NewPartWriter(int64(size), 1, func(_ int, part []byte) error {
			uploaded = append(uploaded, part...)
			return nil
		})
		w.Digest(got)
		for left := content; len(left) > 0; {
			n := min(len(left), 1+r.IntN(2*behindStep))
			if _, err := w.Write(left[:n]); err != nil {
				t.Fatal(err)
			}
			left = left[n:]
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.Sum(), got.Sum()); diff != "" || !bytes.Equal(uploaded, content) {
			t.Fatalf("seed %d, %d bytes in parts of %d, equal %v (-want +got):\n%s", seed, len(content), size, bytes.Equal(uploaded, content), diff)
		}
	}
}

// TestDigestingEnds: whether a writer is closed, fails or is discarded, nothing of it goes on.
func TestDigestingEnds(t *testing.T) {
	before := runtime.NumGoroutine()
	for failing := range 4 {
		w := NewPartWriter(4, 1, func(n int, _ []byte) error {
			if n == failing {
				return errStop
			}
			return nil
		})
		w.Digest(NewDigester(4))
		_, err := w.Write([]byte("aaaabbbbcc"))
		if err == nil && failing != 2 {
			err = w.Close()
		}
		if (err != nil) != (failing == 1 || failing == 3) {
			t.Errorf("part %d fails: %v", failing, err)
		}
		w.Discard()
	}
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, before %d", runtime.NumGoroutine(), before)
		}
	}
}

// TestPartWriterOverlapsOnePart: while a part is flushed the next one fills, and only the one after it waits.
func TestPartWriterOverlapsOnePart(t *testing.T) {
	release, entered := make(chan struct{}), make(chan int, 3)
	var got written
	w := NewPartWriter(4, 1, func(n int, content []byte) error {
		entered <- n
		<-release
		return got.flush(n, content)
	})
	for _, s := range []string{"aaaa", "bbb"} { // would hang if a flush blocked the writer
		if _, err := w.Write([]byte(s)); err != nil {
			t.Fatal(err)
		}
	}
	if n := <-entered; n != 1 || len(entered) != 0 {
		t.Fatalf("part %d is flushed, %d more", n, len(entered))
	}
	close(release)
	if _, err := w.Write([]byte("bcc")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"aaaa", "bbbb", "cc"}, got.parts); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
}

// TestPartWriterReportsFailure: a failed flush ends the writing at once or at Close, and no later part is flushed.
func TestPartWriterReportsFailure(t *testing.T) {
	for failing := 1; failing <= 4; failing++ {
		var flushed []int
		w := NewPartWriter(4, 1, func(n int, _ []byte) error {
			flushed = append(flushed, n)
			if n == failing {
				return errStop
			}
			return nil
		})
		_, err := w.Write([]byte("aaaabbbbccccdd"))
		if err == nil {
			err = w.Close()
		}
		w.Discard()
		if !errors.Is(err, errStop) || len(flushed) != failing {
			t.Errorf("part %d fails: %v, flushed %v", failing, err, flushed)
		}
	}
}

// TestPartWriterReportsPanics: a panic of flush ends the writing as a failure does, and its value stays unsaid.
func TestPartWriterReportsPanics(t *testing.T) {
	w := NewPartWriter(4, 1, func(int, []byte) error { panic("s3cr3t") })
	_, err := w.Write([]byte("aaaabbbb"))
	w.Discard()
	if err == nil || strings.Contains(err.Error(), "s3cr3t") || !strings.Contains(err.Error(), "part 1 panicked with a string") {
		t.Errorf("error = %v", err)
	}
}

func TestDiscard(t *testing.T) {
	var got written
	w := NewPartWriter(4, 1, got.flush)
	if _, err := w.Write([]byte("aaaabb")); err != nil {
		t.Fatal(err)
	}
	w.Discard()
	if err := w.Close(); err != nil || len(got.parts) != 1 {
		t.Errorf("Close after Discard: %v, parts %q", err, got.parts)
	}
}

// TestDigests computes every digest the long way.
func TestDigests(t *testing.T) {
	nvme := crc64.MakeTable(0x9a6c9329ac4bc9b5)
	for seed, r := range artifacttest.Seeds(200) {
		content := []byte(strings.Repeat("Straße 😀 ", r.IntN(50)))
		size := int64(1 + r.IntN(100))
		whole, tree := sha256.Sum256(content), sha256.New()
		want := Digests{Bytes: int64(len(content)), SHA256: hex.EncodeToString(whole[:]), PartBytes: size, CRC64NVME: fmt.Sprintf("%016x", crc64.Checksum(content, nvme))}
		for left := content; len(left) > 0; {
			n := min(int64(len(left)), size)
			sum := sha256.Sum256(left[:n])
			tree.Write(sum[:])
			want.PartSHA256 = append(want.PartSHA256, hex.EncodeToString(sum[:]))
			left = left[n:]
		}
		want.TreeSHA256 = hex.EncodeToString(tree.Sum(nil))
		d := NewDigester(size)
		for left := content; len(left) > 0; {
			n := r.IntN(len(left) + 1)
			if _, err := d.Write(left[:n]); err != nil {
				t.Fatal(err)
			}
			left = left[n:]
		}
		if diff := cmp.Diff(want, d.Sum()); diff != "" {
			t.Fatalf("seed %d (-want +got):\n%s", seed, diff)
		}
	}
}

// TestManifestIsTrue reads the manifest back and holds the document against it; any other document is refused.
func TestManifestIsTrue(t *testing.T) {
	for seed, r := range artifacttest.Seeds(100) {
		d, all := randomDocument(r)
		document, counts := d.with(t, all...)
		out := bytes.NewBuffer(document)
		digests := NewDigester(100)
		_, _ = digests.Write(document)
		m := d.alone(digests.Sum(), counts)
		if f := m.Files[0]; f.Rows != int64(len(all)) || f.Bytes != int64(out.Len()) {
			t.Fatalf("seed %d: %d rows, %d bytes; want %d, %d", seed, f.Rows, f.Bytes, len(all), out.Len())
		}
		if c := m.Counts; c.Written+c.Rejected+c.Filtered != c.Selected || c.Written != c.Results {
			t.Fatalf("seed %d: counts don't add up: %+v", seed, c)
		}
		if err := m.Verify(bytes.NewReader(out.Bytes())); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		other := bytes.Clone(out.Bytes())
		other[r.IntN(len(other))] ^= 1
		for _, content := range [][]byte{other, other[1:], append(out.Bytes(), '\n'), nil} {
			if m.Verify(bytes.NewReader(content)) == nil {
				t.Fatalf("seed %d: another document was taken for this one", seed)
			}
		}
	}
}

func TestManifestOfMatches(t *testing.T) {
	m := planned(2, 1).alone(Digests{}, export.Counts{Results: 1, Segments: 1})
	want := ManifestCounts{Counts: export.Counts{Runs: 2, Results: 1, Segments: 1}, Selected: 3, Written: 1, Filtered: 2}
	if diff := cmp.Diff(want, m.Counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]ManifestRun{{"run_1", 2}, {"run_2", 1}}, m.Runs); diff != "" {
		t.Errorf("runs (-want +got):\n%s", diff)
	}
	if err := (Manifest{}).Verify(strings.NewReader("")); err == nil {
		t.Error("a manifest without files verifies")
	}
}
