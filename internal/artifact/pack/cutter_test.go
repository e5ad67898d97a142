package pack

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/artifact/artifacttest"
)

// cutAt gives where blocks of a text end, read from r.
func cutAt(t *testing.T, r io.Reader, size int) (ends []int64, all string) {
	t.Helper()
	c, b := &cutter{in: r, size: size, skip: true}, &block{}
	for !b.last {
		b.begin()
		if err := c.next(b); err != nil {
			t.Fatal(err)
		}
		all += string(b.raw)
		ends = append(ends, b.offset+b.size())
	}
	return ends, all
}

// wantCuts are where blocks of a text end: after the first line end at or after each multiple of the size.
func wantCuts(text string, size int) (ends []int64) {
	for at := size; at <= len(text); at += size {
		i := strings.IndexByte(text[at-1:], '\n')
		if i < 0 {
			break
		}
		ends = append(ends, int64(at+i))
	}
	return slices.Compact(append(ends, int64(len(text))))
}

// TestCutsDependOnTheInputAlone: whatever pieces it is read in.
func TestCutsDependOnTheInputAlone(t *testing.T) {
	for seed, r := range artifacttest.Seeds(3000) {
		text := randomInput(r, false) + randomInput(r, true)
		size := 1 + r.IntN(400)
		got, all := cutAt(t, artifacttest.Chunks(text, r, 1+r.IntN(600)), size)
		if n := len(got); n > 1 && got[n-1] == got[n-2] {
			got = got[:n-1] // an empty block tells of the end
		}
		if diff := cmp.Diff(wantCuts(text, size), got); diff != "" || all != text {
			t.Fatalf("seed %d, size %d (-want +got):\n%s", seed, size, diff)
		}
	}
}

// TestCutsOfLargeInputs does it with blocks of the real size and with lines from 1 byte to several blocks.
func TestCutsOfLargeInputs(t *testing.T) {
	for seed, r := range artifacttest.Seeds(6) {
		var text bytes.Buffer
		for text.Len() < 12*blockBytes {
			text.WriteString(strings.Repeat("x", r.IntN(1<<r.IntN(22))) + "\n")
		}
		for _, in := range []io.Reader{bytes.NewReader(text.Bytes()), artifacttest.Chunks(text.String(), r, 1<<20), artifacttest.Chunks(text.String(), r, 5000)} {
			got, all := cutAt(t, in, blockBytes)
			if n := len(got); n > 1 && got[n-1] == got[n-2] {
				got = got[:n-1]
			}
			if diff := cmp.Diff(wantCuts(text.String(), blockBytes), got); diff != "" || all != text.String() {
				t.Fatalf("seed %d (-want +got):\n%s", seed, diff)
			}
		}
	}
}

func TestReadersThatGiveNothing(t *testing.T) {
	c := &cutter{in: idle{}, size: 10}
	if err := c.next(&block{}); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a reader that never gives anything: %v", err)
	}
	c = &cutter{in: io.MultiReader(strings.NewReader(segment+"\n"+segment), brokenReader{}), size: 1 << 20}
	if err := c.next(&block{}); !errors.Is(err, errStop) {
		t.Errorf("a reader that breaks: %v", err)
	}
}

type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

// TestBuffersOfLongRecordsGo: what a record of 16 MiB needed isn't kept for ever.
func TestBuffersOfLongRecordsGo(t *testing.T) {
	b := &block{raw: make([]byte, artifact.MaxRecordBytes)}
	if b.begin(); cap(b.raw) > 0 || cap(emptied(make([]byte, keepBytes+1))) > 0 || cap(emptied(make([]byte, keepBytes))) == 0 {
		t.Error("large buffers are kept, or small ones are not")
	}
}
