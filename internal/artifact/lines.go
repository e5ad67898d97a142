package artifact

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// MaxRecordBytes is the longest record: it must fit into memory, next to a part.
const MaxRecordBytes = 16 << 20

// MaxLineBytes is the longest line: a record, and the blanks around it that are put up with.
const MaxLineBytes = MaxRecordBytes + 2*linesBuffer

// ErrRecordTooLong is a record beyond MaxRecordBytes.
var ErrRecordTooLong = errors.New("a record is at most 16 MiB")

// linesBuffer is what is read at once, and the room that a line has for blanks, byte order mark and line end.
const linesBuffer = 256 << 10

var utf8BOM = []byte("\ufeff")

// Lines reads NDJSON line by line. Blank lines, Windows line ends, a byte order mark and a missing last line end are
// taken as what they mean, and remembered: input with any of them is irregular.
type Lines struct {
	r         *bufio.Reader
	long      []byte // of a line beyond the reader's buffer
	number    int
	bytes     int64
	irregular bool
}

// NewLines reads from r.
func NewLines(r io.Reader) *Lines { return &Lines{r: bufio.NewReaderSize(r, linesBuffer)} }

// Next gives the next record without its line end, valid until the following call. It ends with io.EOF; any other
// error is ErrRecordTooLong, after which nothing can be read, or the reader's.
func (l *Lines) Next() ([]byte, error) {
	for {
		raw, err := l.read()
		if errors.Is(err, ErrRecordTooLong) {
			l.number++
			return nil, err
		}
		if len(raw) == 0 || (err != nil && !errors.Is(err, io.EOF)) {
			return nil, err
		}
		l.number++
		l.bytes += int64(len(raw))
		record := l.strip(raw)
		if len(record) > MaxRecordBytes {
			return nil, ErrRecordTooLong
		}
		if len(record) > 0 {
			return record, nil
		}
	}
}

// Number is the number of the line that Next gave or refused last, from 1.
func (l *Lines) Number() int { return l.number }

// Bytes is how much has been read.
func (l *Lines) Bytes() int64 { return l.bytes }

// Irregular reports whether anything read so far broke the strict rule: every line one record, ended by a line feed.
func (l *Lines) Irregular() bool { return l.irregular }

func (l *Lines) strip(raw []byte) []byte {
	record, strict := Strip(raw, l.number == 1)
	l.irregular = l.irregular || !strict
	return record
}

// Strip gives the record of a line, empty for a blank one, and whether the line is strict: the record and a line feed.
// The first line of an input may begin with a byte order mark.
func Strip(line []byte, first bool) (record []byte, strict bool) {
	record, ended := bytes.CutSuffix(line, []byte{'\n'})
	if first {
		record = bytes.TrimPrefix(record, utf8BOM)
	}
	if n := len(record); n > 0 && (record[0] <= ' ' || record[n-1] <= ' ') {
		record = bytes.Trim(record, " \t\r")
	}
	return record, ended && len(record) > 0 && len(record)+1 == len(line)
}

func (l *Lines) read() ([]byte, error) {
	chunk, err := l.r.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return chunk, err
	}
	l.long = l.long[:0]
	for errors.Is(err, bufio.ErrBufferFull) {
		if len(l.long) > MaxRecordBytes {
			return nil, ErrRecordTooLong
		}
		l.long = append(l.long, chunk...)
		chunk, err = l.r.ReadSlice('\n')
	}
	l.long = append(l.long, chunk...)
	return l.long, err
}
