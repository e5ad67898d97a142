package pack

import (
	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/export"
)

// text is an output that is bytes: a document, a file of lines or a table.
type text struct {
	to        window
	as        artifact.Compression
	pack      packer // of what is not in a block
	rows      func() rows
	opening   []byte // plain; nil for none
	separator []byte // packed; nil if rows separate themselves
	closing   func(export.Counts) ([]byte, error)
	complete  bool // the file is made whole
	begun     bool // a separator stands before the next record
	guarded   int64
}

// rows writes the records of a block.
type rows interface {
	reset(b *block)
	add(r *record)
	// bytes are the rows. The first lead bytes only stand there if something stands before.
	bytes() (content []byte, lead int)
}

// newDocument makes a JSON document.
func newDocument(p *Pass, o Output) (output, error) {
	t := newText(o, func() rows { return &documentRows{} })
	t.begun = o.Begun && !o.Whole
	if o.opens(p) {
		opening, err := p.Document.Opening()
		if err != nil {
			return nil, err
		}
		t.opening = opening
	}
	if o.Whole {
		t.closing = p.Document.Closing
	}
	if packs(o.Compression) {
		separator, err := t.pack.member(nil, o.Compression, []byte(artifact.Separator))
		if err != nil {
			return nil, err
		}
		t.separator = separator
	}
	return t, nil
}

// newLines makes a file of records.
func newLines(o Output) (output, error) {
	return newText(o, func() rows { return &lineRows{} }), nil
}

func newText(o Output, r func() rows) *text {
	return &text{to: newWindow(o), as: o.Compression, rows: r, complete: o.Whole}
}

func (t *text) batch() batch { return &textBatch{rows: t.rows(), as: t.as} }

func (t *text) open() error { return t.write(t.opening) }

func (t *text) close(c export.Counts) error {
	if t.closing == nil {
		return t.closeLines()
	}
	closing, err := t.closing(c)
	if err != nil {
		return err
	}
	return t.write(closing)
}

// closeLines gives a packed file without rows the member that makes it one.
func (t *text) closeLines() error {
	if !t.complete || !packs(t.as) || t.to.position > 0 {
		return nil
	}
	empty, err := t.pack.member(nil, t.as, nil)
	if err != nil {
		return err
	}
	return t.to.write(empty)
}

// write writes bytes that are no rows, as a member of their own.
func (t *text) write(plain []byte) error {
	if len(plain) == 0 {
		return nil
	}
	member, err := t.pack.member(nil, t.as, plain)
	if err != nil {
		return err
	}
	return t.to.write(member)
}

func (t *text) take(taken batch) error {
	b := taken.(*textBatch) // batch makes no other
	if b.records == 0 {
		return nil
	}
	content := b.content
	switch {
	case !t.begun:
		content = content[b.lead:]
	case t.separator != nil:
		if err := t.to.write(t.separator); err != nil {
			return err
		}
	}
	t.begun = true
	t.guarded += b.guarded
	return t.to.write(content)
}

func (t *text) facts(c export.Counts) Facts { return Facts{Rows: c.Results, Guarded: t.guarded} }

// textBatch is the rows of a block, packed if the file is.
type textBatch struct {
	rows    rows
	as      artifact.Compression
	records int
	content []byte
	lead    int // as rows say it
	packed  []byte
	guarded int64 // cells of a table
}

func (b *textBatch) reset(of *block) {
	b.records, b.content = 0, nil
	b.rows.reset(of)
}

func (b *textBatch) add(r *record) {
	b.records++
	b.rows.add(r)
}

func (b *textBatch) end(p *packer) (err error) {
	b.content, b.lead = b.rows.bytes()
	if table, ok := b.rows.(*csvRows); ok {
		b.guarded = table.Guarded()
	}
	if b.records > 0 && packs(b.as) {
		b.packed, err = p.member(emptied(b.packed), b.as, b.content[b.lead:])
		b.content, b.lead = b.packed, 0
	}
	return err
}

// documentRows are records with a separator before each.
type documentRows struct{ buf []byte }

func (d *documentRows) reset(*block) { d.buf = emptied(d.buf) }

func (d *documentRows) add(r *record) {
	d.buf = append(append(d.buf, artifact.Separator...), r.raw...)
}

func (d *documentRows) bytes() ([]byte, int) { return d.buf, len(artifact.Separator) }

// lineRows are records with a line feed after each. As long as they are what stands in the block they are not copied.
type lineRows struct {
	of   []byte // the block
	same int    // of its bytes are the rows so far; -1 once they differ
	buf  []byte // the rows then
}

func (l *lineRows) reset(b *block) { l.of, l.same, l.buf = b.raw, 0, emptied(l.buf) }

func (l *lineRows) add(r *record) {
	if l.same == r.start && r.strict {
		l.same = r.end
		return
	}
	if l.same >= 0 {
		l.buf, l.same = append(l.buf, l.of[:l.same]...), -1
	}
	l.buf = append(append(l.buf, r.raw...), '\n')
}

func (l *lineRows) bytes() ([]byte, int) {
	if l.same >= 0 {
		return l.of[:l.same], 0
	}
	return l.buf, 0
}

// emptied is the buffer for the next block. One that an enormous record has made goes.
func emptied(buf []byte) []byte {
	if cap(buf) > keepBytes {
		return nil
	}
	return buf[:0]
}
