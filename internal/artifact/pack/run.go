package pack

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
)

// Run carries the pass out. A record that can't be exported is fault.Invalid "results_invalid" where nobody takes
// rejects; a *RecordError says which one. An input that isn't what the catalogue says is fault.Invalid
// "results_changed". After a failure the outputs hold some of their bytes.
func Run(ctx context.Context, p Pass) (Result, error) {
	return run(ctx, p, blockBytes)
}

// run is Run with blocks of any size.
func run(ctx context.Context, p Pass, size int) (Result, error) {
	made, err := outputs(&p)
	if err != nil {
		return Result{}, err
	}
	a := &appender{pass: &p, outputs: made, parser: artifact.NewParser()}
	a.result.Inputs = make([]Measure, p.Last-p.First)
	if err := a.all(ctx, size); err != nil {
		return Result{}, err
	}
	return a.result, nil
}

// all reads the own inputs, and of the others what windows still lack.
func (a *appender) all(ctx context.Context, size int) error {
	for _, o := range a.outputs {
		if err := o.open(); err != nil {
			return err
		}
	}
	own := &feed{pass: a.pass, size: size, next: a.pass.First, to: a.pass.Last, own: true}
	if err := a.read(ctx, own); err != nil {
		return err
	}
	if a.lacking() {
		beyond := &feed{pass: a.pass, size: size, next: a.pass.Last, to: len(a.pass.Document.Inputs)}
		if err := a.inline(ctx, beyond); err != nil && !errors.Is(err, errEnough) {
			return err
		}
	}
	return a.close()
}

func (a *appender) read(ctx context.Context, f *feed) error {
	if n := a.pass.threads(); n > 1 {
		return a.parallel(ctx, f, n)
	}
	return a.inline(ctx, f)
}

// errEnough ends the reading of what follows the own inputs.
var errEnough = errors.New("every window is full")

// appender takes blocks in order to the outputs and counts what they hold.
type appender struct {
	pass    *Pass
	outputs []output
	parser  *artifact.Parser // of refused lines
	result  Result
	bytes   int64 // read
	input   reading
}

// reading is how far an input is read.
type reading struct {
	lines    int
	selected int64
	bytes    int64
}

