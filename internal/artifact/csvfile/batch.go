package csvfile

import (
	"bytes"
	"unicode/utf8"

	"github.com/videovector/exports/internal/artifact/columns"
	"github.com/videovector/exports/internal/artifact/strictjson"
)

// Batch gathers rows. One goroutine fills it, and it is used again after Reset. Batches of one table, one after the
// other and after the Header, are the file.
type Batch struct {
	kinds   []form
	text    []byte
	rows    int64
	guarded int64
	scratch []byte // a string that is written with escapes, as it reads
}

// form is how a column's values become fields.
type form uint8

const (
	bare   form = iota // as they stand: they hold nothing that needs quotes
	text               // what the string reads as
	quoted             // what stands between the string's quotes
	nested             // as JSON text
)

// NewBatch makes a batch of rows of these columns.
func NewBatch(cols []columns.Column) *Batch {
	b := &Batch{kinds: make([]form, len(cols))}
	for i, c := range cols {
		b.kinds[i] = formOf(c.Type)
	}
	return b
}

func formOf(t columns.Type) form {
	switch t {
	case columns.Text:
		return text
	case columns.Timestamp:
		return quoted
	case columns.Integer, columns.Number, columns.Boolean:
		return bare
	}
	return nested
}

// Header is the first line: the columns' names. They begin with a letter, so none is guarded.
func Header(cols []columns.Column) []byte {
	var line []byte
	for i, c := range cols {
		if i > 0 {
			line = append(line, ',')
		}
		line = appendField(line, []byte(c.Name))
	}
	return append(line, "\r\n"...)
}

// Add adds a row; there is one cell for each column, and each fits its column's type. The cells are copied.
func (b *Batch) Add(cells []columns.Cell) {
	dst := b.text
	for i, kind := range b.kinds {
		if i > 0 {
			dst = append(dst, ',')
		}
		c := &cells[i]
		switch {
		case c.Raw == nil:
		case kind == text:
			dst = b.appendText(dst, c)
		case kind == nested:
			dst = appendField(dst, c.Raw)
		case kind == quoted:
			dst = append(dst, c.Raw[1:len(c.Raw)-1]...)
		default:
			dst = append(dst, c.Raw...)
		}
	}
	b.text = append(dst, "\r\n"...)
	b.rows++
}

// Bytes are the rows' lines, valid until the next Add or Reset.
func (b *Batch) Bytes() []byte { return b.text }

// Rows is how many rows were added since the last Reset.
func (b *Batch) Rows() int64 { return b.rows }

// Guarded is how many cells of them have an apostrophe before what a spreadsheet would have run as a formula.
func (b *Batch) Guarded() int64 { return b.guarded }

// keepBytes is the largest buffer that is used again: what one huge record needed is given back.
const keepBytes = 2 << 20

// Reset empties the batch and keeps its memory.
func (b *Batch) Reset() {
	if cap(b.text) > keepBytes {
		b.text, b.scratch = nil, nil
	}
	b.text, b.rows, b.guarded = b.text[:0], 0, 0
}

func (b *Batch) appendText(dst []byte, c *columns.Cell) []byte {
	if !c.Plain {
		return b.appendEscaped(dst, c.Raw)
	}
	s := c.Raw[1 : len(c.Raw)-1]
	switch {
	case len(s) == 0:
		return append(dst, `""`...)
	case formula(s):
		return b.appendGuarded(dst, s)
	case s[0] == ' ' || s[len(s)-1] == ' ' || bytes.IndexByte(s, ',') >= 0:
		return append(dst, c.Raw...) // in JSON's quotes: without an escape there is nothing in it that CSV would double
	}
	return append(dst, s...)
}

// appendEscaped appends what a string with escapes reads as.
func (b *Batch) appendEscaped(dst, raw []byte) []byte {
	b.scratch = strictjson.Unquote(b.scratch[:0], raw)
	if formula(b.scratch) {
		return b.appendGuarded(dst, b.scratch)
	}
	return appendField(dst, b.scratch)
}

func (b *Batch) appendGuarded(dst, s []byte) []byte {
	b.guarded++
	if !needsQuotes(s) {
		return append(append(dst, '\''), s...)
	}
	return appendDoubled(append(dst, `"'`...), s)
}

// formula reports whether a spreadsheet would run the string: by how it begins, behind apostrophes or not.
func formula(s []byte) bool {
	if len(s) == 0 || begins[s[0]] == other {
		return false
	}
	s = bytes.TrimLeft(s, "'")
	if len(s) > 0 && begins[s[0]] == control {
		return true
	}
	s = bytes.TrimLeft(s, " \t\r\n")
	if len(s) == 0 {
		return false
	}
	if begins[s[0]] == sign {
		return true
	}
	r, _ := utf8.DecodeRune(s)
	return r == '＝' || r == '＋' || r == '－' || r == '＠'
}

// beginning is what a string's first byte makes of it.
type beginning uint8

const (
	other   beginning = iota // no formula
	sign                     // a formula
	control                  // a formula, for a spreadsheet that passes over it
	perhaps                  // one if what follows makes it one
)

var begins = [256]beginning{
	'=': sign, '+': sign, '-': sign, '@': sign, '\t': control, '\r': control, '\n': control, ' ': perhaps, '\'': perhaps,
	0xef: perhaps, // the full-width signs are U+FF0B, U+FF0D, U+FF1D and U+FF20
}

// appendField appends a field, in quotes if it needs them.
func appendField(dst, s []byte) []byte {
	if needsQuotes(s) {
		return appendDoubled(append(dst, '"'), s)
	}
	return append(dst, s...)
}

func needsQuotes(s []byte) bool {
	return len(s) == 0 || blank(s[0]) || blank(s[len(s)-1]) || bytes.IndexByte(s, ',') >= 0 || bytes.IndexByte(s, '"') >= 0 ||
		bytes.IndexByte(s, '\n') >= 0 || bytes.IndexByte(s, '\r') >= 0
}

func blank(c byte) bool { return c == ' ' || c == '\t' }

// appendDoubled appends a field whose quote is there, its own quotes doubled, and the quote behind it.
func appendDoubled(dst, s []byte) []byte {
	for {
		at := bytes.IndexByte(s, '"')
		if at < 0 {
			return append(append(dst, s...), '"')
		}
		dst = append(append(dst, s[:at+1]...), '"')
		s = s[at+1:]
	}
}
