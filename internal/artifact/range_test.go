package artifact

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
)

// ranges writes the document range by range, and the closing.
func (s *shelf) ranges(t *testing.T, at []int64) ([]byte, export.Counts, error) {
	t.Helper()
	var out bytes.Buffer
	var counts export.Counts
	for i := range at[1:] {
		c, err := s.WriteRange(t.Context(), &out, s.open, at[i], at[i+1])
		if err != nil {
			return nil, counts, err
		}
		if int64(out.Len()) != at[i+1] {
			t.Fatalf("the range to %d ends at %d", at[i+1], out.Len())
		}
		counts = counts.Add(c)
	}
	closing, err := s.Closing(counts)
	if err != nil {
		t.Fatal(err)
	}
	counts.Runs = int64(len(s.Runs))
	return append(out.Bytes(), closing...), counts, nil
}

func (s *shelf) end(t *testing.T) int64 {
	t.Helper()
	l, err := s.Layout()
	if err != nil {
		t.Fatal(err)
	}
	return l.Records
}

// TestRangesMakeTheWhole cuts random documents at random places: the ranges are the document, byte for byte, and
// count every record once.
func TestRangesMakeTheWhole(t *testing.T) {
	for seed, r := range seeds(1500) {
		s, _ := randomShelf(r)
		var want bytes.Buffer
		wantCounts, err := s.Write(t.Context(), &want, s.open, nil)
		if err != nil {
			t.Fatal(err)
		}
		at := cuts(r, s.end(t))
		got, counts, err := s.ranges(t, at)
		if err != nil {
			t.Fatalf("seed %d, cuts %v: %v", seed, at, err)
		}
		if diff := cmp.Diff(want.String(), string(got)); diff != "" {
			t.Fatalf("seed %d, cuts %v (-want +got):\n%s", seed, at, diff)
		}
		if counts != wantCounts {
			t.Fatalf("seed %d, cuts %v: counts %+v, want %+v", seed, at, counts, wantCounts)
		}
	}
}

// TestRangesAtEveryOffset cuts one document in two at every offset there is.
func TestRangesAtEveryOffset(t *testing.T) {
	s := newShelf([]string{segment + "\n" + lost + "\n", "", video + "\n"}, []string{novel + "\n"})
	want := string(s.whole(t))
	end := s.end(t)
	for at := int64(0); at <= end; at++ {
		got, counts, err := s.ranges(t, []int64{0, at, end})
		if err != nil || string(got) != want || counts.Results != 4 {
			t.Fatalf("cut at %d: %d results, %v, equal %v", at, counts.Results, err, string(got) == want)
		}
	}
}

// TestRangesRefuseChangedResults changes a byte of an input, which leaves all offsets as they are: wherever the
// document is cut, at the end of the input too, a range notices.
func TestRangesRefuseChangedResults(t *testing.T) {
	inputs := []string{segment + "\n" + lost + "\n", video + "\n", novel + "\n"}
	for changed := range inputs {
		s := newShelf(inputs)
		key := s.Inputs[changed].Key
		s.content[key] = strings.Replace(s.content[key], "result_id\":", "result_iD\":", 1)
		s.content[key] = strings.Replace(s.content[key], "result_id\": ", "result_iD\": ", 1)
		end := s.end(t)
		for at := int64(0); at <= end; at++ {
			if _, _, err := s.ranges(t, []int64{0, at, end}); fault.As(err).Code != "results_changed" {
				t.Fatalf("input %d, cut at %d: %v", changed, at, err)
			}
		}
	}
}

// TestRangesRefuseResultsOfAnotherSize lets an input grow or shrink, which moves all that follows: wherever the document
// is cut, a range notices.
func TestRangesRefuseResultsOfAnotherSize(t *testing.T) {
	inputs := []string{segment + "\n" + lost + "\n", video + "\n", novel + "\n"}
	for name, change := range map[string]func(string) string{
		"a row more":      func(s string) string { return s + video + "\n" },
		"a row fewer":     func(s string) string { return s[strings.Index(s, "\n")+1:] },
		"a longer record": func(s string) string { return strings.Replace(s, "{", `{"more":1,`, 1) },
		"nothing left":    func(string) string { return "" },
	} {
		for changed := range inputs {
			s := newShelf(inputs)
			key := s.Inputs[changed].Key
			s.content[key] = change(s.content[key])
			end := s.end(t)
			for at := int64(0); at <= end; at++ {
				if _, _, err := s.ranges(t, []int64{0, at, end}); fault.As(err).Code != "results_changed" {
					t.Fatalf("%s in input %d, cut at %d: %v", name, changed, at, err)
				}
			}
		}
	}
}

// TestIrregularInputHasNoRanges: wherever the document is cut, a range says so rather than write wrong bytes.
func TestIrregularInputHasNoRanges(t *testing.T) {
	for name, inputs := range map[string][]string{
		"blank line":         {segment + "\n\n" + lost + "\n"},
		"blank lines at end": {segment + "\n", video + "\n\n\n"},
		"Windows":            {segment + "\r\n" + lost + "\r\n"},
		"no last line end":   {segment + "\n", video},
		"blank and no end":   {segment + "\n\n" + video},
		"byte order mark":    {"\ufeff" + segment + "\n", video + "\n"},
		"blanks around":      {segment + "\n " + video + "\n"},
		"blank lines only":   {segment + "\n", "\n\n", video + "\n"},
		"blank lines first":  {"\n", video + "\n", segment + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelf(inputs)
			end := s.end(t)
			for at := int64(0); at <= end; at++ {
				got, _, err := s.ranges(t, []int64{0, at, end})
				if !fault.Is(err, fault.Irregular) {
					t.Fatalf("cut at %d: %v\n%s", at, err, got)
				}
			}
		})
	}
}

func TestRangeFailuresComeBack(t *testing.T) {
	s := newShelf([]string{segment + "\n" + lost + "\n"})
	end := s.end(t)
	for limit := range int(end) {
		if _, err := s.WriteRange(t.Context(), &stopWriter{left: limit}, s.open, 0, end); err == nil {
			t.Fatalf("a writer that fails after %d bytes went unnoticed", limit)
		}
	}
	s.content["run_1/1"] = "{}{}\n"
	if _, err := s.WriteRange(t.Context(), io.Discard, s.open, 0, end); fault.As(err).Code != "results_invalid" {
		t.Errorf("a bad record: %v", err)
	}
}
