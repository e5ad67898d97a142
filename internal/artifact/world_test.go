package artifact

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/videovector/exports/internal/export"
)

// shelf is a document whose inputs are texts in memory.
type shelf struct {
	Document
	content map[string]string
}

// newShelf is a document of one run for each list of inputs.
func newShelf(runs ...[]string) *shelf {
	s := &shelf{content: map[string]string{}}
	s.Head = Head{ExportID: "exp_1", Type: "index", TargetID: "idx_1", AsOf: "2026-03-01T00:00:00.000Z", Selection: Selection{Scope: "all"}}
	for i, inputs := range runs {
		id := fmt.Sprintf("run_%d", i+1)
		s.Runs = append(s.Runs, Run{
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
	lines := NewLines(strings.NewReader(content))
	rows := int64(0)
	for {
		if _, err := lines.Next(); err != nil {
			break
		}
		rows++
	}
	sum := sha256.Sum256([]byte(content))
	in := Input{RunID: run, Number: number, Key: fmt.Sprintf("%s/%d", run, number), Bytes: int64(len(content)), Rows: rows, SHA256: hex.EncodeToString(sum[:])}
	s.Inputs = append(s.Inputs, in)
	s.content[in.Key] = content
}

// whole is the document.
func (s *shelf) whole(t *testing.T) []byte {
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
	parser := NewParser()
	for _, in := range s.Inputs {
		for lines := NewLines(strings.NewReader(s.content[in.Key])); ; {
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
	return slices.Concat(opening, []byte(strings.Join(records, Separator)), closing), counts
}

// records are the document's results as they stand in it.
func records(t *testing.T, document []byte) []string {
	t.Helper()
	var d struct{ Results []json.RawMessage }
	if err := json.Unmarshal(document, &d); err != nil {
		t.Fatalf("the document is not JSON: %v\n%s", err, document)
	}
	var all []string
	for _, r := range d.Results {
		all = append(all, string(r))
	}
	return all
}

// randomRecord is a strict record of some kind and size, now and then with what trips careless code.
func randomRecord(r *rand.Rand, id int) string {
	extras := []string{
		"", `,"x":null`, `,"text":"😀 \ud83d\ude00 ü"`, `,"text":"line\nfeed\tand \"quotes\" \\"`, `,"n":1.50e+10,"deep":[[{"a":[]}]]`,
		`,"selected":true`, `,"status":"failed"`, `,"field_extraction_succeeded":false`, ` , "spaced" : [ 1 , 2 ] `, `,"sep":"},\n{"`,
		`,"long":"` + strings.Repeat("x", r.IntN(600)) + `"`,
	}
	kind := []string{"segment", "video", "other"}[r.IntN(3)]
	return fmt.Sprintf(`{"result_type":%q,"result_id":"%d"%s}`, kind, id, extras[r.IntN(len(extras))])
}

// randomShelf is a document of strict inputs, empty ones among them, and the records it must hold.
func randomShelf(r *rand.Rand) (*shelf, []string) {
	var runs [][]string
	var all []string
	for range 1 + r.IntN(3) {
		var inputs []string
		for range r.IntN(4) {
			var input strings.Builder
			for range r.IntN(6) {
				all = append(all, randomRecord(r, len(all)))
				input.WriteString(all[len(all)-1] + "\n")
			}
			inputs = append(inputs, input.String())
		}
		runs = append(runs, inputs)
	}
	return newShelf(runs...), all
}

// seeds are the cases of a property test.
func seeds(n uint64) func(yield func(uint64, *rand.Rand) bool) {
	return func(yield func(uint64, *rand.Rand) bool) {
		for seed := range n {
			if !yield(seed, rand.New(rand.NewPCG(seed, 1))) {
				return
			}
		}
	}
}

// manifest is that of the shelf's document alone.
func (s *shelf) manifest(d Digests, c export.Counts) Manifest {
	return s.NewManifest([]File{{Name: "exp_1.json", Format: JSON, Rows: c.Results, Digests: d}}, c, s.Rows()-c.Results)
}
