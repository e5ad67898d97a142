package pack

import (
	"fmt"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/export"
)

// output makes one file. Workers fill its batches, each by itself; everything else is called from one goroutine, in the
// order of the inputs.
type output interface {
	batch() batch
	// open writes what stands before the pass's records, close what stands after them.
	open() error
	take(b batch) error
	close(c export.Counts) error
	facts(c export.Counts) Facts
}

// batch is what a block adds to an output.
type batch interface {
	reset(b *block)
	add(r *record)
	end(p *packer) error // after the last record
}

// outputs makes the outputs of a pass.
func outputs(p *Pass) ([]output, error) {
	var all []output
	for _, o := range p.Outputs {
		made, err := newOutput(p, o)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.Format, err)
		}
		all = append(all, made)
	}
	return all, nil
}

func newOutput(p *Pass, o Output) (output, error) {
	if err := o.check(p); err != nil {
		return nil, err
	}
	switch o.Format {
	case artifact.JSON:
		return newDocument(p, o)
	case artifact.NDJSON:
		return newLines(o)
	case artifact.CSV:
		return newCSV(p, o)
	case artifact.Parquet:
		return newParquet(p, o)
	case artifact.VTT, artifact.SRT, artifact.VTTChapters:
		return newCaptions(p, o)
	}
	return nil, fmt.Errorf("there is no such format")
}

// check refuses what can't be meant.
func (o Output) check(p *Pass) error {
	w := o.Window
	switch {
	case packs(o.Compression) && !o.Compression.Known():
		return fmt.Errorf("there is no compression %q", o.Compression)
	case w == nil:
		return nil
	case o.Format != artifact.JSON && o.Format != artifact.NDJSON || packs(o.Compression):
		return fmt.Errorf("only a plain file of records has a window")
	case o.Whole:
		return fmt.Errorf("a whole file has no window")
	case w.From < w.At, p.First == 0 && w.At != 0:
		return fmt.Errorf("the window from %d begins before the pass's inputs at %d", w.From, w.At)
	}
	return nil
}

// opens reports whether the file begins with this output.
func (o Output) opens(p *Pass) bool { return o.Whole || p.First == 0 }
