package pack

import (
	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/artifact/columns"
	"github.com/videovector/exports/internal/export"
)

// blockBytes is where inputs are cut: a block ends with the first line end at or after each multiple of it. Members of
// packed files are made of blocks, so their bytes depend on it.
const blockBytes = 512 << 10

// keepBytes is the largest buffer that is used again.
const keepBytes = 4 * blockBytes

// block is some whole lines of an input, and what became of them. It is used again and again.
type block struct {
	input  int   // position among the document's inputs
	own    bool  // the input is the pass's own
	offset int64 // in the input, of the first byte
	raw    []byte
	long   *longLine // follows raw, nil if none does
	last   bool      // nothing of the input follows
	sum    []byte    // with last: SHA-256 of the input, nil if nobody asked
	err    error     // of reading or of packing, after everything above

	batches []batch // in the order of the outputs
	tally   tally
	refused []refusal
	done    chan struct{} // gets a value when a worker is through with it
}

// longLine is a line that is too long to be kept.
type longLine struct {
	bytes int64
	text  string // its beginning
}

// refusal is a line of a block that holds no record which can be exported. The reason is found again when it is asked
// for: hostile input has many of them.
type refusal struct{ line, start, end int }

// tally is what the lines of a block are.
type tally struct {
	lines      int
	counts     export.Counts // of the records that are written
	recordSize int64         // bytes of those records
	filtered   int64
	irregular  bool // a line is not a record and a line feed
}

// newBlock makes a block for a feed: of inputs that aren't the pass's own only windows get anything.
func (a *appender) newBlock(f *feed) *block {
	b := &block{done: make(chan struct{}, 1)}
	for _, o := range a.outputs {
		if f.own || windowOf(o) != nil {
			b.batches = append(b.batches, o.batch())
		} else {
			b.batches = append(b.batches, nothing{})
		}
	}
	return b
}

// nothing is the batch of an output that gets nothing of a block.
type nothing struct{}

func (nothing) reset(*block)      {}
func (nothing) add(*record)       {}
func (nothing) end(*packer) error { return nil }

// begin makes the block ready for its next content.
func (b *block) begin() {
	if cap(b.raw) > keepBytes {
		b.raw = nil
	}
	b.raw, b.long, b.last, b.sum, b.err = b.raw[:0], nil, false, nil, nil
	b.tally, b.refused = tally{}, b.refused[:0]
}

// size is how much of the input it is.
func (b *block) size() int64 {
	if b.long != nil {
		return int64(len(b.raw)) + b.long.bytes
	}
	return int64(len(b.raw))
}

// uneven reports whether its part of a file has another size than the catalogue says.
func (b *block) uneven() bool {
	return b.tally.irregular || b.tally.filtered > 0 || len(b.refused) > 0
}

// record is a record that is written, and where it stands in its block.
type record struct {
	raw        []byte
	start, end int            // of its line, with the line end
	strict     bool           // the line is raw and a line feed
	cells      []columns.Cell // nil if there is no table; valid until the next record
	parser     *artifact.Parser
	artifact.Record
}
