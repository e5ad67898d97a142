package corpus

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/videovector/exports/internal/artifact"
)

// What each run begins with. A change of the generator changes them, and has to change Version too.
var golden = map[int]string{
	0: "6975d60e046e8e5b41ba337802bb816757da3193a06154951bf06c9ca6016bb5",
	1: "628ded8321403dff43558b46264678e7f95cd180b448e5e9880fb9a90a6aa26c",
	2: "c770ae47a7624616d24d9c12a1619ba92d86492ca950c206f45801b529978cb1",
	3: "e3bdb6410dcc71192081ec7df8df6a030c1b4d925f1cfad767e3b3b7acc92be1",
}

func TestSameBytesEverywhere(t *testing.T) {
	for run := range prompts {
		h := sha256.New()
		for _, line := range some(run, 200) {
			h.Write(line)
		}
		if got := hex.EncodeToString(h.Sum(nil)); got != golden[run] {
			t.Errorf("%s begins with %s, want %s: Version %d names other bytes", runID(run), got, golden[run], Version)
		}
	}
}

func TestRecordsAreComplete(t *testing.T) {
	parser := artifact.NewParser()
	for run := range prompts {
		seen := map[string]bool{}
		types := map[string]int{}
		size := 0
		for n, line := range some(run, 2000) {
			record := bytes.TrimSuffix(line, []byte("\n"))
			r, err := parser.Parse(record)
			if err == nil {
				err = r.Incomplete()
			}
			if err != nil {
				t.Fatalf("%s, record %d: %v\n%s", runID(run), n, err, record)
			}
			if id := string(parser.Value(artifact.ResultID)); seen[id] {
				t.Errorf("%s comes twice", id)
			} else {
				seen[id] = true
			}
			inOrder(t, parser)
			types[r.Type]++
			size += len(line)
		}
		if types["segment"] < 1000 || types["video"] < 10 {
			t.Errorf("%s holds %v: there must be many segments and some videos", runID(run), types)
		}
		if mean := size / 2000; mean < 1000 || mean > 3000 {
			t.Errorf("%s: a record has %d bytes in the mean, want 1 to 3 KB", runID(run), mean)
		}
	}
}

// inOrder fails unless a segment's times are both null or in order.
func inOrder(t *testing.T, p *artifact.Parser) {
	t.Helper()
	var from, to *float64
	for member, v := range map[artifact.Member]**float64{artifact.StartTime: &from, artifact.EndTime: &to} {
		if raw := p.Value(member); raw != nil && json.Unmarshal(raw, v) != nil {
			t.Errorf("%s is no time", raw)
		}
	}
	if (from == nil) != (to == nil) || from != nil && *from >= *to {
		t.Errorf("a segment from %v to %v", from, to)
	}
}

func TestEnsureMakesFilesOnce(t *testing.T) {
	folder := t.TempDir()
	first, err := Ensure(folder, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	var bytes int64
	for _, name := range append(first.Files, first.Schema) {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if name != first.Schema {
			bytes += info.Size()
		}
	}
	if bytes != first.Bytes || bytes < 1<<20 || first.Rows < 300 {
		t.Errorf("%d bytes on disk, the corpus says %d bytes and %d rows", bytes, first.Bytes, first.Rows)
	}
	before := modified(t, first.Files[0])
	second, err := Ensure(folder, 1<<20)
	if err != nil || second.Bytes != first.Bytes || modified(t, first.Files[0]) != before {
		t.Errorf("a second call gave %+v, %v and must find the first's files", second, err)
	}
}

func TestEnsureEndsWhatWasBrokenOff(t *testing.T) {
	folder := t.TempDir()
	whole, err := Ensure(folder, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{filepath.Join(filepath.Dir(whole.Schema), "corpus.json"), whole.Files[2]} {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	if again, err := Ensure(folder, 1<<20); err != nil || again.Bytes != whole.Bytes {
		t.Errorf("Ensure gave %+v, %v, want the whole corpus of %d bytes", again, err, whole.Bytes)
	}
}

func TestSchemaIsJSON(t *testing.T) {
	var s struct{ Properties map[string]any }
	if err := json.Unmarshal([]byte(Schema()), &s); err != nil || len(s.Properties) < 20 {
		t.Errorf("the schema has %d properties: %v", len(s.Properties), err)
	}
}

func modified(t *testing.T, name string) int64 {
	t.Helper()
	info, err := fs.Stat(os.DirFS(filepath.Dir(name)), filepath.Base(name))
	if err != nil {
		t.Fatal(err)
	}
	return info.ModTime().UnixNano()
}

// some are the first lines of a run.
func some(run, count int) (lines [][]byte) {
	for line := range Records(run) {
		lines = append(lines, bytes.Clone(line))
		if len(lines) == count {
			break
		}
	}
	return lines
}
