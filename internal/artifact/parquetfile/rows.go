package parquetfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// maxFooter is the largest footer that Rows reads. One row group of 1,000 columns takes some 150 KiB.
const maxFooter = 256 << 20

// footerTail is what follows the footer: its size and the magic.
const footerTail = 4 + len(magic)

var errFooter = errors.New("its footer is broken")

// Rows is the number of rows that the footer of a Parquet file of that size tells.
func Rows(r io.ReaderAt, size int64) (int64, error) {
	footer, err := readFooter(r, size)
	if err != nil {
		return 0, fmt.Errorf("not a Parquet file: %w", err)
	}
	rows, err := footerRows(footer)
	if err != nil {
		return 0, fmt.Errorf("not a Parquet file: %w", err)
	}
	return rows, nil
}

func readFooter(r io.ReaderAt, size int64) ([]byte, error) {
	if size < int64(len(magic)+footerTail) {
		return nil, errors.New("it is too short")
	}
	var tail [footerTail]byte
	if _, err := r.ReadAt(tail[:], size-int64(len(tail))); err != nil {
		return nil, err
	}
	if string(tail[4:]) != magic {
		return nil, errors.New("it doesn't end as one")
	}
	n := int64(binary.LittleEndian.Uint32(tail[:]))
	if n > maxFooter || n > size-int64(len(magic)+footerTail) {
		return nil, errFooter
	}
	footer := make([]byte, n)
	_, err := r.ReadAt(footer, size-int64(footerTail)-n)
	return footer, err
}

// footerRows is the third field of the file's metadata.
func footerRows(footer []byte) (int64, error) {
	r := thriftReader{b: footer}
	for number := int16(0); ; {
		kind := r.field(&number)
		switch {
		case r.failed || kind == 0:
			return 0, errFooter
		case number == 3 && kind == thriftI64:
			rows := r.varint()
			if r.failed || rows < 0 {
				return 0, errFooter
			}
			return rows, nil
		}
		r.skip(kind, 0)
	}
}

// maxDepth is how deeply a footer's structures may nest: those of the format nest to 6.
const maxDepth = 32

// thriftReader reads Thrift's compact protocol. Once it has failed, everything is zero.
type thriftReader struct {
	b      []byte
	failed bool
}

// field reads a field's head and gives its type, 0 at the structure's end; number was the last field's.
func (r *thriftReader) field(number *int16) (kind byte) {
	head := r.byte()
	if delta := int16(head >> 4); delta != 0 {
		*number += delta
	} else if head != 0 {
		*number = int16(r.varint())
	}
	return head & 15
}

// skip passes over a value of that type.
func (r *thriftReader) skip(kind byte, depth int) {
	switch kind {
	case thriftTrue, thriftFalse:
	case thriftByte:
		r.byte()
	case thriftI16, thriftI32, thriftI64:
		r.varint()
	case thriftDouble:
		r.take(8)
	case thriftBinary:
		r.take(r.uvarint())
	case thriftList, thriftSet:
		r.skipList(depth + 1)
	case thriftMap:
		r.skipMap(depth + 1)
	case thriftStruct:
		r.skipStruct(depth + 1)
	default:
		r.fail()
	}
}

func (r *thriftReader) skipStruct(depth int) {
	if depth > maxDepth {
		r.fail()
	}
	for number := int16(0); !r.failed; {
		kind := r.field(&number)
		if kind == 0 {
			return
		}
		r.skip(kind, depth)
	}
}

func (r *thriftReader) skipList(depth int) {
	head := r.byte()
	n := uint64(head >> 4)
	if n == 15 {
		n = r.uvarint()
	}
	r.skipElements(n, depth, head&15)
}

func (r *thriftReader) skipMap(depth int) {
	n := r.uvarint()
	if n == 0 {
		return
	}
	kinds := r.byte()
	r.skipElements(n, depth, kinds>>4, kinds&15)
}

// skipElements passes over n elements, each made of values of these types. Booleans among them take a byte.
func (r *thriftReader) skipElements(n uint64, depth int, kinds ...byte) {
	if depth > maxDepth || n > uint64(len(r.b)) {
		r.fail()
	}
	for ; n > 0 && !r.failed; n-- {
		for _, kind := range kinds {
			if kind == thriftTrue || kind == thriftFalse {
				kind = thriftByte
			}
			r.skip(kind, depth)
		}
	}
}

func (r *thriftReader) fail() { r.failed, r.b = true, nil }

func (r *thriftReader) take(n uint64) {
	if n > uint64(len(r.b)) {
		r.fail()
		return
	}
	r.b = r.b[n:]
}

func (r *thriftReader) byte() byte {
	if len(r.b) == 0 {
		r.fail()
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *thriftReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *thriftReader) varint() int64 {
	v := r.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}
