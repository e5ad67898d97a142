package parquetfile

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"strings"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

// table is what a file holds, read by a reader that trusts nothing it doesn't need to trust: every value as words, null
// as nil and a list as []any.
type table struct {
	groups [][][]any // by row group and column
	chunks [][]meta
	rows   int64
}

// meta is what the footer tells of a chunk.
type meta struct {
	nulls      int64
	min, max   []byte
	dictionary bool
	pages      int
}

// fields are a Thrift structure: integers as int64, booleans, bytes, structures, and lists of them.
type fields map[int16]any

// thriftValue decodes a value in whole, which the package's own reader never does.
func thriftValue(r *thriftReader, kind byte) any {
	switch kind {
	case thriftTrue, thriftFalse:
		return kind == thriftTrue
	case thriftI16, thriftI32, thriftI64:
		return r.varint()
	case thriftBinary:
		n := r.uvarint()
		v := r.b[:n]
		r.take(n)
		return v
	case thriftStruct:
		return thriftFields(r)
	case thriftList:
		head := r.byte()
		n := uint64(head >> 4)
		if n == 15 {
			n = r.uvarint()
		}
		list := []any{}
		for range n {
			list = append(list, thriftValue(r, head&15))
		}
		return list
	}
	panic(fmt.Sprintf("a value of type %d", kind))
}

func thriftFields(r *thriftReader) fields {
	f := fields{}
	for number := int16(0); ; {
		kind := r.field(&number)
		if kind == 0 {
			return f
		}
		f[number] = thriftValue(r, kind)
	}
}

func (f fields) int(n int16) int64 {
	v, _ := f[n].(int64)
	return v
}

func (f fields) in(n int16) fields {
	v, _ := f[n].(fields)
	return v
}

// must stops the reading of a file that breaks the format.
func must(ok bool, format string, a ...any) {
	if !ok {
		panic(fmt.Sprintf(format, a...))
	}
}

// read reads a whole file.
func read(file []byte) (t table, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	must(strings.HasPrefix(string(file), magic) && strings.HasSuffix(string(file), magic), "no magic")
	end := len(file) - footerTail
	footer := thriftFields(&thriftReader{b: file[end-int(binary.LittleEndian.Uint32(file[end:])) : end]})
	t.rows = footer.int(3)
	leaves := leaves(footer[2].([]any))
	at := int64(len(magic))
	sum := int64(0)
	for i, g := range footer[4].([]any) {
		g := g.(fields)
		must(g.int(5) == at, "row group %d begins at %d, not %d", i, g.int(5), at)
		must(g.int(7) == int64(i), "row group %d is numbered %d", i, g.int(7))
		columns, metas := [][]any{}, []meta{}
		size := int64(0)
		for c, chunk := range g[1].([]any) {
			values, m, next := readChunk(file, at, chunk.(fields).in(3), leaves[c])
			must(int64(len(values)) == g.int(3), "column %d has %d rows of %d", c, len(values), g.int(3))
			columns, metas, at = append(columns, values), append(metas, m), next
			size += chunk.(fields).in(3).int(6)
		}
		must(g.int(6) == at-g.int(5), "row group %d has %d bytes, not %d", i, at-g.int(5), g.int(6))
		must(g.int(2) == size, "row group %d has %d bytes uncompressed, not %d", i, size, g.int(2))
		sum += g.int(3)
		t.groups, t.chunks = append(t.groups, columns), append(t.chunks, metas)
	}
	must(sum == t.rows, "%d rows in all, %d in row groups", t.rows, sum)
	must(int(at) == end-int(binary.LittleEndian.Uint32(file[end:])), "there is something between pages and footer")
	return t, nil
}

// leaf is a column of the schema.
type leaf struct {
	physical int64
	list     bool
}

func leaves(schema []any) (l []leaf) {
	for i := 1; i < len(schema); i++ {
		e := schema[i].(fields)
		must(e.int(3) == optional, "element %d is not optional", i)
		if e.int(5) == 0 {
			l = append(l, leaf{e.int(1), false})
			continue
		}
		must(schema[i+1].(fields).int(3) == repeated, "element %d is not repeated", i+1)
		l = append(l, leaf{schema[i+2].(fields).int(1), true})
		i += 2
	}
	return l
}

