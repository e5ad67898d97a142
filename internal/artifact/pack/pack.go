// Package pack makes files out of results: it reads every record of a selection once, checks it, and hands it to each
// format that was asked for. The same selection gives the same bytes whatever the number of threads, and memory holds
// some blocks of records however many there are.
package pack

import (
	"io"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/artifact/columns"
	"github.com/videovector/exports/internal/artifact/parquetfile"
	"github.com/videovector/exports/internal/export"
)

// Pass is one reading of inputs. Inputs that state a SHA-256 are held against what the catalogue says of them.
type Pass struct {
	Document *artifact.Document
	// First and Last bound the pass's own inputs, Document.Inputs[First:Last]. Those from Last on are read only as far
	// as the window of an output reaches into them, and nothing of them is counted.
	First, Last int
	Outputs     []Output
	// Measured tells that the offsets of windows follow from measures of an earlier pass instead of the catalogue: they
	// hold whatever is irregular, rejected or filtered.
	Measured    bool
	Open        artifact.Source
	Table       *columns.Table // of CSV and Parquet; nil if there is neither
	CaptionText string         // of captions: the dotted name of the text field, "" for metadata_text

	// Rejects hears of records that can't be exported, in order. Without it the first one ends the pass.
	Rejects  func(Reject) error
	Progress artifact.Progress // of the own inputs, after every block; nil if nobody listens
	Threads  int               // that parse and encode; 0 means one for each processor
}

// Output is a file that the pass makes, or its share of one.
type Output struct {
	Format      artifact.Format
	Compression artifact.Compression
	// W gets the bytes in order, from one goroutine.
	W io.Writer
	// Whole makes a file complete: a document with its opening and its closing. Without it a document is what the own
	// inputs add to it, with the opening if First is 0, and with a separator before its first record if Begun.
	Whole, Begun bool
	Codec        parquetfile.Codec // of Parquet, which is always whole
	// Window is the part of a plain JSON or NDJSON file that W gets, nil for everything.
	Window *Window
}

// Window is a range of a file's bytes, [From, To). The pass's own inputs begin at the file's offset At: before the
// separator of their first record, and at 0 if First is 0.
type Window struct{ At, From, To int64 }

// Reject is a record that can't be exported.
type Reject struct {
	RunID  string `json:"run_id"`
	Part   int    `json:"part"`   // number of the input
	Line   int    `json:"line"`   // in it, from 1
	Offset int64  `json:"offset"` // of the line's first byte in the input
	Bytes  int64  `json:"bytes"`  // of the line, with its end
	Reason string `json:"reason"`
	Text   string `json:"text"` // the line's first KiB at most; what isn't UTF-8 is replaced
}

// Result is what a pass has read and written of its own inputs. Written records are Counts.Results, and Counts.Results
// + Rejected + Filtered = Selected.
type Result struct {
	Counts                       export.Counts
	Selected, Rejected, Filtered int64
	Inputs                       []Measure // of each own input
	// Irregular tells that offsets are not what the catalogue's sizes say: something was blank, rejected or filtered,
	// or a line end was not a plain one. Windows were then written up to there.
	Irregular bool
	Outputs   []Facts // in the order of Pass.Outputs
}

// Measure is what an input adds to a file of records: their number, and their bytes without line ends.
type Measure struct {
	Rows     int64 `json:"rows"`
	Bytes    int64 `json:"bytes"`
	Selected int64 `json:"selected"` // records read, written or not
}

// Facts are what a manifest tells of a file besides its digests.
type Facts struct {
	Rows    int64 // records in it
	Guarded int64 // of CSV: cells that a spreadsheet would have run as a formula
	Skipped int64 // of captions: segments without times or text
}

// File is the manifest's entry of the file that the facts are of.
func (f Facts) File(name string, format artifact.Format, c artifact.Compression, d artifact.Digests) artifact.File {
	if c == artifact.None {
		c = ""
	}
	return artifact.File{
		Name: name, Format: format, Compression: c, Rows: f.Rows, GuardedCells: f.Guarded, Skipped: f.Skipped, Digests: d,
	}
}
