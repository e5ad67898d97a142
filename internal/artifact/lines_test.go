package artifact

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/artifact/artifacttest"
)

// line is what Lines tells of one.
type line struct {
	Number int
	Record string
}

func readAll(t *testing.T, l *Lines) []line {
	t.Helper()
	var all []line
	for {
		record, err := l.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, line{l.Number(), string(record)})
	}
}

// wantLines is the plain way to split.
func wantLines(content string) []line {
	var all []line
	for i, s := range strings.Split(strings.TrimPrefix(content, "\ufeff"), "\n") {
		if s = strings.Trim(s, " \t\r"); s != "" {
			all = append(all, line{i + 1, s})
		}
	}
	return all
}

func TestLines(t *testing.T) {
	for _, c := range []struct {
		name, content string
		irregular     bool
	}{
		{"strict", "{}\n{}\n", false},
		{"nothing", "", false},
		{"one blank line", "\n", true},
		{"no last line end", "{}\n{}", true},
		{"Windows", "{}\r\n{}\r\n", true},
		{"byte order mark", "\ufeff{}\n", true},
		{"byte order mark alone", "\ufeff", true},
		{"blank lines", "\n{}\n\n\n{}\n", true},
		{"blanks around", " {}\t\n", true},
		{"a later byte order mark stays", "{}\n\ufeff{}\n", false},
		{"blanks within", "{ }\n", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := NewLines(strings.NewReader(c.content))
			if diff := cmp.Diff(wantLines(c.content), readAll(t, l)); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
			if l.Irregular() != c.irregular || l.Bytes() != int64(len(c.content)) {
				t.Errorf("irregular = %v, %d bytes; want %v, %d", l.Irregular(), l.Bytes(), c.irregular, len(c.content))
			}
		})
	}
}

// randomText is lines of random length, some of them irregular.
func randomText(r *rand.Rand) string {
	var s strings.Builder
	for range r.IntN(12) {
		switch r.IntN(10) {
		case 0:
			s.WriteString("\n")
		case 1:
			s.WriteString(" \r\n")
		case 2:
			s.WriteString("\ufeff")
		default:
			fmt.Fprintf(&s, "{%s}%s", strings.Repeat("ü", r.IntN(60)), []string{"\n", "\n", "\r\n"}[r.IntN(3)])
		}
	}
	return s.String()[:r.IntN(s.Len()+1)]
}

// TestLinesAcrossChunks: however the bytes arrive and however small the buffer is, every line is read once.
func TestLinesAcrossChunks(t *testing.T) {
	for seed, r := range artifacttest.Seeds(3000) {
		content := randomText(r)
		l := &Lines{r: bufio.NewReaderSize(artifacttest.Chunks(content, r, 1+r.IntN(40)), 16+r.IntN(64))}
		if diff := cmp.Diff(wantLines(content), readAll(t, l)); diff != "" {
			t.Fatalf("seed %d, %q (-want +got):\n%s", seed, content, diff)
		}
		if l.Bytes() != int64(len(content)) {
			t.Fatalf("seed %d: %d bytes, want %d", seed, l.Bytes(), len(content))
		}
	}
}

// TestLinesAtEveryOffset moves a line end, a multi-byte rune and a carriage return over the edge of the buffer.
func TestLinesAtEveryOffset(t *testing.T) {
	for pad := range linesBuffer / 4096 * 2 {
		content := strings.Repeat("x", linesBuffer-pad) + "😀\r\n{\"a\":\"" + strings.Repeat("y", 2*linesBuffer-9-pad) + "\"}\n{}"
		got := readAll(t, NewLines(iotest.HalfReader(strings.NewReader(content))))
		if diff := cmp.Diff(wantLines(content), got); diff != "" {
			t.Fatalf("pad %d: lines differ", pad)
		}
	}
}

func TestRecordTooLong(t *testing.T) {
	for _, c := range []struct {
		name string
		line string
		want error
	}{
		{"the longest", strings.Repeat("x", MaxRecordBytes) + "\n", nil},
		{"the longest, with all around it", "\ufeff" + strings.Repeat("x", MaxRecordBytes) + "  \r\n", nil},
		{"the longest, without an end", strings.Repeat("x", MaxRecordBytes), nil},
		{"a byte more", strings.Repeat("x", MaxRecordBytes+1) + "\n", ErrRecordTooLong},
		{"without end", strings.Repeat("x", 3*MaxRecordBytes), ErrRecordTooLong},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := NewLines(strings.NewReader(c.line))
			record, err := l.Next()
			if !errors.Is(err, c.want) || (err == nil && len(record) != MaxRecordBytes) || l.Number() != 1 {
				t.Errorf("%d bytes, %v, line %d; want %v", len(record), err, l.Number(), c.want)
			}
		})
	}
}

func TestReadErrorsComeBack(t *testing.T) {
	l := NewLines(io.MultiReader(strings.NewReader("{}\n{"), iotest.ErrReader(errStop)))
	if _, err := l.Next(); err != nil {
		t.Fatal(err)
	}
	if record, err := l.Next(); !errors.Is(err, errStop) {
		t.Errorf("half a line: %q, %v", record, err)
	}
}

// FuzzLines: lines are what a plain reading finds, and only strict content is taken for strict.
func FuzzLines(f *testing.F) {
	f.Add("\ufeff{}\r\n\n{\"a\":1}", 16, 1)
	f.Add("{}\n{}\n", 100, 7)
	f.Fuzz(func(t *testing.T, content string, buffer, most int) {
		r := rand.New(rand.NewPCG(1, 1))
		l := &Lines{r: bufio.NewReaderSize(artifacttest.Chunks(content, r, 1+max(0, most%4096)), max(0, buffer%4096))}
		if diff := cmp.Diff(wantLines(content), readAll(t, l)); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		joined := strings.Builder{}
		for _, line := range wantLines(content) {
			joined.WriteString(line.Record + "\n")
		}
		if !l.Irregular() && !bytes.Equal([]byte(joined.String()), []byte(content)) {
			t.Errorf("%q was taken for strict", content)
		}
	})
}
