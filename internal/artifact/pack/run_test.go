package pack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/artifact/artifacttest"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
)

const (
	segment = `{"result_type":"segment","result_id":"segment:s1:run_1","start_time":1.50,"end_time":1.5,"selected":true}`
	lost    = `{"result_type":"segment","result_id":"segment:s2:run_1","field_extraction_succeeded":false}`
	video   = `{"status": "failed", "result_type": "video", "result_id": "video:v1:run_2"}`
)

// made is what a pass has made of its outputs.
type made struct {
	Result  Result
	Files   []string
	Rejects []Reject
}

// make runs a pass over everything with rejects.
func (s *shelf) make(t testing.TB, size, threads int, outputs ...Output) made {
	t.Helper()
	var m made
	bufs := make([]bytes.Buffer, len(outputs))
	p := s.pass(outputs...)
	for i := range p.Outputs {
		p.Outputs[i].W = &bufs[i]
	}
	p.Threads = threads
	p.Rejects = func(r Reject) error { m.Rejects = append(m.Rejects, r); return nil }
	var err error
	if m.Result, err = run(t.Context(), p, size); err != nil {
		t.Fatal(err)
	}
	for i := range bufs {
		m.Files = append(m.Files, bufs[i].String())
	}
	return m
}

var documentAndLines = []Output{{Format: artifact.JSON, Whole: true}, {Format: artifact.NDJSON, Whole: true}}

// TestDocumentIsAsByHand holds whole documents of strict and of blank-ridden inputs against ones made by hand, with blocks
// of every size around that of a record and any number of threads.
func TestDocumentIsAsByHand(t *testing.T) {
	for seed, r := range artifacttest.Seeds(600) {
		s := randomShelf(r, true)
		s.MatchesOnly = r.IntN(4) == 0
		if r.IntN(2) == 0 {
			for i := range s.Inputs {
				blanks := strings.ReplaceAll(s.content[s.Inputs[i].Key], "\n", "\r\n\n ")
				other := newShelf([]string{blanks})
				s.content[s.Inputs[i].Key] = blanks
				s.Inputs[i].Bytes, s.Inputs[i].SHA256 = other.Inputs[0].Bytes, other.Inputs[0].SHA256
			}
		}
		got := s.make(t, 1+r.IntN(900), 1+r.IntN(3), documentAndLines...)
		if diff := cmp.Diff(string(s.reference(t)), got.Files[0]); diff != "" {
			t.Fatalf("seed %d (-want +got):\n%s", seed, diff)
		}
		if got.Result.Rejected != 0 || got.Result.Filtered+got.Result.Counts.Results != s.Rows() {
			t.Fatalf("seed %d: %+v of %d rows", seed, got.Result, s.Rows())
		}
	}
}

// oracle is what a pass must make of a shelf, found line by line with another parser.
func (s *shelf) oracle() made {
	m := made{Files: []string{"", ""}, Result: Result{Inputs: []Measure{}}}
	var records []string
	for _, in := range s.Inputs {
		offset, measure := int64(0), Measure{}
		for i, line := range splitLines(s.content[in.Key]) {
			if line.record != "" {
				m.Result.Selected++
				measure.Selected++
				if fits(line.record) {
					records = append(records, line.record)
					measure.Rows, measure.Bytes = measure.Rows+1, measure.Bytes+int64(len(line.record))
				} else {
					m.Result.Rejected++
					m.Rejects = append(m.Rejects, Reject{RunID: in.RunID, Part: in.Number, Line: i + 1, Offset: offset, Bytes: int64(len(line.raw))})
				}
			}
			m.Result.Irregular = m.Result.Irregular || line.raw != line.record+"\n" || !fits(line.record)
			offset += int64(len(line.raw))
		}
		m.Result.Inputs = append(m.Result.Inputs, measure)
	}
	m.Files[0] = strings.Join(records, ",\n")
	for _, record := range records {
		m.Files[1] += record + "\n"
	}
	m.Result.Counts.Results = int64(len(records))
	return m
}

// fits reports whether jsontext takes the record and it has an id and times in order.
func fits(record string) bool {
	v := members(record)
	if v == nil {
		return false
	}
	var id string
	if v["result_id"].Kind() == '"' {
		_ = json.Unmarshal(v["result_id"], &id) // it is a string
	}
	start, end := v["start_time"], v["end_time"]
	return strings.Trim(id, " \t") != "" && (start.Kind() != '0' || end.Kind() != '0' || !larger(start.String(), end.String()))
}

