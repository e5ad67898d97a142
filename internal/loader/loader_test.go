package loader

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
)

// shelf is a catalogue and a bucket that remember what was written, in order.
type shelf struct {
	objects map[string]string
	index   map[string]export.Index
	runs    map[string]export.Run
	parts   []export.Part
	fail    error
}

func newShelf() *shelf {
	return &shelf{objects: map[string]string{}, index: map[string]export.Index{}, runs: map[string]export.Run{}}
}

func (s *shelf) Index(_ context.Context, _, id string) (export.Index, error) {
	if i, ok := s.index[id]; ok {
		return i, nil
	}
	return export.Index{}, fault.New(fault.NotFound, "index_not_found", "no")
}

func (s *shelf) PutIndex(_ context.Context, i export.Index) error { s.index[i.ID] = i; return nil }

func (s *shelf) PutRun(_ context.Context, r export.Run, parts []export.Part) error {
	s.runs[r.ID], s.parts = r, parts
	return nil
}

func (s *shelf) Put(_ context.Context, key string, body []byte, _ blob.PutOptions) (blob.Info, error) {
	if s.fail != nil {
		return blob.Info{}, s.fail
	}
	s.objects[key] = string(body)
	return blob.Info{Key: key, Bytes: int64(len(body))}, nil
}

func (s *shelf) Delete(context.Context, string) error { return nil }

func text(name, content string) Source {
	return Source{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil }}
}

func record(id string) string { return fmt.Sprintf(`{"result_type":"segment","result_id":%q}`, id) }

func TestCheckNamesTheBadLine(t *testing.T) {
	for name, c := range map[string]struct{ lines, want string }{
		"not JSON":       {record("a") + "\n{\"result_type\":}\n", "f.ndjson, line 2: not strict JSON at byte 15"},
		"not an object":  {record("a") + "\n\n[1]\n", "f.ndjson, line 3: a result is a JSON object"},
		"duplicate name": {`{"result_type":"segment","result_id":"a","x":1,"x":2}`, "line 1: not strict JSON at byte 47: an object has two members of one name"},
		"bad UTF-8":      {"{\"result_type\":\"segment\",\"result_id\":\"\xff\"}", "line 1: not strict JSON at byte 38: it is not UTF-8"},
		"two values":     {record("a") + record("b"), "line 1: more than one JSON value in a line"},
		"no id":          {`{"result_type":"segment"}`, `line 1: "result_id" is missing`},
		"blank id":       {`{"result_type":"segment","result_id":" "}`, `line 1: "result_id" is missing`},
		"no type":        {`{"result_id":"a"}`, `line 1: "result_type" is missing`},
		"id of a number": {`{"result_type":"segment","result_id":7}`, `line 1: "result_id" is missing or not a string`},
		"too long":       {record("a") + "\r\n" + sized(artifact.MaxRecordBytes+1), "line 2: a record is at most 16 MiB"},
		"far too long":   {record("a") + "\n" + sized(2*artifact.MaxRecordBytes), "line 2: a record is at most 16 MiB"},
		"too deep":       {record("a") + "\n" + nested(artifact.MaxDepth+1), "line 2: more than 1000 levels of nesting"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(Config{}).Check(t.Context(), []Source{text("f.ndjson", c.lines)})
			if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.As(err).Message, c.want) {
				t.Errorf("error = %v, want one that says %q", err, c.want)
			}
		})
	}
}

func TestCheckTakesRecordsUpToTheLimits(t *testing.T) {
	lines := "\ufeff" + sized(artifact.MaxRecordBytes) + "\r\n\n" + nested(artifact.MaxDepth) + "\n" + record("a")
	rows, err := New(Config{}).Check(t.Context(), []Source{text("f.ndjson", lines)})
	if err != nil || rows != 3 {
		t.Errorf("Check = %d, %v; want 3 rows", rows, err)
	}
}

// sized is a record of n bytes.
func sized(n int) string {
	const head, tail = `{"result_type":"segment","result_id":"a","x":"`, `"}`
	return head + strings.Repeat("x", n-len(head)-len(tail)) + tail
}

// nested is a record of so many levels, itself the first.
func nested(levels int) string {
	return `{"result_type":"segment","result_id":"a","x":` + strings.Repeat("[", levels-1) + strings.Repeat("]", levels-1) + "}"
}

func TestProgressHearsEveryByte(t *testing.T) {
	content := "\ufeff" + record("1") + "\r\n\n" + record("2")
	var heard int64
	l := New(Config{Progress: func(n int64) { heard += n }})
	if _, err := l.Check(t.Context(), []Source{text("f", content)}); err != nil {
		t.Fatal(err)
	}
	if heard != int64(len(content)) {
		t.Errorf("heard of %d bytes, want %d", heard, len(content))
	}
}

func TestLoadCutsPartsAtRecordsAndWritesTheRunLast(t *testing.T) {
	s := newShelf()
	l := New(Config{Catalog: s, Results: s, LoadID: "L1", PartBytes: 100, Clock: time.Now})
	sources := []Source{
		text("a", "\ufeff"+record("1")+"\r\n\r\n"+record("2")+"\r\n"+record("3")),
		text("b", record("4")+"\n"),
	}
	rows, err := l.Check(t.Context(), sources)
	if err != nil || rows != 4 {
		t.Fatalf("Check = %d, %v", rows, err)
	}
	run, err := l.Load(t.Context(), export.Run{ID: "run_1", AccountID: "acct", IndexID: "idx_1"}, sources)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for i, p := range s.parts {
		if p.Number != i+1 || p.Bytes != int64(len(s.objects[p.Key])) || p.Rows != int64(strings.Count(s.objects[p.Key], "\n")) {
			t.Errorf("part %d = %+v, object %q", i, p, s.objects[p.Key])
		}
		all.WriteString(s.objects[p.Key])
	}
	want := record("1") + "\n" + record("2") + "\n" + record("3") + "\n" + record("4") + "\n"
	if all.String() != want {
		t.Errorf("parts hold %q, want %q", all.String(), want)
	}
	if run.Rows != 4 || run.Parts != len(s.parts) || run.Parts < 2 || run.Bytes != int64(len(want)) {
		t.Errorf("run totals = %d rows, %d parts, %d bytes", run.Rows, run.Parts, run.Bytes)
	}
	if _, ok := s.index["idx_1"]; !ok {
		t.Error("the unknown index was not added")
	}
}

func TestAFailedUploadLeavesTheCatalogueAlone(t *testing.T) {
	s := newShelf()
	s.fail = fault.New(fault.Unavailable, "storage_unavailable", "no")
	_, err := New(Config{Catalog: s, Results: s, Clock: time.Now}).Load(t.Context(), export.Run{ID: "r"}, []Source{text("a", record("1"))})
	if !fault.Is(err, fault.Unavailable) || len(s.runs) != 0 {
		t.Errorf("error = %v, runs = %v", err, s.runs)
	}
}

// FuzzEachLine: no line is empty or two lines.
func FuzzEachLine(f *testing.F) {
	f.Add("\ufeff{}\r\n\n{\"a\":1}")
	f.Fuzz(func(t *testing.T, content string) {
		var got []string
		if err := eachLine("f", strings.NewReader(content), func(int64) {}, func(r []byte, _ int) error {
			got = append(got, string(r))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for _, r := range got {
			if r == "" || strings.Contains(r, "\n") {
				t.Errorf("visited %q", r)
			}
		}
	})
}
