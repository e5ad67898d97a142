package artifact

import (
	"context"
	"errors"
	"io"

	"github.com/videovector/exports/internal/export"
)

// Layout is where everything stands in the document of strict inputs, known before a byte of them is read.
type Layout struct {
	Opening int64 // bytes before the first record
	Records int64 // offset of the end of the last record
	starts  []int64
}

// Layout computes the offsets from the inputs' sizes and rows. It holds for documents of every record of strict
// inputs: a record costs its bytes and, from the second on, a separator.
func (d *Document) Layout() (Layout, error) {
	opening, err := d.Opening()
	if err != nil {
		return Layout{}, err
	}
	l := Layout{Opening: int64(len(opening))}
	var bytes, rows int64
	for _, in := range d.Inputs {
		l.starts = append(l.starts, l.offset(bytes, rows))
		bytes, rows = bytes+in.Bytes, rows+in.Rows
	}
	l.Records = l.offset(bytes, rows)
	return l, nil
}

// offset is where the document stands after that many input bytes and rows: each row has lost its line feed and, but
// for the first, gained a separator.
func (l Layout) offset(bytes, rows int64) int64 {
	if rows == 0 {
		return l.Opening
	}
	return l.Opening + bytes - rows + int64(len(Separator))*(rows-1)
}

// WriteRange writes the document's bytes from offset from (inclusive) to to (exclusive), which must not lie beyond
// Layout.Records, and counts the records whose separators begin there. An input is held against the catalogue by the
// range that holds its end. Irregular input fails with fault.Irregular: its offsets are not what the layout says.
func (d *Document) WriteRange(ctx context.Context, w io.Writer, open Source, from, to int64) (export.Counts, error) {
	l, err := d.Layout()
	if err != nil {
		return export.Counts{}, err
	}
	win := &window{out: w, from: from, to: to}
	if from < l.Opening {
		opening, err := d.Opening()
		if err != nil {
			return export.Counts{}, err
		}
		if _, err := win.Write(opening); err != nil {
			return export.Counts{}, ignoreEnd(err)
		}
	}
	c := newCopier(d, win, open)
	c.strict, c.from, c.to = true, from, to
	for i, in := range d.Inputs {
		if in.Rows == 0 && in.Bytes > 0 {
			return c.counts, errIrregular(in)
		}
		if in.Rows == 0 || l.end(i) <= from {
			continue
		}
		if l.starts[i] >= to {
			break
		}
		c.begun, c.position, win.position = l.starts[i] > l.Opening, l.starts[i], l.starts[i]
		win.toEnd = l.end(i) <= to
		if err := c.copy(ctx, in); err != nil {
			return c.counts, ignoreEnd(err)
		}
	}
	return c.counts, nil
}

// end is where input i's last record ends.
func (l Layout) end(i int) int64 {
	if i+1 < len(l.starts) {
		return l.starts[i+1]
	}
	return l.Records
}

// errWindowEnd stops a copy that goes on beyond its range.
var errWindowEnd = errors.New("the range is written")

func ignoreEnd(err error) error {
	if errors.Is(err, errWindowEnd) {
		return nil
	}
	return err
}

// window passes on the bytes of a range and drops what is around it.
type window struct {
	out      io.Writer
	position int64 // of the next byte given to Write
	from, to int64
	toEnd    bool // the input belongs to the range as a whole: one that grew past it must be seen to its end
}

func (w *window) Write(p []byte) (int, error) {
	start, end := max(w.from-w.position, 0), min(w.to-w.position, int64(len(p)))
	w.position += int64(len(p))
	if start < end {
		if _, err := w.out.Write(p[start:end]); err != nil {
			return 0, err
		}
	}
	if w.position > w.to && !w.toEnd {
		return len(p), errWindowEnd
	}
	return len(p), nil
}
