package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/schollz/progressbar/v3"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/artifact/pack"
	"github.com/videovector/exports/internal/uncached"
)

// packed is the result of pack.
type packed struct {
	Files    []artifact.File         `json:"files"`
	Manifest string                  `json:"manifest"`
	Rejects  string                  `json:"rejects,omitempty"`
	Counts   artifact.ManifestCounts `json:"counts"`
}

func (a *app) pack(ctx context.Context, f packFlags, files []string) error {
	outputs, err := f.outputs()
	if err != nil {
		return err
	}
	restore, err := f.limits()
	if err != nil {
		return err
	}
	defer restore()
	in, err := a.inputs(f, files)
	if err != nil {
		return err
	}
	w := &packing{flags: f, inputs: in, outputs: outputs}
	defer w.discard()
	if err := w.create(); err != nil {
		return err
	}
	bar := a.newBar(a.err, max(in.bytes, -1))
	bar.Describe("packing")
	result, err := w.run(ctx, bar)
	if err = endBar(bar, err); err != nil {
		return err
	}
	done, err := w.publish(result)
	if err != nil {
		return err
	}
	return a.showPacked(done, f.output)
}

// packing is a pack under way.
type packing struct {
	flags     packFlags
	inputs    *packInputs
	outputs   []*packedFile
	rejects   *newFile // nil for none
	manifest  *newFile
	published []string
	whole     bool // everything is published
}

// create begins all the files.
func (w *packing) create() (err error) {
	partBytes := artifact.PartSize(w.inputs.bytes)
	for _, p := range w.outputs {
		p.digester = artifact.NewDigester(partBytes)
		if runtime.GOMAXPROCS(0) > 1 {
			p.digestBeside()
		}
		if p.file, err = w.createFile(p.path); err != nil {
			return err
		}
		p.content = uncached.NewWriter(p.file.File)
	}
	if w.flags.rejects != "" {
		if w.rejects, err = w.createFile(w.flags.rejects); err != nil {
			return err
		}
	}
	w.manifest, err = w.createFile(w.flags.output + manifestExtension)
	return err
}

// createFile begins a file, which must be none of those that are read.
func (w *packing) createFile(path string) (*newFile, error) {
	if there, err := os.Stat(path); err == nil {
		for i, info := range w.inputs.infos {
			if info != nil && os.SameFile(info, there) {
				return nil, misuse("%s can't be written: it is read, as %s", path, w.inputs.names[i])
			}
		}
	}
	return createFile(path, w.flags.force)
}

// all are the files in the order in which they appear: the manifest last.
func (w *packing) all() (files []*newFile) {
	for _, p := range w.outputs {
		files = append(files, p.file)
	}
	return append(files, w.rejects, w.manifest)
}

func (w *packing) run(ctx context.Context, bar *progressbar.ProgressBar) (pack.Result, error) {
	p := pack.Pass{
		Document: &w.inputs.document, Last: len(w.inputs.document.Inputs), Open: w.inputs.open,
		Table: w.inputs.table, CaptionText: w.flags.text, Threads: w.flags.threads,
		Progress: func(_, bytes int64) error {
			_ = bar.Set64(bytes) // a bar that can't draw is no reason to stop
			return nil
		},
	}
	for _, o := range w.outputs {
		p.Outputs = append(p.Outputs, pack.Output{Format: o.format, Compression: o.compression, Codec: parquetCodecs[w.flags.codec], W: o, Whole: true})
	}
	if w.rejects != nil {
		p.Rejects = func(r pack.Reject) error { return json.NewEncoder(w.rejects).Encode(w.named(r)) }
	}
	result, err := pack.Run(ctx, p)
	for _, o := range w.outputs {
		err = cmp.Or(err, o.end())
	}
	var bad *pack.RecordError
	if errors.As(err, &bad) {
		at := w.named(bad.Reject)
		return result, fmt.Errorf("%s, line %d: %s. --rejects FILE puts such lines aside", at.File, at.Line, at.Reason)
	}
	return result, err
}

// fileReject is a reject with the file that it is in.
type fileReject struct {
	File string `json:"file"`
	pack.Reject
}

func (w *packing) named(r pack.Reject) fileReject {
	for _, in := range w.inputs.document.Inputs {
		if in.RunID == r.RunID && in.Number == r.Part {
			return fileReject{in.Key, r}
		}
	}
	return fileReject{Reject: r}
}

// publish gives all files their names, the manifest last.
func (w *packing) publish(r pack.Result) (packed, error) {
	done := packed{Manifest: w.manifest.path, Rejects: w.flags.rejects, Counts: artifact.ManifestCounts{
		Counts: r.Counts, Selected: r.Selected, Written: r.Counts.Results, Rejected: r.Rejected, Filtered: r.Filtered,
	}}
	for i, p := range w.outputs {
		done.Files = append(done.Files, p.described(r.Outputs[i]))
	}
	var selected []int64
	for _, m := range r.Inputs {
		selected = append(selected, m.Selected)
	}
	raw, err := w.inputs.document.ManifestOf(done.Files, done.Counts, selected).Encode()
	if err != nil {
		return done, err
	}
	if _, err := w.manifest.Write(raw); err != nil {
		return done, err
	}
	for _, f := range w.all() {
		if f == nil {
			continue
		}
		if err := f.publish(); err != nil {
			return done, err
		}
		w.published = append(w.published, f.path)
	}
	w.whole = true
	return done, nil
}

// discard leaves nothing behind of a pack that isn't whole.
func (w *packing) discard() {
	for _, p := range w.outputs {
		_ = p.end() // it is not wanted
	}
	for _, f := range w.all() {
		if f != nil {
			f.discard()
		}
	}
	if !w.whole {
		for _, path := range w.published {
			os.Remove(path)
		}
	}
}

func (a *app) showPacked(p packed, out string) error {
	return a.emit(p, func(w io.Writer) error {
		for _, f := range p.Files {
			if _, err := fmt.Fprintf(w, "%s  %s (%d bytes), %s\n", cell(f.Name), size(f.Bytes), f.Bytes, rows(f.Rows)); err != nil {
				return err
			}
		}
		if p.Counts.Rejected > 0 {
			fmt.Fprintf(a.err, "vvx: %s of %d could not be packed; %s says which and why\n", rows(p.Counts.Rejected), p.Counts.Selected, cell(p.Rejects))
		}
		_, err := fmt.Fprintf(w, "%s describes what is in %s\n", cell(p.Manifest), cell(out))
		return err
	})
}
