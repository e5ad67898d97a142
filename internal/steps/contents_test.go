package steps_test

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"io"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/artifact/parquetfile"
	"github.com/videovector/exports/internal/export"
)

// checkContents: every file, or all files of a folder together, hold the selected results.
func (w *world) checkContents(m artifact.Manifest) {
	w.t.Helper()
	held := map[artifact.Format][]string{}
	for _, f := range m.Files {
		content := w.plainContent(f)
		switch {
		case f.Name == export.RejectsName(exportID):
			if n := bytes.Count(content, []byte("\n")); n != w.plan.rejects || int64(n) != f.Rows {
				w.t.Errorf("%d rejects, want %d:\n%s", n, w.plan.rejects, content)
			}
		case f.Format == artifact.JSON:
			held[f.Format] = w.documentResults(content, m)
		case f.Format == artifact.NDJSON:
			held[f.Format] = append([]string{}, results(string(content))...)
		case f.Format == artifact.CSV:
			held[f.Format] = append(held[f.Format], w.csvResults(content)...)
		case f.Format == artifact.Parquet:
			w.checkParquetRows(f, content)
		}
	}
	for format, got := range held {
		want := w.wanted()
		if format == artifact.CSV {
			want = idsOf(w, want)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			w.t.Errorf("results as %s (-want +got):\n%s", format, diff)
		}
	}
}

func (w *world) plainContent(f artifact.File) []byte {
	w.t.Helper()
	content := w.artifact(folderKey + f.Name)
	if f.Compression != artifact.Gzip {
		return content
	}
	r, err := gzip.NewReader(bytes.NewReader(content))
	if err == nil {
		content, err = io.ReadAll(r)
	}
	if err != nil {
		w.t.Errorf("%s: %v", f.Name, err)
	}
	return content
}

func (w *world) documentResults(content []byte, m artifact.Manifest) []string {
	w.t.Helper()
	var d struct {
		Results []json.RawMessage `json:"results"`
		Counts  export.Counts     `json:"counts"`
	}
	if err := json.Unmarshal(content, &d); err != nil {
		w.t.Fatalf("document: %v", err)
	}
	got := make([]string, len(d.Results))
	for i, r := range d.Results {
		got[i] = string(r)
	}
	if c := m.Counts; d.Counts.Results != c.Written || d.Counts.Rejected != c.Rejected || d.Counts.Segments != c.Segments {
		w.t.Errorf("counts = %+v, in the manifest %+v", d.Counts, c)
	}
	return got
}

// csvResults are the ids of the table's rows.
func (w *world) csvResults(content []byte) (ids []string) {
	w.t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(content)).ReadAll()
	if err != nil || len(rows) == 0 {
		w.t.Fatalf("CSV: %d rows, %v", len(rows), err)
	}
	id := 0
	for i, name := range rows[0] {
		if name == "result_id" {
			id = i
		}
	}
	for _, row := range rows[1:] {
		ids = append(ids, row[id])
	}
	return ids
}

func (w *world) checkParquetRows(f artifact.File, content []byte) {
	w.t.Helper()
	rows, err := parquetfile.Rows(bytes.NewReader(content), int64(len(content)))
	if err != nil || rows != f.Rows {
		w.t.Errorf("%s has %d rows, the manifest says %d: %v", f.Name, rows, f.Rows, err)
	}
}

func idsOf(w *world, records []string) []string {
	ids := make([]string, len(records))
	for i, r := range records {
		var record struct {
			ID string `json:"result_id"`
		}
		if err := json.NewDecoder(strings.NewReader(r)).Decode(&record); err != nil {
			w.t.Fatal(err)
		}
		ids[i] = record.ID
	}
	return ids
}
