package parquetfile

import "encoding/binary"

// Types of Thrift's compact protocol.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftI16    = 4
	thriftI32    = 5
	thriftI64    = 6
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftMap    = 11
	thriftStruct = 12
)

// thrift writes structures in Thrift's compact protocol.
type thrift struct {
	b    []byte
	last []int16 // number of the field written last, of each open structure
}

// open begins a structure that is no field: the outermost, or a list's element.
func (t *thrift) open() { t.last = append(t.last, 0) }

// close ends the structure opened last.
func (t *thrift) close() {
	t.b = append(t.b, 0)
	t.last = t.last[:len(t.last)-1]
}

// field begins a field; its number is at most 15 above the last one's.
func (t *thrift) field(number int16, kind byte) {
	last := &t.last[len(t.last)-1]
	t.b = append(t.b, byte(number-*last)<<4|kind)
	*last = number
}

// int writes a field of 32 bits.
func (t *thrift) int(number int16, v int64) {
	t.field(number, thriftI32)
	t.b = binary.AppendVarint(t.b, v)
}

// long writes a field of 64 bits.
func (t *thrift) long(number int16, v int64) {
	t.field(number, thriftI64)
	t.b = binary.AppendVarint(t.b, v)
}

// short writes a field of 16 bits.
func (t *thrift) short(number int16, v int64) {
	t.field(number, thriftI16)
	t.b = binary.AppendVarint(t.b, v)
}

func (t *thrift) bool(number int16, v bool) {
	if v {
		t.field(number, thriftTrue)
		return
	}
	t.field(number, thriftFalse)
}

func (t *thrift) bytes(number int16, v []byte) {
	t.field(number, thriftBinary)
	t.element(v)
}

// element writes bytes that are no field, but a list's element.
func (t *thrift) element(v []byte) {
	t.b = append(binary.AppendUvarint(t.b, uint64(len(v))), v...)
}

// structure opens a structure that is a field.
func (t *thrift) structure(number int16) {
	t.field(number, thriftStruct)
	t.open()
}

// list begins a list of n elements, which the caller writes.
func (t *thrift) list(number int16, kind byte, n int) {
	t.field(number, thriftList)
	if n < 15 {
		t.b = append(t.b, byte(n)<<4|kind)
		return
	}
	t.b = binary.AppendUvarint(append(t.b, 0xf0|kind), uint64(n))
}
