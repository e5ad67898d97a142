package pack

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/artifact/artifacttest"
	"github.com/videovector/exports/internal/artifact/columns"
	"github.com/videovector/exports/internal/artifact/parquetfile"
	"github.com/videovector/exports/internal/export"
)

// every is each kind of file that a pass makes whole.
func every() (all []Output) {
	for _, f := range artifact.Formats {
		for _, c := range artifact.Compressions {
			if c.Of(f) == c {
				all = append(all, Output{Format: f, Compression: c, Whole: true})
			}
		}
	}
	return all
}

// large is a shelf of several blocks.
func large(r *rand.Rand, blocks int) *shelf {
	var text strings.Builder
	for i := 0; text.Len() < blocks*blockBytes; i++ {
		text.WriteString(artifacttest.Record(r, i) + "\n")
		if r.IntN(500) == 0 {
			text.WriteString(bad[r.IntN(len(bad))] + "\r\n\n")
		}
	}
	return newShelf([]string{text.String(), ""}, []string{text.String()[:strings.LastIndexByte(text.String()[:blockBytes/3], '\n')]})
}

// TestEveryFormatOfOnePass: whatever is made beside it and with however many threads, a file is what a pass makes that
// makes nothing else.
func TestEveryFormatOfOnePass(t *testing.T) {
	s := large(rand.New(rand.NewPCG(1, 1)), 4)
	together := s.make(t, blockBytes, 1, every()...)
	if diff := cmp.Diff(together, s.make(t, blockBytes, 3, every()...)); diff != "" {
		t.Fatal("three threads make something else")
	}
	for i, o := range every() {
		alone := s.make(t, blockBytes, 2, o)
		if alone.Files[0] != together.Files[i] || alone.Result.Outputs[0] != together.Result.Outputs[i] {
			t.Errorf("%s %s alone is another file", o.Format, o.Compression)
		}
	}
}

// TestPackedFilesHoldThePlainOne reads members and frames with other tools as well as with libraries.
func TestPackedFilesHoldThePlainOne(t *testing.T) {
	s := large(rand.New(rand.NewPCG(2, 1)), 3)
	for _, f := range []artifact.Format{artifact.JSON, artifact.NDJSON, artifact.CSV} {
		m := s.make(t, blockBytes, 2, Output{Format: f, Whole: true}, Output{Format: f, Whole: true, Compression: artifact.Gzip}, Output{Format: f, Whole: true, Compression: artifact.Zstd})
		for i, c := range []artifact.Compression{artifact.Gzip, artifact.Zstd} {
			if unpacked(t, m.Files[i+1], c) != m.Files[0] {
				t.Errorf("%s %s holds something else", f, c)
			}
			if got, ok := unpackedByTool(t, m.Files[i+1], c); ok && got != m.Files[0] {
				t.Errorf("%s %s holds something else for the tool", f, c)
			}
		}
	}
}

func unpacked(t *testing.T, packed string, c artifact.Compression) string {
	t.Helper()
	var r io.Reader
	var err error
	if c == artifact.Gzip {
		r, err = gzip.NewReader(strings.NewReader(packed))
	} else {
		r, err = zstd.NewReader(strings.NewReader(packed))
	}
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(plain)
}

// unpackedByTool asks the machine's gzip or zstd.
func unpackedByTool(t *testing.T, packed string, c artifact.Compression) (string, bool) {
	t.Helper()
	tool, err := exec.LookPath(string(c))
	if err != nil {
		t.Logf("no %s on this machine: only the library has read it", c)
		return "", false
	}
	file := filepath.Join(t.TempDir(), "packed")
	if err := os.WriteFile(file, []byte(packed), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	cmd := exec.Command(tool, "-dc")
	cmd.Stdin = in
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out), true
}

// TestMembersDependOnTheirContentAlone: not on what was packed before.
func TestMembersDependOnTheirContentAlone(t *testing.T) {
	used := &packer{}
	for seed, r := range artifacttest.Seeds(40) {
		var text strings.Builder
		for i := range r.IntN(1500) {
			text.WriteString(artifacttest.Record(r, i))
		}
		for _, c := range []artifact.Compression{artifact.Gzip, artifact.Zstd} {
			want, err := new(packer).member(nil, c, []byte(text.String()))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := used.member([]byte("before"), c, []byte(text.String())); err != nil || string(got) != "before"+string(want) {
				t.Fatalf("seed %d, %s: another member, %v", seed, c, err)
			}
		}
	}
}

