package pack

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/artifact/artifacttest"
	"github.com/videovector/exports/internal/export"
)

// shard is a share of a file: its own inputs, and the range of bytes that it writes.
type shard struct {
	first, last int
	begun       bool
	at          int64
}

// shards cuts the inputs into groups at random, and says where each begins in a file whose records each cost extra bytes
// besides their own, the first gap less.
func (s *shelf) shards(r *rand.Rand, measures []Measure, opening, extra, gap int64) (all []shard) {
	at, rows, first := opening, int64(0), 0
	begin := shard{}
	for i, m := range measures {
		if i > first && r.IntN(2) == 0 {
			begin.last = i
			all = append(all, begin)
			begin, first = shard{first: i, begun: rows > 0, at: at}, i
		}
		if m.Rows > 0 && rows == 0 {
			at -= gap
		}
		at, rows = at+m.Bytes+extra*m.Rows, rows+m.Rows
	}
	begin.last = len(measures)
	return append(all, begin)
}

// layout is a kind of file and what it costs per record.
type layout struct {
	format        artifact.Format
	opening       int64
	extra, gap    int64
	whole         []byte // without its closing
	measured      bool
	measures      []Measure
	wantIrregular bool
}

// joined writes the file shard by shard, every one from a random offset behind where its inputs begin to the next one's.
func (s *shelf) joined(t *testing.T, r *rand.Rand, l layout) ([]byte, export.Counts, bool) {
	t.Helper()
	var out bytes.Buffer
	var counts export.Counts
	irregular := false
	shards, from := s.shards(r, l.measures, l.opening, l.extra, l.gap), int64(0)
	for i, sh := range shards {
		to := int64(len(l.whole))
		if i+1 < len(shards) {
			next := shards[i+1].at
			to = next + r.Int64N(max(to-next, 0)+1)
		}
		from = max(from, sh.at)
		to = max(to, from)
		p := s.pass(Output{Format: l.format, W: &out, Begun: sh.begun, Window: &Window{At: sh.at, From: from, To: to}})
		p.First, p.Last, p.Threads, p.Measured = sh.first, sh.last, 1+r.IntN(2), l.measured
		p.Rejects = func(Reject) error { return nil }
		result, err := run(t.Context(), p, 1+r.IntN(900))
		if err != nil {
			t.Fatal(err)
		}
		counts, irregular, from = counts.Add(result.Counts), irregular || result.Irregular, to
	}
	return out.Bytes(), counts, irregular
}

// layouts are both kinds of file of the shelf.
func (s *shelf) layouts(t *testing.T, measured bool) (all []layout, counts export.Counts) {
	t.Helper()
	m := s.make(t, blockBytes, 1, documentAndLines...)
	opening, err := s.Opening()
	if err != nil {
		t.Fatal(err)
	}
	closing, err := Closing(&s.Document, m.Result.Counts, artifact.None)
	if err != nil {
		t.Fatal(err)
	}
	measures := m.Result.Inputs
	if !measured {
		measures = nil
		for _, in := range s.Inputs {
			measures = append(measures, Measure{Rows: in.Rows, Bytes: in.Bytes - in.Rows})
		}
	}
	document := []byte(m.Files[0])
	return []layout{
		{artifact.JSON, int64(len(opening)), 2, 2, document[:len(document)-len(closing)], measured, measures, m.Result.Irregular && !measured},
		{artifact.NDJSON, 0, 1, 0, []byte(m.Files[1]), measured, measures, m.Result.Irregular && !measured},
	}, m.Result.Counts
}

// TestWindowsMakeTheWhole: windows of strict inputs, cut anywhere, are the file.
func TestWindowsMakeTheWhole(t *testing.T) {
	for seed, r := range artifacttest.Seeds(800) {
		s := randomShelf(r, true)
		layouts, want := s.layouts(t, false)
		for _, l := range layouts {
			s.windowsMake(t, seed, r, l, want)
		}
	}
}

func (s *shelf) windowsMake(t *testing.T, seed uint64, r *rand.Rand, l layout, want export.Counts) {
	t.Helper()
	got, counts, irregular := s.joined(t, r, l)
	if diff := cmp.Diff(string(l.whole), string(got)); diff != "" || irregular {
		t.Fatalf("seed %d, %s, irregular %v (-want +got):\n%s", seed, l.format, irregular, diff)
	}
	counts.Runs = want.Runs
	if counts != want {
		t.Fatalf("seed %d: counts %+v, want %+v", seed, counts, want)
	}
}

// TestMeasuredWindowsMakeTheWhole: so are windows of any inputs that were measured before, of every record and of those
// that match.
func TestMeasuredWindowsMakeTheWhole(t *testing.T) {
	for seed, r := range artifacttest.Seeds(800) {
		s := randomShelf(r, false)
		s.MatchesOnly = r.IntN(2) == 0
		layouts, want := s.layouts(t, true)
		for _, l := range layouts {
			got, counts, _ := s.joined(t, r, l)
			if diff := cmp.Diff(string(l.whole), string(got)); diff != "" {
				t.Fatalf("seed %d, %s (-want +got):\n%s", seed, l.format, diff)
			}
			if counts.Runs = want.Runs; counts != want {
				t.Fatalf("seed %d: counts %+v, want %+v", seed, counts, want)
			}
		}
	}
}

// TestIrregularInputHasNoWindows: wherever inputs aren't strict, some shard says so, and all the records are counted.
func TestIrregularInputHasNoWindows(t *testing.T) {
	for seed, r := range artifacttest.Seeds(800) {
		s := randomShelf(r, false)
		s.MatchesOnly = r.IntN(4) == 0
		layouts, want := s.layouts(t, false)
		for _, l := range layouts {
			got, counts, irregular := s.joined(t, r, l)
			counts.Runs = want.Runs
			if irregular != l.wantIrregular || counts != want {
				t.Fatalf("seed %d: irregular %v, want %v; counts %+v, want %+v", seed, irregular, l.wantIrregular, counts, want)
			}
			if !irregular && !bytes.Equal(got, l.whole) {
				t.Fatalf("seed %d: the windows of strict input aren't the file", seed)
			}
		}
	}
}

func TestImpossibleOutputsAreRefused(t *testing.T) {
	s := newShelf([]string{segment + "\n"}, []string{video + "\n"})
	for _, o := range []Output{
		{Format: artifact.CSV, Window: &Window{}},
		{Format: artifact.JSON, Compression: artifact.Gzip, Window: &Window{At: 5, From: 5}},
		{Format: artifact.JSON, Whole: true, Window: &Window{At: 5, From: 5}},
		{Format: artifact.JSON, Window: &Window{At: 5, From: 4, To: 9}},
		{Format: "xml"},
	} {
		p := s.pass(o)
		p.First = 1
		if _, err := Run(t.Context(), p); err == nil {
			t.Errorf("%+v went through", o)
		}
	}
}