// take appends a block. The block's error comes after what speaks against its lines.
func (a *appender) take(ctx context.Context, b *block) error {
	if b.err != nil {
		return b.err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if b.uneven() {
		a.uneven()
	}
	if !b.own {
		return a.beyond(b)
	}
	if err := a.refuse(b); err != nil {
		return err
	}
	if err := a.write(b, false); err != nil {
		return err
	}
	a.count(b)
	if a.pass.Progress != nil && b.size() > 0 {
		if err := a.pass.Progress(a.result.Selected, a.bytes); err != nil {
			return err
		}
	}
	return a.endInput(b)
}

// uneven notes that offsets are not what the catalogue says, and ends windows that rest on it.
func (a *appender) uneven() {
	a.result.Irregular = true
	if a.pass.Measured {
		return
	}
	for _, o := range a.outputs {
		if w := windowOf(o); w != nil {
			w.stop()
		}
	}
}

// beyond writes what windows lack of a block that isn't the pass's own.
func (a *appender) beyond(b *block) error {
	if err := a.write(b, true); err != nil {
		return err
	}
	if !a.lacking() {
		return errEnough
	}
	return nil
}

func (a *appender) write(b *block, windows bool) error {
	for i, o := range a.outputs {
		if windows && windowOf(o) == nil {
			continue
		}
		if err := o.take(b.batches[i]); err != nil {
			return err
		}
	}
	return nil
}

// lacking reports whether a window reaches beyond what was written.
func (a *appender) lacking() bool {
	for _, o := range a.outputs {
		if w := windowOf(o); w != nil && w.open() {
			return true
		}
	}
	return false
}

// windowOf is the output's window, nil if it gets all of a file.
func windowOf(o output) *window {
	if t, ok := o.(*text); ok && !t.to.whole {
		return &t.to
	}
	return nil
}

// count adds the block to the result.
func (a *appender) count(b *block) {
	t, r := b.tally, &a.result
	selected := t.counts.Results + t.filtered + int64(len(b.refused))
	r.Counts = r.Counts.Add(t.counts)
	r.Selected += selected
	r.Filtered += t.filtered
	r.Rejected += int64(len(b.refused))
	m := &r.Inputs[b.input-a.pass.First]
	m.Rows += t.counts.Results
	m.Bytes += t.recordSize
	m.Selected += selected
	a.bytes += b.size()
	a.input.lines += t.lines
	a.input.selected += selected
	a.input.bytes += b.size()
}

// endInput holds an input that was read to its end against the catalogue.
func (a *appender) endInput(b *block) error {
	if !b.last {
		return nil
	}
	in, read := a.pass.Document.Inputs[b.input], a.input
	a.input = reading{}
	if in.SHA256 == "" || read.selected == in.Rows && read.bytes == in.Bytes && hex.EncodeToString(b.sum) == in.SHA256 {
		return nil
	}
	return artifact.ErrChanged(in)
}

// close ends the files.
func (a *appender) close() error {
	counts := a.result.Counts
	counts.Runs, counts.Rejected = int64(len(a.pass.Document.Runs)), a.result.Rejected
	a.result.Counts = counts
	for _, o := range a.outputs {
		if err := o.close(counts); err != nil {
			return err
		}
		a.result.Outputs = append(a.result.Outputs, o.facts(counts))
	}
	return nil
}

// refuse tells of the block's lines that hold no record which can be exported.
func (a *appender) refuse(b *block) error {
	for _, r := range b.refused {
		reject, err := a.reject(b, r)
		if a.pass.Rejects == nil {
			return badRecord(reject, err)
		}
		if err := a.pass.Rejects(reject); err != nil {
			return err
		}
	}
	return nil
}

// reject describes a refused line.
func (a *appender) reject(b *block, r refusal) (Reject, error) {
	in := a.pass.Document.Inputs[b.input]
	reject := Reject{RunID: in.RunID, Part: in.Number, Line: a.input.lines + r.line, Offset: b.offset + int64(r.start), Bytes: int64(r.end - r.start)}
	err := artifact.ErrRecordTooLong
	if r.start == r.end {
		reject.Bytes, reject.Text = b.long.bytes, shown([]byte(b.long.text))
	} else {
		line := b.raw[r.start:r.end]
		raw, _ := artifact.Strip(line, reject.Offset == 0)
		_, err = check(a.parser, raw, len(line))
		reject.Text = shown(line)
	}
	reject.Reason = err.Error()
	return reject, err
}

// shown is a line as its reject shows it.
func shown(line []byte) string {
	return strings.ToValidUTF8(strings.TrimRight(string(line[:min(len(line), textBytes)]), "\r\n"), "\ufffd")
}

// RecordError is a record that can't be exported, where that ends a pass. Its text holds nothing of the record.
type RecordError struct {
	Reject Reject
	cause  error
}

func (e *RecordError) Error() string { return e.cause.Error() }

// Unwrap gives what is wrong.
func (e *RecordError) Unwrap() error { return e.cause }

func badRecord(r Reject, err error) error {
	return fault.Wrap(&RecordError{r, err}, fault.Invalid, "results_invalid",
		fmt.Sprintf("Run %s, part %d, line %d: %s.", r.RunID, r.Part, r.Line, r.Reason))
}

// Empty is a packed file that holds nothing, for shares of lines that together have none; it is empty where nothing is
// packed.
func Empty(c artifact.Compression) ([]byte, error) { return new(packer).member(nil, c, nil) }

// Closing is what a document ends with, packed as the document is.
func Closing(d *artifact.Document, counts export.Counts, c artifact.Compression) ([]byte, error) {
	closing, err := d.Closing(counts)
	if err != nil {
		return nil, err
	}
	return new(packer).member(nil, c, closing)
}