// TestSharesMakeAPackedDocument joins what two passes make of their inputs with what stands around.
func TestSharesMakeAPackedDocument(t *testing.T) {
	s := newShelf([]string{segment + "\n", lost + "\n"}, []string{"", video + "\n"})
	for _, c := range artifact.Compressions {
		var out bytes.Buffer
		var counts export.Counts
		for first := range s.Inputs {
			p := s.pass(Output{Format: artifact.JSON, Compression: c, W: &out, Begun: counts.Results > 0})
			p.First, p.Last = first, first+1
			result, err := Run(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			counts = counts.Add(result.Counts)
		}
		closing, err := Closing(&s.Document, counts, c)
		if err != nil {
			t.Fatal(err)
		}
		document := out.String() + string(closing)
		if c != artifact.None {
			document = unpacked(t, document, c)
		}
		if diff := cmp.Diff(string(s.reference(t)), document); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c, diff)
		}
	}
}

// TestTablesHoldEveryRecord counts the rows of tables with other readers than the packer's.
func TestTablesHoldEveryRecord(t *testing.T) {
	for seed, r := range artifacttest.Seeds(60) {
		s := randomShelf(r, false)
		m := s.make(t, 1+r.IntN(400), 1+r.IntN(3), Output{Format: artifact.CSV, Whole: true}, Output{Format: artifact.Parquet, Whole: true})
		all, err := csv.NewReader(strings.NewReader(m.Files[0])).ReadAll()
		if want := m.Result.Counts.Results + 1; err != nil || int64(len(all)) != want {
			t.Fatalf("seed %d: CSV of %d lines, want %d; %v", seed, len(all), want, err)
		}
		n, err := parquetfile.Rows(strings.NewReader(m.Files[1]), int64(len(m.Files[1])))
		if err != nil || n != m.Result.Counts.Results {
			t.Fatalf("seed %d: Parquet of %d rows, %v", seed, n, err)
		}
	}
}

// TestGuardedCellsAreCounted, and the columns are the schema's.
func TestGuardedCellsAreCounted(t *testing.T) {
	s := newShelf([]string{`{"result_id":"=1+1","metadata":{"mood":"+calm"}}` + "\n" + `{"result_id":"b","metadata":{"mood":"calm"}}` + "\n"})
	var out bytes.Buffer
	p := s.pass(Output{Format: artifact.CSV, W: &out, Whole: true})
	p.Table = columns.New([]json.RawMessage{json.RawMessage(`{"properties":{"mood":{"type":"string"}}}`)})
	result, err := Run(t.Context(), p)
	if err != nil || result.Outputs[0] != (Facts{Rows: 2, Guarded: 2}) || !strings.Contains(out.String(), "metadata.mood") || !strings.Contains(out.String(), "'+calm") {
		t.Errorf("%+v, %v\n%s", result.Outputs, err, out.String())
	}
}

// TestFilesOfNothing are files nevertheless.
func TestFilesOfNothing(t *testing.T) {
	for _, s := range []*shelf{newShelf(), newShelf([]string{"", "\n"})} {
		m := s.make(t, blockBytes, 1, every()...)
		for i, o := range every() {
			if !packs(o.Compression) {
				continue
			}
			empty, err := Empty(o.Compression)
			if err != nil {
				t.Fatal(err)
			}
			if plain := unpacked(t, m.Files[i], o.Compression); o.Format == artifact.NDJSON && (plain != "" || m.Files[i] != string(empty)) {
				t.Errorf("%s %s holds %q", o.Format, o.Compression, plain)
			}
			if got, ok := unpackedByTool(t, m.Files[i], o.Compression); ok && got != unpacked(t, m.Files[i], o.Compression) {
				t.Errorf("%s %s holds %q for the tool", o.Format, o.Compression, got)
			}
		}
	}
}

func TestTablesNeedColumns(t *testing.T) {
	s := newShelf([]string{segment + "\n"})
	for _, o := range []Output{{Format: artifact.CSV, Whole: true}, {Format: artifact.Parquet, Whole: true}} {
		p := s.pass(o)
		p.Table = nil
		if _, err := Run(t.Context(), p); err == nil {
			t.Errorf("%s without a table", o.Format)
		}
	}
	p := s.pass(Output{Format: artifact.Parquet})
	if _, err := Run(t.Context(), p); err == nil {
		t.Error("a share of a Parquet file")
	}
	if _, err := Run(t.Context(), s.pass(Output{Format: artifact.JSON, Compression: "lzma", W: io.Discard})); err == nil || !strings.Contains(fmt.Sprint(err), "lzma") {
		t.Errorf("an unknown compression: %v", err)
	}
}
