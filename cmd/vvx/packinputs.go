package main

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/artifact/columns"
	"github.com/videovector/exports/internal/fault"
)

// packInputs are the result files of a pack, as one selection.
type packInputs struct {
	app      *app
	names    []string // of the files, as given, in the order of the document's inputs
	infos    []os.FileInfo
	document artifact.Document
	table    *columns.Table
	bytes    int64 // of all files; standard input counts as none
	stdin    bool
}

// inputs looks at the files and makes their document.
func (a *app) inputs(f packFlags, files []string) (*packInputs, error) {
	in := &packInputs{app: a}
	schema, err := readSchema(f.schema)
	if err != nil {
		return nil, err
	}
	newest := time.Unix(0, 0)
	runs := map[string]int{}
	for _, name := range files {
		at, err := in.add(name, runs, schema)
		if err != nil {
			return nil, err
		}
		if at.After(newest) {
			newest = at
		}
	}
	in.table = columns.New([]json.RawMessage{schema})
	in.document.Head = artifact.Head{ExportID: "exp_local", Type: "files", Selection: artifact.Selection{Scope: "all"}}
	in.document.Head.AsOf, err = f.asOf(newest)
	return in, err
}

// add adds a file as the next part of the run that it is named after, and tells when it was changed.
func (in *packInputs) add(name string, runs map[string]int, schema json.RawMessage) (changed time.Time, err error) {
	run, changed := "stdin", time.Now()
	var info os.FileInfo
	switch {
	case name == "-" && in.stdin:
		return changed, misuse("standard input can be read only once")
	case name == "-":
		in.stdin = true
	default:
		if info, err = os.Stat(name); err != nil {
			return changed, err
		}
		if info.IsDir() {
			return changed, misuse("%s is a folder", name)
		}
		run, changed = runOf(name), info.ModTime()
		in.bytes += info.Size()
	}
	runs[run]++
	if runs[run] == 1 {
		in.document.Runs = append(in.document.Runs, artifact.Run{ID: run, Schema: schema})
	}
	in.names, in.infos = append(in.names, name), append(in.infos, info)
	in.document.Inputs = append(in.document.Inputs, artifact.Input{RunID: run, Number: runs[run], Key: name})
	return changed, nil
}

// runOf is the run that a result file is named after.
func runOf(name string) string {
	base := filepath.Base(name)
	for _, ext := range []string{".ndjson", ".jsonl", ".json"} {
		if stem, ok := strings.CutSuffix(base, ext); ok && stem != "" {
			return stem
		}
	}
	return base
}

// readSchema reads a JSON Schema, nil for no file.
func readSchema(file string) (json.RawMessage, error) {
	if file == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var object map[string]any
	if err := json.Unmarshal(raw, &object); err != nil {
		return nil, fault.Newf(fault.Invalid, "schema_invalid", "%s is not a JSON object: %v.", file, err)
	}
	return raw, nil
}

// open is the document's source.
func (in *packInputs) open(ctx context.Context, input artifact.Input) (io.ReadCloser, error) {
	if input.Key != "-" {
		return os.Open(input.Key)
	}
	return interruptible(ctx, in.app.in), nil
}

// interruptible reads r until the context ends, even if r doesn't.
func interruptible(ctx context.Context, r io.Reader) io.ReadCloser {
	out, in := io.Pipe()
	stop := context.AfterFunc(ctx, func() { in.CloseWithError(ctx.Err()) })
	go func() {
		_, err := io.CopyBuffer(in, struct{ io.Reader }{r}, make([]byte, 256<<10))
		in.CloseWithError(err)
		stop()
	}()
	return out
}
