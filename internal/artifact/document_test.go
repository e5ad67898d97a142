package artifact

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden holds got against a file of testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

const (
	segment = `{"result_type":"segment","result_id":"segment:s1:run_1","start_time":1.50,"metadata":{"text":"Ä 😀 <b>"},"field_extraction_succeeded":true,"selected":true}`
	lost    = `{"result_type":"segment","result_id":"segment:s2:run_1","field_extraction_succeeded":false,"field_extraction_error":"timeout"}`
	video   = `{"status": "failed", "result_type": "video", "result_id": "video:v1:run_2"}`
	novel   = `{"result_id":"x","result_type":"novel","status":"failed","selected":"true"}`
)

func TestGolden(t *testing.T) {
	matches := newShelf([]string{segment + "\n" + lost + "\n"}, []string{video + "\n"})
	matches.MatchesOnly, matches.Head.Selection = true, Selection{RunIDs: []string{"run_1", "run_2"}, Scope: "matches"}
	schema := newShelf([]string{segment + "\n"})
	schema.Runs[0].Schema = json.RawMessage(`{"type":"object","properties":{"text":{"type":"string"}}}`)
	none := newShelf()
	none.MatchesOnly = true
	for name, s := range map[string]*shelf{
		"all":       newShelf([]string{segment + "\n" + lost + "\n"}, []string{video + "\n", "", novel + "\n"}),
		"matches":   matches,
		"schema":    schema,
		"nothing":   none,
		"irregular": newShelf([]string{"\ufeff" + segment + "\r\n\n  \n" + lost, " " + video + " "}),
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			counts, err := s.Write(t.Context(), &out, s.open, nil)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".json", out.Bytes())
			digests, err := DigestOf(bytes.NewReader(out.Bytes()), 400)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := s.manifest(digests, counts).Encode()
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".manifest.json", raw)
		})
	}
}

// TestDocumentIsJSONForEveryReader reads random documents with another parser: the records are there, in order, byte
// for byte.
func TestDocumentIsJSONForEveryReader(t *testing.T) {
	for seed, r := range seeds(300) {
		s, want := randomShelf(r)
		if diff := cmp.Diff(want, records(t, s.whole(t))); diff != "" {
			t.Fatalf("seed %d: records (-want +got):\n%s", seed, diff)
		}
	}
}

func TestCounts(t *testing.T) {
	for line, want := range map[string]export.Counts{
		segment: {Runs: 1, Results: 1, Segments: 1},
		lost:    {Runs: 1, Results: 1, Segments: 1, Failed: 1},
		video:   {Runs: 1, Results: 1, Videos: 1, Failed: 1},
		novel:   {Runs: 1, Results: 1},
		`{"result_type":"video","field_extraction_succeeded":false}`: {Runs: 1, Results: 1, Videos: 1},
		`{"result_type":"segment","status":"failed"}`:                {Runs: 1, Results: 1, Segments: 1},
	} {
		s := newShelf([]string{line + "\n"})
		got, err := s.Write(t.Context(), io.Discard, s.open, nil)
		if err != nil || got != want {
			t.Errorf("%s counts as %+v, %v; want %+v", line, got, err, want)
		}
	}
}

// TestChangedResultsAreRefused changes an input after it was catalogued.
func TestChangedResultsAreRefused(t *testing.T) {
	for name, content := range map[string]string{
		"another byte": strings.Replace(segment, "1.50", "1.51", 1) + "\n" + lost + "\n",
		"cut":          segment + "\n",
		"longer":       segment + "\n" + lost + "\n" + video + "\n",
		"emptied":      "",
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelf([]string{segment + "\n" + lost + "\n"})
			s.content["run_1/1"] = content
			_, err := s.Write(t.Context(), io.Discard, s.open, nil)
			if fault.As(err).Code != "results_changed" {
				t.Errorf("error = %v", err)
			}
		})
	}
}

func TestBadRecordIsNamed(t *testing.T) {
	s := newShelf([]string{segment + "\n"}, []string{video + "\n\n{\"secret\":hunter2}\n"})
	_, err := s.Write(t.Context(), io.Discard, s.open, nil)
	want := "Run run_2, part 1, line 3: not strict JSON at byte 10."
	if !fault.Is(err, fault.Invalid) || fault.As(err).Message != want || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error = %v, want %q", err, want)
	}
	s = newShelf([]string{segment + "\n"})
	s.content["run_1/1"] = segment + "\n" + strings.Repeat(" ", 2*MaxRecordBytes) + "{}\n"
	_, err = s.Write(t.Context(), io.Discard, s.open, nil)
	if want := "Run run_1, part 1, line 2: a record is at most 16 MiB."; fault.As(err).Message != want {
		t.Errorf("error = %v, want %q", err, want)
	}
}

var errStop = errors.New("stop")

// TestFailuresEndTheWriting: the source's, the writer's and the listener's errors come back as they are.
func TestFailuresEndTheWriting(t *testing.T) {
	s := newShelf([]string{segment + "\n" + lost + "\n"}, []string{video + "\n"})
	if _, err := s.Write(t.Context(), io.Discard, func(context.Context, Input) (io.ReadCloser, error) { return nil, errStop }, nil); !errors.Is(err, errStop) {
		t.Errorf("a source that fails: %v", err)
	}
	for limit := range len(s.whole(t)) {
		if _, err := s.Write(t.Context(), &stopWriter{left: limit}, s.open, nil); !errors.Is(err, errStop) {
			t.Fatalf("a writer that fails after %d bytes: %v", limit, err)
		}
	}
	calls := 0
	_, err := s.Write(t.Context(), io.Discard, s.open, func(int64, int64) error { calls++; return errStop })
	if !errors.Is(err, errStop) || calls != 1 {
		t.Errorf("a listener that fails: %v after %d calls", err, calls)
	}
}

// stopWriter fails when more than left bytes are written.
type stopWriter struct{ left int }

func (w *stopWriter) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, errStop
	}
	return len(p), nil
}

func TestProgress(t *testing.T) {
	s := newShelf([]string{segment + "\n" + lost + "\n"}, []string{video + "\n"})
	type step struct{ Records, Bytes int64 }
	var got []step
	if _, err := s.Write(t.Context(), io.Discard, s.open, func(records, bytes int64) error {
		got = append(got, step{records, bytes})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	a, b, c := int64(len(segment)+1), int64(len(lost)+1), int64(len(video)+1)
	if diff := cmp.Diff([]step{{1, a}, {2, a + b}, {3, a + b + c}}, got); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
}

func TestStamp(t *testing.T) {
	at := time.Date(2026, 3, 1, 1, 2, 3, 4_999_999, time.FixedZone("", 3600))
	if got := Stamp(at); got != "2026-03-01T00:02:03.004Z" {
		t.Errorf("Stamp = %s", got)
	}
}
