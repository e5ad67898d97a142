package parquetfile

import (
	"encoding/binary"

	"github.com/videovector/exports/internal/artifact/columns"
	"github.com/videovector/exports/internal/artifact/strictjson"
)

// Batch gathers rows, column by column. One goroutine fills it, and it is used again after Reset.
type Batch struct {
	cols  []gathered
	sizes []uint32 // of each row: bytes of its plain values and one for each level
}

// gathered is one column's part of a batch.
type gathered struct {
	kind columns.Type
	list bool
	defs []byte // definition levels
	reps []byte // repetition levels of a list, nil otherwise
	data []byte // the values that are there, in PLAIN encoding but for booleans, which take a byte each
}

// NewBatch makes a batch of rows of these columns.
func NewBatch(cols []columns.Column) *Batch {
	b := &Batch{cols: make([]gathered, len(cols))}
	for i, c := range cols {
		b.cols[i] = gathered{kind: c.Type, list: isList(c.Type)}
	}
	return b
}

// Rows is how many rows were added since the last Reset.
func (b *Batch) Rows() int { return len(b.sizes) }

// Reset empties the batch and keeps its memory.
func (b *Batch) Reset() {
	b.sizes = b.sizes[:0]
	for i := range b.cols {
		g := &b.cols[i]
		g.defs, g.reps, g.data = g.defs[:0], g.reps[:0], g.data[:0]
	}
}

// Add adds a row; there is one cell for each column, and each fits its column's type. The cells are copied.
func (b *Batch) Add(cells []columns.Cell) {
	size := 0
	for i := range b.cols {
		g, c := &b.cols[i], &cells[i]
		if c.Raw == nil && !g.list { // most of a wide table is empty
			g.defs = append(g.defs, 0)
			size++
			continue
		}
		size -= g.size()
		g.add(c)
		size += g.size()
	}
	b.sizes = append(b.sizes, uint32(size))
}

func (g *gathered) size() int { return len(g.defs) + len(g.data) }

// add appends the cell's value and levels. The cell is null only if the column is one of lists.
func (g *gathered) add(c *columns.Cell) {
	if g.list {
		g.addList(c.Raw)
		return
	}
	g.defs = append(g.defs, 1)
	switch g.kind {
	case columns.Integer, columns.Timestamp:
		g.data = binary.LittleEndian.AppendUint64(g.data, uint64(c.Int))
	case columns.Text:
		if c.Plain {
			g.data = appendBytes(g.data, c.Raw[1:len(c.Raw)-1])
			return
		}
		g.data = appendText(g.data, c.Raw)
	default:
		g.data = appendScalar(g.data, g.kind, c.Raw)
	}
}

// appendScalar appends the value that the JSON text stands for; the type is none of a list.
func appendScalar(dst []byte, kind columns.Type, raw []byte) []byte {
	switch kind {
	case columns.Integer:
		return binary.LittleEndian.AppendUint64(dst, uint64(integer(raw)))
	case columns.Number:
		return appendDouble(dst, number(raw))
	case columns.Boolean:
		return append(dst, boolean(raw))
	case columns.Text:
		return appendText(dst, raw)
	}
	return appendBytes(dst, raw)
}

// appendBytes appends a value of BYTE_ARRAY: its length, then its bytes.
func appendBytes(dst, v []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(dst, uint32(len(v))), v...)
}

// appendText appends what a quoted JSON string reads as.
func appendText(dst, quoted []byte) []byte {
	at := len(dst)
	dst = strictjson.Unquote(append(dst, 0, 0, 0, 0), quoted)
	binary.LittleEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst
}

func boolean(raw []byte) byte {
	if raw[0] == 't' {
		return 1
	}
	return 0
}