// larger compares two numbers, as fractions if both are plain decimals, as doubles otherwise.
func larger(a, b string) bool {
	if !strings.ContainsAny(a+b, "-eE") {
		x, _ := new(big.Rat).SetString(a)
		y, _ := new(big.Rat).SetString(b)
		return x.Cmp(y) > 0
	}
	x, _ := strconv.ParseFloat(a, 64) // infinite beyond the range
	y, _ := strconv.ParseFloat(b, 64)
	return x > y
}

// TestNothingIsLost holds passes over irregular and broken inputs against the oracle.
func TestNothingIsLost(t *testing.T) {
	for seed, r := range artifacttest.Seeds(1500) {
		s := randomShelf(r, false)
		s.holds(t, seed, s.make(t, 1+r.IntN(400), 1+r.IntN(3), documentAndLines...))
	}
}

// holds compares what was made with the oracle.
func (s *shelf) holds(t testing.TB, seed any, got made) {
	t.Helper()
	want := s.oracle()
	opening, _ := s.Opening()
	closing, _ := s.Closing(got.Result.Counts)
	want.Files[0] = string(opening) + want.Files[0] + string(closing)
	for i := range got.Rejects {
		if got.Rejects[i].Reason == "" {
			t.Errorf("seed %v: a reject without a reason", seed)
		}
		got.Rejects[i].Reason, got.Rejects[i].Text = "", ""
	}
	if !json.Valid([]byte(got.Files[0])) {
		t.Errorf("seed %v: the document is no JSON", seed)
	}
	want.Result.Counts = export.Counts{Results: want.Result.Counts.Results}
	got.Result.Counts, got.Result.Outputs = export.Counts{Results: got.Result.Counts.Results}, nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("seed %v (-want +got):\n%s", seed, diff)
	}
}

// TestThreadsChangeNothing compares everything that a pass gives, rejects' texts and all.
func TestThreadsChangeNothing(t *testing.T) {
	for seed, r := range artifacttest.Seeds(150) {
		s := randomShelf(r, false)
		size := 1 + r.IntN(400)
		want := s.make(t, size, 1, documentAndLines...)
		for _, threads := range []int{2, 5, 0} {
			if diff := cmp.Diff(want, s.make(t, size, threads, documentAndLines...)); diff != "" {
				t.Fatalf("seed %d, %d threads (-want +got):\n%s", seed, threads, diff)
			}
		}
	}
}

func TestChangedResultsAreRefused(t *testing.T) {
	for name, content := range map[string]string{
		"another byte": strings.Replace(segment, "1.50", "1.49", 1) + "\n" + lost + "\n",
		"cut":          segment + "\n",
		"longer":       segment + "\n" + lost + "\n" + video + "\n",
		"emptied":      "",
	} {
		s := newShelf([]string{segment + "\n" + lost + "\n"})
		s.content["run_1/1"] = content
		_, err := Run(t.Context(), s.pass(Output{Format: artifact.JSON, W: io.Discard, Whole: true}))
		if fault.As(err).Code != "results_changed" {
			t.Errorf("%s: error = %v", name, err)
		}
		s.Inputs[0].SHA256 = ""
		if _, err := Run(t.Context(), s.pass(Output{Format: artifact.JSON, W: io.Discard, Whole: true})); err != nil {
			t.Errorf("%s, of an input of which nothing is known: %v", name, err)
		}
	}
}

// TestBadRecordIsNamed: without anybody who takes rejects the first one ends the pass, however many threads there are.
func TestBadRecordIsNamed(t *testing.T) {
	for line, reason := range map[string]string{
		`{"secret":hunter2}`: "not strict JSON at byte 10",
		`{"a":"hunter2"}`:    `"result_id" is missing or not a string`,
		`{"result_id":"hunter2","start_time":2,"end_time":1}`: `"start_time" is after "end_time"`,
		strings.Repeat(" ", 2*artifact.MaxRecordBytes) + "{}": "a record is at most 16 MiB",
	} {
		for _, threads := range []int{1, 3} {
			s := newShelf([]string{segment + "\n"}, []string{video + "\n\n" + line + "\n" + "more\n"})
			p := s.pass(Output{Format: artifact.JSON, W: io.Discard, Whole: true})
			p.Threads = threads
			_, err := run(t.Context(), p, 64)
			want := "Run run_2, part 1, line 3: " + reason + "."
			if !fault.Is(err, fault.Invalid) || fault.As(err).Message != want || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("error = %v, want %q", err, want)
			}
			var record *RecordError
			if !errors.As(err, &record) || record.Reject.Line != 3 || record.Reject.Part != 1 {
				t.Errorf("%v doesn't say where", err)
			}
		}
	}
}

