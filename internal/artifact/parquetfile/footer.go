package parquetfile

import (
	"bytes"
	"encoding/binary"

	"github.com/videovector/exports/internal/artifact/columns"
)

// magic begins and ends a file.
const magic = "PAR1"

// createdBy names the writer, in the words that readers parse to know whose mistakes to expect.
const createdBy = "videovector-exports version 1.0.0"

// Physical types of the format.
const (
	physicalBoolean = 0
	physicalInt     = 2
	physicalDouble  = 5
	physicalBytes   = 6
)

// Repetitions of the format.
const (
	optional = 1
	repeated = 2
)

// Converted types of the format, which readers know that don't know logical ones.
const (
	convertedUTF8   = 0
	convertedList   = 3
	convertedMillis = 9
)

// Logical types of the format, by their field's number.
const (
	logicalString    = 1
	logicalList      = 3
	logicalTimestamp = 8
)

// group is what the footer tells of a row group.
type group struct {
	rows, offset int64
	chunks       []written
}

// written is what the footer tells of a column chunk.
type written struct {
	values, nulls      int64
	encoded            [2]bool // as in chunk
	start, data        int64   // offset, and that of the first data page
	size, compressed   int64   // with headers, before and after compression
	min, max           []byte  // nil if there is none
	exactMin, exactMax bool
}

func (c *chunk) physical() int64 {
	switch c.kind {
	case columns.Integer, columns.Timestamp:
		return physicalInt
	case columns.Number:
		return physicalDouble
	case columns.Boolean:
		return physicalBoolean
	}
	return physicalBytes
}

// statistics are the bounds of the chunk's values in PLAIN encoding, strings without their length.
func (c *chunk) statistics() (least, greatest []byte, exactMin, exactMax bool) {
	b := &c.bounds
	if !b.some {
		return nil, nil, false, false
	}
	switch c.physical() {
	case physicalBytes:
		least, exactMin = floor(b.min)
		greatest, exactMax = ceiling(b.max)
		return bytes.Clone(least), bytes.Clone(greatest), exactMin, exactMax
	case physicalDouble:
		least, greatest = b.floats()
	case physicalBoolean:
		least, greatest = []byte{byte(b.minInt)}, []byte{byte(b.maxInt)}
	default:
		least, greatest = b.ints()
	}
	return least, greatest, true, true
}

// footer is the file's metadata, its size and the closing magic.
func (f *Writer) footer() []byte {
	var t thrift
	t.open()
	t.int(1, 1) // version
	f.schema(&t)
	t.long(3, f.total)
	t.list(4, thriftStruct, len(f.groups))
	for i, g := range f.groups {
		f.group(&t, i, g)
	}
	t.bytes(6, []byte(createdBy))
	t.list(7, thriftStruct, len(f.columns)) // orders
	for range f.columns {
		t.open()
		t.structure(1) // by type
		t.close()
		t.close()
	}
	t.close()
	t.b = binary.LittleEndian.AppendUint32(t.b, uint32(len(t.b)))
	return append(t.b, magic...)
}

// schema writes the tree of columns in depth-first order.
func (f *Writer) schema(t *thrift) {
	elements := 1 + len(f.columns)
	for _, c := range f.chunks {
		if c.list {
			elements += 2
		}
	}
	t.list(2, thriftStruct, elements)
	t.open()
	t.bytes(4, []byte("schema"))
	t.int(5, int64(len(f.columns)))
	t.close()
	for i, c := range f.chunks {
		name := []byte(f.columns[i].Name)
		if c.list {
			listSchema(t, name)
			name = []byte("element")
		}
		c.leafSchema(t, name)
	}
}

// listSchema writes the two groups around a list's element.
func listSchema(t *thrift, name []byte) {
	t.open()
	t.int(3, optional)
	t.bytes(4, name)
	t.int(5, 1)
	t.int(6, convertedList)
	t.structure(10)
	t.structure(logicalList)
	t.close()
	t.close()
	t.close()
	t.open()
	t.int(3, repeated)
	t.bytes(4, []byte("list"))
	t.int(5, 1)
	t.close()
}

func (c *chunk) leafSchema(t *thrift, name []byte) {
	t.open()
	t.int(1, c.physical())
	t.int(3, optional)
	t.bytes(4, name)
	switch {
	case c.kind == columns.Timestamp:
		t.int(6, convertedMillis)
		t.structure(10)
		timestampType(t)
		t.close()
	case c.physical() == physicalBytes:
		t.int(6, convertedUTF8)
		t.structure(10)
		t.structure(logicalString)
		t.close()
		t.close()
	}
	t.close()
}

// timestampType writes milliseconds in UTC.
func timestampType(t *thrift) {
	t.structure(logicalTimestamp)
	t.bool(1, true) // adjusted to UTC
	t.structure(2)
	t.structure(1) // milliseconds
	t.close()
	t.close()
	t.close()
}

func (f *Writer) group(t *thrift, ordinal int, g group) {
	size, compressed := int64(0), int64(0)
	t.open()
	t.list(1, thriftStruct, len(g.chunks))
	for i, m := range g.chunks {
		f.chunk(t, i, m)
		size += m.size
		compressed += m.compressed
	}
	t.long(2, size)
	t.long(3, g.rows)
	t.long(5, g.offset)
	t.long(6, compressed)
	if ordinal < 1<<15 { // the field has no room for more, and may be left out
		t.short(7, int64(ordinal))
	}
	t.close()
}

func (f *Writer) chunk(t *thrift, column int, m written) {
	t.open()
	t.long(2, 0) // the metadata is here and nowhere else
	t.structure(3)
	t.int(1, f.chunks[column].physical())
	m.encodings(t)
	f.path(t, column)
	t.int(4, f.o.Codec.number())
	t.long(5, m.values)
	t.long(6, m.size)
	t.long(7, m.compressed)
	t.long(9, m.data)
	if m.encoded[1] {
		t.long(11, m.start)
	}
	m.statistics(t)
	t.close()
	t.close()
}

func (m *written) encodings(t *thrift) {
	used := []int64{encodingRLE, encodingPlain} // levels; values or dictionary
	if m.encoded[1] {
		used = append(used, encodingDictionary)
	}
	t.list(2, thriftI32, len(used))
	for _, e := range used {
		t.b = binary.AppendVarint(t.b, e)
	}
}

// path writes the names from the root to the leaf.
func (f *Writer) path(t *thrift, column int) {
	names := []string{f.columns[column].Name}
	if f.chunks[column].list {
		names = append(names, "list", "element")
	}
	t.list(3, thriftBinary, len(names))
	for _, name := range names {
		t.element([]byte(name))
	}
}

func (m *written) statistics(t *thrift) {
	t.structure(12)
	t.long(3, m.nulls)
	if m.max != nil {
		t.bytes(5, m.max)
	}
	if m.min != nil {
		t.bytes(6, m.min)
	}
	if m.max != nil {
		t.bool(7, m.exactMax)
	}
	if m.min != nil {
		t.bool(8, m.exactMin)
	}
	t.close()
}
