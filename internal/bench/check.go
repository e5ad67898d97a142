package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strings"

	"github.com/videovector/exports/internal/bench/corpus"
)

// checks holds what every side makes of a small corpus against the corpus, cell by cell.
func (b *bench) checks(ctx context.Context, w io.Writer, columns []column, c corpus.Corpus) {
	lines := [][]string{{"file", "held against its source"}}
	seen := map[string]bool{}
	for _, cmp := range comparisons() {
		for _, s := range append(cmp.a, cmp.b...) {
			if s.out == "all" || s.out == "bare" || seen[s.name] || strings.HasSuffix(s.out, ".gz") || strings.HasSuffix(s.name, "threads") {
				continue
			}
			seen[s.name] = true
			lines = append(lines, []string{s.name, b.check(ctx, s, columns, c)})
		}
	}
	printTable(w, lines)
}

func (b *bench) check(ctx context.Context, s side, columns []column, c corpus.Corpus) string {
	if why := b.w.missing[s.need]; s.need != "" && why != "" {
		return "not made: " + why
	}
	b.log("content of %s", s.name)
	_, err := b.once(ctx, s, c)
	if err == nil {
		var file iter.Seq2[[]cell, error]
		if file, err = b.rowsOf(ctx, s, columns); err == nil {
			var v verdict
			if v, err = judge(columns, lineRows(columns, false, c.Files...), file); err == nil {
				return v.text()
			}
		}
	}
	return oneLine(err)
}

// rowsOf reads what a side has made. Parquet is read by DuckDB, whoever wrote it.
func (b *bench) rowsOf(ctx context.Context, s side, columns []column) (iter.Seq2[[]cell, error], error) {
	out := filepath.Join(b.w.outputs, s.out)
	switch filepath.Ext(s.out) {
	case ".json":
		return arrayRows(columns, out), nil
	case ".ndjson":
		return lineRows(columns, false, out), nil
	case ".csv":
		return csvRows(columns, out), nil
	}
	if why := b.w.missing["python"]; why != "" {
		return nil, fmt.Errorf("nobody here reads it: %s", why)
	}
	rows := filepath.Join(b.w.outputs, "rows.ndjson")
	read := python("DuckDB", "rows", "rows.ndjson", "").run(b.w, corpus.Corpus{Files: []string{out}}, rows)
	_, err := measure(ctx, read)
	return lineRows(columns, true, rows), err
}