// TestLongLinesArePassedOver: whatever a line that is too long is made of and wherever it ends, all else is there.
func TestLongLinesArePassedOver(t *testing.T) {
	long := strings.Repeat("x", artifact.MaxLineBytes)
	for name, line := range map[string]string{
		"just too long": strings.Repeat("x", artifact.MaxRecordBytes+1), "no more than a line": long[:artifact.MaxLineBytes-1],
		"a line": long, "twice": long + long, "blanks": strings.Repeat(" ", artifact.MaxLineBytes+5) + segment,
	} {
		for _, end := range []string{"\n", "\n" + lost + "\n", ""} {
			s := newShelf([]string{segment + "\n" + line + end}, []string{video + "\n"})
			got := s.make(t, blockBytes, 1, documentAndLines...)
			want := segment + "\n" + strings.TrimPrefix(end, "\n") + video + "\n"
			first := Reject{RunID: "run_1", Part: 1, Line: 2, Offset: int64(len(segment) + 1), Bytes: int64(len(line) + min(len(end), 1)), Reason: artifact.ErrRecordTooLong.Error(), Text: line[:textBytes]}
			if got.Files[1] != want || len(got.Rejects) != 1 {
				t.Fatalf("%s: %d bytes, %d rejects", name, len(got.Files[1]), len(got.Rejects))
			}
			if diff := cmp.Diff(first, got.Rejects[0]); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	}
}

// TestFailuresEndThePass: the source's, the writer's, the listener's and the context's errors come back as they are.
func TestFailuresEndThePass(t *testing.T) {
	s := newShelf([]string{segment + "\n" + lost + "\n"}, []string{video + "\n"})
	for _, threads := range []int{1, 2} {
		fails := func(change func(*Pass)) {
			t.Helper()
			p := s.pass(Output{Format: artifact.JSON, W: io.Discard, Whole: true})
			p.Threads = threads
			change(&p)
			if _, err := run(t.Context(), p, 100); !errors.Is(err, errStop) {
				t.Errorf("%d threads: %v", threads, err)
			}
		}
		fails(func(p *Pass) {
			p.Open = func(context.Context, artifact.Input) (io.ReadCloser, error) { return nil, errStop }
		})
		fails(func(p *Pass) {
			p.Open = func(context.Context, artifact.Input) (io.ReadCloser, error) { return io.NopCloser(brokenReader{}), nil }
		})
		fails(func(p *Pass) { p.Progress = func(int64, int64) error { return errStop } })
		fails(func(p *Pass) {
			p.Open = func(context.Context, artifact.Input) (io.ReadCloser, error) {
				return io.NopCloser(strings.NewReader("{\n")), nil
			}
			p.Rejects = func(Reject) error { return errStop }
		})
		for limit := range len(s.reference(t)) {
			fails(func(p *Pass) { p.Outputs[0].W = &stopWriter{left: limit} })
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		p := s.pass(Output{Format: artifact.JSON, W: io.Discard, Whole: true})
		p.Threads = threads
		if _, err := Run(ctx, p); !errors.Is(err, context.Canceled) {
			t.Errorf("%d threads, a context that has ended: %v", threads, err)
		}
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errStop }

type panicReader struct{}

func (panicReader) Read([]byte) (int, error) { panic("hunter2") }

func TestPanicsAreErrors(t *testing.T) {
	s := newShelf([]string{segment + "\n"})
	for _, threads := range []int{1, 2} {
		p := s.pass(Output{Format: artifact.JSON, W: io.Discard, Whole: true})
		p.Threads = threads
		p.Open = func(context.Context, artifact.Input) (io.ReadCloser, error) { return io.NopCloser(panicReader{}), nil }
		if _, err := Run(t.Context(), p); err == nil || !strings.Contains(err.Error(), "panicked with a string") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("a source that panics: %v", err)
		}
	}
	b := &block{raw: []byte(segment), batches: []batch{panicBatch{}}}
	if newEncoder(&feed{pass: &Pass{Document: &s.Document}}).encode(b); b.err == nil {
		t.Error("a batch that panics went unnoticed")
	}
}

type panicBatch struct{ nothing }

func (panicBatch) add(*record) { panic("hunter2") }

func TestProgress(t *testing.T) {
	s := newShelf([]string{segment + "\n" + lost + "\n"}, []string{video + "\n"})
	type step struct{ Records, Bytes int64 }
	var got []step
	p := s.pass(Output{Format: artifact.JSON, W: io.Discard, Whole: true})
	p.Progress = func(records, bytes int64) error { got = append(got, step{records, bytes}); return nil }
	if _, err := run(t.Context(), p, 1); err != nil {
		t.Fatal(err)
	}
	a, b, c := int64(len(segment)+1), int64(len(lost)+1), int64(len(video)+1)
	if diff := cmp.Diff([]step{{1, a}, {2, a + b}, {3, a + b + c}}, got); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
}
