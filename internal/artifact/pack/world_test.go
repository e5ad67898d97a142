package pack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/artifact/artifacttest"
	"github.com/videovector/exports/internal/artifact/columns"
	"github.com/videovector/exports/internal/export"
)

// shelf is a document whose inputs are texts in memory.
type shelf struct {
	artifact.Document
	content map[string]string
}

// newShelf is a document of one run for each list of inputs.
func newShelf(runs ...[]string) *shelf {
	s := &shelf{content: map[string]string{}}
	s.Head = artifact.Head{ExportID: "exp_1", Type: "index", TargetID: "idx_1", AsOf: "2026-03-01T00:00:00.000Z", Selection: artifact.Selection{Scope: "all"}}
	for i, inputs := range runs {
		id := fmt.Sprintf("run_%d", i+1)
		s.Runs = append(s.Runs, artifact.Run{
			ID: id, PromptID: "prm_1", PromptName: "Find <trucks> & cars", ProcessingModel: "standard",
			ExecutedAt: fmt.Sprintf("2026-02-%02dT12:00:00.000Z", i+1), Status: "completed",
		})
		for j, content := range inputs {
			s.add(id, j+1, content)
		}
	}
	return s
}

func (s *shelf) add(run string, number int, content string) {
	sum := sha256.Sum256([]byte(content))
	in := artifact.Input{RunID: run, Number: number, Key: fmt.Sprintf("%s/%d", run, number), Bytes: int64(len(content)), SHA256: hex.EncodeToString(sum[:])}
	for _, line := range splitLines(content) {
		if line.record != "" {
			in.Rows++
		}
	}
	s.Inputs = append(s.Inputs, in)
	s.content[in.Key] = content
}

func (s *shelf) open(_ context.Context, in artifact.Input) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(s.content[in.Key])), nil
}

// pass is a pass over everything.
func (s *shelf) pass(outputs ...Output) Pass {
	return Pass{Document: &s.Document, Last: len(s.Inputs), Open: s.open, Outputs: outputs, Threads: 1, Table: columns.New(nil)}
}

// reference is the document.
func (s *shelf) reference(t testing.TB) []byte {
	t.Helper()
	document, _ := s.plain(t)
	return document
}

// plain is the document as one would write it by hand, and what it holds: the opening, the records with separators
// between them, the closing.
func (s *shelf) plain(t testing.TB) ([]byte, export.Counts) {
	t.Helper()
	var records []string
	var counts export.Counts
	parser := artifact.NewParser()
	for _, in := range s.Inputs {
		for lines := artifact.NewLines(strings.NewReader(s.content[in.Key])); ; {
			raw, err := lines.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			r, err := parser.Parse(raw)
			if err != nil {
				t.Fatal(err)
			}
			if s.MatchesOnly && !r.Selected {
				continue
			}
			records, counts = append(records, string(raw)), counts.Add(r.Counts())
		}
	}
	counts.Runs = int64(len(s.Runs))
	opening, err := s.Opening()
	if err != nil {
		t.Fatal(err)
	}
	closing, err := s.Closing(counts)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat(opening, []byte(strings.Join(records, artifact.Separator)), closing), counts
}

// lineOf is a line as the plainest splitter sees it.
type lineOf struct{ raw, record string }

func splitLines(content string) (all []lineOf) {
	first := true
	for line := range strings.Lines(content) {
		record := strings.TrimSuffix(line, "\n")
		if first {
			record = strings.TrimPrefix(record, "\ufeff")
		}
		first = false
		all = append(all, lineOf{line, strings.Trim(record, " \t\r")})
	}
	return all
}

// bad are lines that hold no record which can be exported.
var bad = []string{
	`{}`, `{"result_id":7}`, `[1]`, `{"result_id":"a"`, `{"result_id":"a"}{}`, "\x00", `{"result_id":"a","result_id":"b"}`,
	`{"result_id":"` + "\xff" + `"}`, `{"result_id":"a","start_time":2,"end_time":1.5}`, `nonsense`,
}

// randomInput is lines: strict records alone, or with what makes input irregular and what must be rejected.
func randomInput(r *rand.Rand, strict bool) string {
	var s strings.Builder
	for i := range r.IntN(7) {
		if strict || r.IntN(3) > 0 {
			s.WriteString(artifacttest.Record(r, i) + "\n")
			continue
		}
		s.WriteString([]string{"\n", " \r\n", "\ufeff", " " + artifacttest.Record(r, i) + "\r\n", bad[r.IntN(len(bad))] + "\n"}[r.IntN(5)])
	}
	if text := s.String(); strict || r.IntN(3) > 0 {
		return text
	}
	return strings.TrimSuffix(s.String(), "\n")
}

func randomShelf(r *rand.Rand, strict bool) *shelf {
	var runs [][]string
	for range 1 + r.IntN(3) {
		var inputs []string
		for range r.IntN(4) {
			inputs = append(inputs, randomInput(r, strict))
		}
		runs = append(runs, inputs)
	}
	return newShelf(runs...)
}

var errStop = errors.New("stop")

// stopWriter fails when more than left bytes are written.
type stopWriter struct{ left int }

func (w *stopWriter) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, errStop
	}
	return len(p), nil
}
