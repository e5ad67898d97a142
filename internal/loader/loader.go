// Package loader brings result files into the platform's catalogue: it checks every line of the NDJSON files, cuts
// them into parts, stores the parts in the results bucket and, last of all, writes the run's record. Until that
// record is written the catalogue is as it was, so a failed or interrupted load leaves nothing behind that an export
// could see.
package loader

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
)

// DefaultPartBytes is the size at which a part is closed; a part ends with a whole record, so it may be longer by one.
const DefaultPartBytes = 32 << 20

// Catalog is the side of the record store that the loader writes.
type Catalog interface {
	Index(ctx context.Context, account, id string) (export.Index, error)
	PutIndex(ctx context.Context, i export.Index) error
	PutRun(ctx context.Context, r export.Run, parts []export.Part) error
}

// Config is what a Loader works with.
type Config struct {
	Catalog Catalog
	Results blob.Writer
	// LoadID names this load in the parts' keys, so that loading a run again never touches parts that a running
	// export reads.
	LoadID    string
	PartBytes int // 0 means DefaultPartBytes
	Clock     func() time.Time
	// Progress hears the bytes read so far, of both passes together; nil means nobody listens.
	Progress func(n int64)
}

// Loader loads runs.
type Loader struct{ cfg Config }

// New makes a Loader.
func New(cfg Config) *Loader {
	if cfg.PartBytes == 0 {
		cfg.PartBytes = DefaultPartBytes
	}
	if cfg.Progress == nil {
		cfg.Progress = func(int64) {}
	}
	return &Loader{cfg}
}

// Source is a result file; Open may be called twice.
type Source struct {
	Name string
	Open func() (io.ReadCloser, error)
}

// Check reads every source and reports the first line that is not a result record. It returns how many records there
// are.
func (l *Loader) Check(ctx context.Context, sources []Source) (rows int64, err error) {
	parser := artifact.NewParser()
	for _, src := range sources {
		err := l.each(src, func(record []byte, line int) error {
			rows++
			if err := checkRecord(parser, record); err != nil {
				return badRecord(src.Name, line, err)
			}
			return ctx.Err()
		})
		if err != nil {
			return 0, err
		}
	}
	return rows, nil
}

// Load stores the sources, which Check has accepted, as the run's parts and then writes the run. The run's totals are
// filled in; an index that the catalogue doesn't know is added under its id.
func (l *Loader) Load(ctx context.Context, run export.Run, sources []Source) (export.Run, error) {
	w := &partWriter{loader: l, run: run}
	for _, src := range sources {
		err := l.each(src, func(record []byte, _ int) error { return w.add(ctx, record) })
		if err != nil {
			return export.Run{}, err
		}
	}
	if err := w.flush(ctx); err != nil {
		return export.Run{}, err
	}
	if err := l.ensureIndex(ctx, run); err != nil {
		return export.Run{}, err
	}
	run.Parts = len(w.parts)
	for _, p := range w.parts {
		run.Rows += p.Rows
		run.Bytes += p.Bytes
	}
	return run, l.cfg.Catalog.PutRun(ctx, run, w.parts)
}

func (l *Loader) ensureIndex(ctx context.Context, run export.Run) error {
	if run.IndexID == "" {
		return nil
	}
	_, err := l.cfg.Catalog.Index(ctx, run.AccountID, run.IndexID)
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	return l.cfg.Catalog.PutIndex(ctx, export.Index{
		ID: run.IndexID, AccountID: run.AccountID, Name: run.IndexID, UserID: run.ExecutedBy, CreatedAt: export.Stamp(l.cfg.Clock()),
	})
}

func (l *Loader) each(src Source, visit func(record []byte, line int) error) error {
	f, err := src.Open()
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "file_unreadable", fmt.Sprintf("%s can't be read.", src.Name))
	}
	defer f.Close()
	return eachLine(src.Name, f, l.cfg.Progress, visit)
}

// partWriter gathers records into parts.
type partWriter struct {
	loader *Loader
	run    export.Run
	buf    bytes.Buffer
	rows   int64
	parts  []export.Part
}

func (w *partWriter) add(ctx context.Context, record []byte) error {
	w.buf.Write(record)
	w.buf.WriteByte('\n')
	w.rows++
	if w.buf.Len() < w.loader.cfg.PartBytes {
		return ctx.Err()
	}
	return w.flush(ctx)
}

func (w *partWriter) flush(ctx context.Context) error {
	if w.rows == 0 {
		return nil
	}
	n := len(w.parts) + 1
	sum := sha256.Sum256(w.buf.Bytes())
	part := export.Part{
		Number: n,
		Key:    fmt.Sprintf("results/%s/%s/%s/part-%05d.ndjson", w.run.AccountID, w.run.ID, w.loader.cfg.LoadID, n),
		Bytes:  int64(w.buf.Len()), Rows: w.rows, SHA256: hex.EncodeToString(sum[:]),
	}
	if _, err := w.loader.cfg.Results.Put(ctx, part.Key, w.buf.Bytes(), blob.PutOptions{ContentType: "application/x-ndjson"}); err != nil {
		return err
	}
	w.parts = append(w.parts, part)
	w.buf.Reset()
	w.rows = 0
	return nil
}
