package pack

import (
	"errors"
	"runtime"

	"github.com/videovector/exports/internal/artifact/csvfile"
	"github.com/videovector/exports/internal/artifact/parquetfile"
	"github.com/videovector/exports/internal/export"
)

var (
	errNoTable = errors.New("a table needs columns")
	errShare   = errors.New("each file is made whole")
)

// newCSV makes a table as text.
func newCSV(p *Pass, o Output) (output, error) {
	if p.Table == nil {
		return nil, errNoTable
	}
	cols := p.Table.Columns()
	t := newText(o, func() rows { return &csvRows{csvfile.NewBatch(cols)} })
	if o.opens(p) {
		t.opening = csvfile.Header(cols)
	}
	return t, nil
}

// csvRows are records as lines of a table.
type csvRows struct{ *csvfile.Batch }

func (c *csvRows) reset(*block)         { c.Reset() }
func (c *csvRows) add(r *record)        { c.Add(r.cells) }
func (c *csvRows) bytes() ([]byte, int) { return c.Bytes(), 0 }

// parquet is an output that is a Parquet file.
type parquet struct {
	pass *Pass
	o    Output
	file *parquetfile.Writer
}

func newParquet(p *Pass, o Output) (output, error) {
	switch {
	case p.Table == nil:
		return nil, errNoTable
	case !o.Whole:
		return nil, errShare
	}
	return &parquet{pass: p, o: o}, nil
}

func (p *parquet) batch() batch { return &parquetBatch{parquetfile.NewBatch(p.pass.Table.Columns())} }

func (p *parquet) open() error {
	p.file = parquetfile.NewWriter(p.o.W, p.pass.Table.Columns(), parquetfile.Options{Codec: p.o.Codec, Parallel: p.pass.threads()})
	return nil
}

func (p *parquet) take(b batch) error { return p.file.Write(b.(*parquetBatch).Batch) }

func (p *parquet) close(export.Counts) error { return p.file.Close() }

func (p *parquet) facts(c export.Counts) Facts { return Facts{Rows: c.Results} }

// parquetBatch is the rows of a block, column by column.
type parquetBatch struct{ *parquetfile.Batch }

func (b *parquetBatch) reset(*block)      { b.Reset() }
func (b *parquetBatch) add(r *record)     { b.Add(r.cells) }
func (b *parquetBatch) end(*packer) error { return nil }

// threads is how many goroutines parse and encode.
func (p *Pass) threads() int {
	if p.Threads < 1 {
		return runtime.GOMAXPROCS(0)
	}
	return p.Threads
}
