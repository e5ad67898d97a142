package zstdpage

import (
	"encoding/binary"
	"errors"
	"math/bits"

	"github.com/klauspost/compress/huff0"
)

// How a section's table, or its literals, are given.
const (
	modePreset = 0 // of literals: they are not compressed
	modeSingle = 1
	modeTable  = 2
	modeReuse  = 3 // of literals: the table is that of the block before
)

// appendSections appends the block's literals and sequences.
func (e *Encoder) appendSections(dst []byte) []byte {
	dst = e.appendLiterals(dst)
	n := len(e.sequences)
	switch {
	case n < 128:
		dst = append(dst, byte(n))
	case n < 0x7f00:
		dst = append(dst, byte(n>>8+128), byte(n))
	default:
		dst = binary.LittleEndian.AppendUint16(append(dst, 255), uint16(n-0x7f00))
	}
	if n == 0 {
		return dst
	}
	modes := len(dst)
	dst = append(dst, 0)
	for i := range e.tables {
		var mode byte
		dst, mode = e.appendTable(dst, i)
		dst[modes] |= mode << (6 - 2*i)
	}
	return appendSequences(dst, e.sequences, &e.tables)
}

// tableLogs are the largest tables that the format allows.
var tableLogs = [3]uint{literalCode: 9, offsetCode: 8, matchCode: 9}

// fewSequences is up to where a table of their own is not worth its description.
const fewSequences = 48

// appendTable makes the table of a kind of code and appends what tells it.
func (e *Encoder) appendTable(dst []byte, code int) (described []byte, mode byte) {
	counts, n := e.counts[code][:], uint32(len(e.sequences))
	for len(counts) > 0 && counts[len(counts)-1] == 0 {
		counts = counts[:len(counts)-1]
	}
	switch last := len(counts) - 1; {
	case counts[last] == n:
		e.tables[code].single()
		return append(dst, byte(last)), modeSingle
	case n < fewSequences:
		e.tables[code] = e.preset[code]
		return dst, modePreset
	}
	log := min(tableLogs[code], uint(bits.Len32(n-1))-2)
	log = max(log, 5, uint(bits.Len(uint(len(counts)))))
	states := normalize(counts, n, log)
	e.tables[code].build(states, log)
	return appendCounts(dst, states, log), modeTable
}

// appendLiterals appends the section of literals.
func (e *Encoder) appendLiterals(dst []byte) []byte {
	lits := e.literals
	e.huffman.WantLogLess = 5
	var out []byte
	var reused bool
	err := huff0.ErrIncompressible
	single := len(lits) < 1024
	switch {
	case !single:
		out, reused, err = huff0.Compress4X(lits, &e.huffman)
	case len(lits) > 16:
		out, reused, err = huff0.Compress1X(lits, &e.huffman)
	}
	switch {
	case errors.Is(err, huff0.ErrUseRLE):
		e.huffman.Reuse = huff0.ReusePolicyNone
		return append(appendPlainHead(dst, modeSingle, len(lits)), lits[0])
	case err != nil || len(out)+5 >= len(lits):
		e.huffman.Reuse = huff0.ReusePolicyNone
		return append(appendPlainHead(dst, modePreset, len(lits)), lits...)
	}
	mode := uint64(modeTable)
	if reused {
		mode = modeReuse
	}
	e.huffman.Reuse = huff0.ReusePolicyAllow
	return append(appendLiteralHead(dst, mode, len(lits), len(out), single), out...)
}

// appendPlainHead appends the header of literals that are not compressed.
func appendPlainHead(dst []byte, mode, size int) []byte {
	switch {
	case size < 1<<5:
		return append(dst, byte(mode|size<<3))
	case size < 1<<12:
		return binary.LittleEndian.AppendUint16(dst, uint16(mode|1<<2|size<<4))
	}
	head := uint32(mode | 3<<2 | size<<4)
	return append(dst, byte(head), byte(head>>8), byte(head>>16))
}

// appendLiteralHead appends the header of compressed literals, in one stream or in four.
func appendLiteralHead(dst []byte, mode uint64, size, compressed int, single bool) []byte {
	width, format := 18, uint64(3)
	switch most := max(size, compressed); {
	case single:
		width, format = 10, 0
	case most < 1<<10:
		width, format = 10, 1
	case most < 1<<14:
		width, format = 14, 2
	}
	head := mode | format<<2 | uint64(size)<<4 | uint64(compressed)<<(4+width)
	for n := (4 + 2*width + 7) / 8; n > 0; n-- {
		dst = append(dst, byte(head))
		head >>= 8
	}
	return dst
}
