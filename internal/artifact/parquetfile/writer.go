package parquetfile

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/videovector/exports/internal/artifact/columns"
)

const (
	defaultGroupBytes = 64 << 20
	// maxEncoded is how many bytes of compressed pages a row group holds, and memory with it, if it compresses badly.
	maxEncoded = 32 << 20
	// groupSlices is into how many slices a row group is cut; it ends with one of them.
	groupSlices = 16
)

// Options are how a file is written.
type Options struct {
	Codec         Codec
	RowGroupBytes int64 // raw size at which a row group ends: values in PLAIN encoding; 0 means 64 MiB
	Parallel      int   // columns that are encoded at once; 0 means 1
}

// Writer writes batches, in order, as one Parquet file. One goroutine uses it.
type Writer struct {
	w        io.Writer
	offset   int64
	o        Options
	columns  []columns.Column
	chunks   []*chunk
	encoders []*encoder
	err      error // that ended the writing

	rows, raw, slice int64 // rows and raw bytes of the row group, raw bytes of the slice that is not yet among them
	groups           []group
	total            int64
}

var errClosed = errors.New("parquetfile: the file is complete")

// NewWriter writes a table of these columns to w, in writes of some KiB and more.
func NewWriter(w io.Writer, cols []columns.Column, o Options) *Writer {
	return newWriter(w, cols, o, defaultLimits())
}

func newWriter(w io.Writer, cols []columns.Column, o Options, l *limits) *Writer {
	if o.RowGroupBytes <= 0 {
		o.RowGroupBytes = defaultGroupBytes
	}
	f := &Writer{w: w, o: o, columns: cols}
	blocks := &pool{}
	for _, c := range cols {
		f.chunks = append(f.chunks, newChunk(c, blocks, l))
	}
	for range max(1, min(o.Parallel, len(cols))) {
		f.encoders = append(f.encoders, newEncoder(o.Codec))
	}
	f.write([]byte(magic))
	return f
}

// Write adds the batch's rows, of which nothing is kept: the batch may be reset.
func (f *Writer) Write(b *Batch) error {
	for _, c := range f.chunks {
		c.level, c.offset = 0, 0
	}
	for from := 0; from < b.Rows() && f.err == nil; {
		n := f.fitting(b.sizes[from:])
		f.each(func(i int, e *encoder) { f.chunks[i].take(&b.cols[i], n, e) })
		from += n
		f.rows += int64(n)
		if f.slice >= f.sliceBytes() {
			f.endSlice()
		}
	}
	return f.err
}

// Close writes what is left and the footer. The file is complete once it has returned nil; w is not closed.
func (f *Writer) Close() error {
	if f.err != nil {
		return f.err
	}
	if f.rows > 0 {
		f.endGroup()
	}
	f.write(f.footer())
	err := f.err
	if err == nil {
		f.err = errClosed
	}
	return err
}

func (f *Writer) sliceBytes() int64 { return max(1, f.o.RowGroupBytes/groupSlices) }

// fitting is how many rows of these sizes belong to the slice: those up to the one that makes it full.
func (f *Writer) fitting(sizes []uint32) int {
	for i, size := range sizes {
		if f.slice += int64(size); f.slice >= f.sliceBytes() {
			return i + 1
		}
	}
	return len(sizes)
}

// endSlice ends the row group if it is large enough. Where slices end depends on the rows alone, and so does what is
// encoded by then.
func (f *Writer) endSlice() {
	f.raw += f.slice
	f.slice = 0
	encoded := int64(0)
	for _, c := range f.chunks {
		encoded += c.pages.size
	}
	if f.raw >= f.o.RowGroupBytes || encoded >= maxEncoded {
		f.endGroup()
	}
}

// each calls do for every column, on as many goroutines as there are encoders.
func (f *Writer) each(do func(column int, e *encoder)) {
	var next atomic.Int64
	work := func(e *encoder) {
		for i := int(next.Add(1)) - 1; i < len(f.chunks); i = int(next.Add(1)) - 1 {
			do(i, e)
		}
	}
	var others sync.WaitGroup
	for _, e := range f.encoders[1:] {
		others.Go(func() { work(e) })
	}
	work(f.encoders[0])
	others.Wait()
}

// endGroup writes the row group.
func (f *Writer) endGroup() {
	f.each(func(i int, e *encoder) { f.chunks[i].finish(e) })
	g := group{rows: f.rows, offset: f.offset}
	for _, c := range f.chunks {
		g.chunks = append(g.chunks, f.endChunk(c))
	}
	f.groups = append(f.groups, g)
	f.total += f.rows
	f.rows, f.raw, f.slice = 0, 0, 0
}

// endChunk writes the chunk, its dictionary first, and gives what the footer tells of it.
func (f *Writer) endChunk(c *chunk) written {
	m := written{values: c.values, nulls: c.nulls, encoded: c.encoded, start: f.offset, size: c.size}
	if c.encoded[1] {
		e := f.encoders[0]
		e.body = append(e.body[:0], c.dict.page...)
		header, content, plain := e.finish(page{values: len(c.dict.starts), dictionary: true})
		f.write(header)
		f.write(content)
		m.size += plain
	}
	m.data = f.offset
	if f.err == nil {
		f.err = c.pages.moveTo(writerFunc(f.put))
	}
	m.compressed = f.offset - m.start
	m.min, m.max, m.exactMin, m.exactMax = c.statistics()
	c.begin()
	return m
}

// write writes unless something has failed before.
func (f *Writer) write(p []byte) {
	if f.err == nil {
		_, f.err = f.put(p)
	}
}

func (f *Writer) put(p []byte) (int, error) {
	n, err := f.w.Write(p)
	f.offset += int64(n)
	return n, err
}

// writerFunc is a function as an io.Writer.
type writerFunc func([]byte) (int, error)

func (w writerFunc) Write(p []byte) (int, error) { return w(p) }