// readChunk reads the chunk that begins at that offset.
func readChunk(file []byte, at int64, f fields, l leaf) (rows []any, m meta, next int64) {
	start := at
	stats := f.in(12)
	m = meta{nulls: stats.int(3)}
	m.min, _ = stats[6].([]byte)
	m.max, _ = stats[5].([]byte)
	size, levels, nulls := int64(0), int64(0), int64(0)
	var dictionary []string
	for at < start+f.int(7) {
		r := &thriftReader{b: file[at:]}
		header := thriftFields(r)
		size += int64(len(file)-len(r.b)) - at + header.int(2)
		at = int64(len(file) - len(r.b))
		content := file[at : at+header.int(3)]
		at += header.int(3)
		must(uint32(header.int(4)) == crc32.ChecksumIEEE(content), "a page's checksum is wrong")
		body := decompress(f.int(4), content)
		must(int64(len(body)) == header.int(2), "a page has %d bytes of %d", len(body), header.int(2))
		if header.int(1) == 2 {
			must(f.int(11) == start && dictionary == nil, "a dictionary page out of place")
			m.dictionary = true
			dictionary = plainValues(body, l.physical, int(header.in(7).int(1)))
			must(f.int(9) == at, "the first data page is not at %d", f.int(9))
			continue
		}
		m.pages++
		values, absent := readPage(body, header.in(5), l, dictionary)
		rows, levels, nulls = append(rows, values...), levels+header.in(5).int(1), nulls+absent
	}
	must(levels == f.int(5), "%d levels of %d", levels, f.int(5))
	must(size == f.int(6), "%d bytes uncompressed, not %d", size, f.int(6))
	must(nulls == m.nulls, "%d nulls of %d", nulls, m.nulls)
	return rows, m, at
}

var unzstd, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))

func decompress(codec int64, content []byte) []byte {
	switch codec {
	case 6:
		body, err := unzstd.DecodeAll(content, nil)
		must(err == nil, "%v", err)
		return body
	case 1:
		body, err := s2.Decode(nil, content)
		must(err == nil, "%v", err)
		return body
	}
	return content
}

// readPage gives the page's rows and how many levels have no value.
func readPage(body []byte, h fields, l leaf, dictionary []string) (rows []any, absent int64) {
	n := int(h.int(1))
	reps := make([]uint64, n)
	width := 1
	if l.list {
		reps, body = readLevels(body, n, 1)
		width = 2
	}
	defs, body := readLevels(body, n, width)
	present := 0
	for _, d := range defs {
		if d == uint64(2*width-1) {
			present++
		}
	}
	var values []string
	switch h.int(2) {
	case encodingPlain:
		values = plainValues(body, l.physical, present)
	case encodingDictionary:
		index, rest := readHybrid(body[1:], present, int(body[0]))
		must(len(rest) == 0, "%d bytes after the indexes", len(rest))
		for _, i := range index {
			values = append(values, dictionary[i])
		}
	default:
		panic("an unknown encoding")
	}
	if l.list {
		return lists(reps, defs, values), int64(n - present)
	}
	for _, d := range defs {
		if d == 0 {
			rows = append(rows, nil)
			continue
		}
		rows, values = append(rows, values[0]), values[1:]
	}
	return rows, int64(n - present)
}

func lists(reps, defs []uint64, values []string) (rows []any) {
	must(reps[0] == 0, "a page begins inside of a row")
	for i, d := range defs {
		if reps[i] == 0 {
			rows = append(rows, any([]any{}))
		}
		last := len(rows) - 1
		switch d {
		case listNull:
			rows[last] = nil
		case elementNull:
			rows[last] = append(rows[last].([]any), nil)
		case elementSet:
			rows[last] = append(rows[last].([]any), values[0])
			values = values[1:]
		}
	}
	return rows
}

func readLevels(body []byte, n, width int) (levels []uint64, rest []byte) {
	size := binary.LittleEndian.Uint32(body)
	levels, rest = readHybrid(body[4:4+size], n, width)
	must(len(rest) == 0, "%d bytes after the levels", len(rest))
	return levels, body[4+size:]
}

// readHybrid reads n values bit by bit.
func readHybrid(b []byte, n, width int) (values []uint64, rest []byte) {
	for len(values) < n {
		head, used := binary.Uvarint(b)
		must(used > 0, "a run has no head")
		b = b[used:]
		if head&1 == 0 {
			v := uint64(0)
			for k := range (width + 7) / 8 {
				v |= uint64(b[k]) << (8 * k)
			}
			b = b[(width+7)/8:]
			for range head >> 1 {
				values = append(values, v)
			}
			continue
		}
		for k := range int(head>>1) * 8 {
			v := uint64(0)
			for bit := range width {
				at := k*width + bit
				v |= uint64(b[at/8]>>(at%8)&1) << bit
			}
			values = append(values, v)
		}
		b = b[int(head>>1)*width:]
	}
	for _, padding := range values[n:] {
		must(padding == 0, "padding is not zero")
	}
	return values[:n], b
}

func plainValues(b []byte, physical int64, n int) (values []string) {
	for k := range n {
		switch physical {
		case physicalBoolean:
			values = append(values, fmt.Sprint(b[k/8]>>(k%8)&1 == 1))
		case physicalInt:
			values = append(values, fmt.Sprint(int64(binary.LittleEndian.Uint64(b[8*k:]))))
		case physicalDouble:
			values = append(values, doubleWords(math.Float64frombits(binary.LittleEndian.Uint64(b[8*k:]))))
		default:
			size := binary.LittleEndian.Uint32(b)
			values = append(values, string(b[4:4+size]))
			b = b[4+size:]
		}
	}
	must(physical != physicalBytes || len(b) == 0, "%d bytes after the values", len(b))
	return values
}

// doubleWords tells doubles apart bit by bit.
func doubleWords(f float64) string { return fmt.Sprintf("%x", math.Float64bits(f)) }
