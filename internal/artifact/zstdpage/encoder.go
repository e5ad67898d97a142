// Package zstdpage compresses pages in memory to Zstandard frames (RFC 8878). It is a greedy compressor with two hash
// tables, of the strength of the reference implementation's level 3, for pages of some hundred KiB that are mostly
// text: faster there than a general one, since a page is in memory as a whole, and since what a sequence needs to be
// written is computed when it is found. The same page gives the same frame on every machine.
package zstdpage

import (
	"encoding/binary"

	"github.com/klauspost/compress/huff0"
)

// blockBytes is how much of a page a block holds, the most that the format allows.
const blockBytes = 128 << 10

// Types of blocks.
const (
	rawBlock        = 0
	compressedBlock = 2
)

// Encoder compresses pages, one at a time, in memory that it uses again.
type Encoder struct {
	long, short []uint32 // positions by the hash of eight and of five bytes, counted from before base
	base        uint32   // of the page's first byte; positions below are those of pages before
	repeats     [2]int   // offsets used last

	literals  []byte // of the block
	sequences []sequence
	counts    [3][64]uint32 // of codes of the block's sequences
	tables    [3]coder
	preset    [3]coder
	huffman   huff0.Scratch
}

// NewEncoder makes an Encoder; it takes some 0.7 MiB.
func NewEncoder() *Encoder {
	e := &Encoder{long: make([]uint32, 1<<longBits), short: make([]uint32, 1<<shortBits), literals: make([]byte, blockBytes+copySlack)}
	for i, p := range presets() {
		e.preset[i].build(p.counts, p.log)
	}
	return e
}

// Append appends the page's frame to dst.
func (e *Encoder) Append(dst, page []byte) []byte {
	dst = appendHeader(dst, len(page))
	e.begin(len(page))
	for start := 0; ; start += blockBytes {
		end := min(start+blockBytes, len(page))
		dst = e.block(dst, page, start, end)
		if end == len(page) {
			e.base += uint32(end)
			return dst
		}
	}
}

// begin forgets the page before. Its positions stay in the tables, below the new base.
func (e *Encoder) begin(size int) {
	if uint64(e.base)+uint64(size) > 1<<31 || e.base == 0 {
		clear(e.long)
		clear(e.short)
		e.base = 1
	}
	e.repeats = [2]int{1, 4}
	e.huffman.Reuse = huff0.ReusePolicyNone
}

// appendHeader appends a frame's header: one segment of that size, no checksum, no dictionary.
func appendHeader(dst []byte, size int) []byte {
	dst = append(dst, 0x28, 0xb5, 0x2f, 0xfd)
	switch {
	case size < 256:
		return append(dst, 1<<5, byte(size))
	case size < 1<<16+256:
		return binary.LittleEndian.AppendUint16(append(dst, 1<<6|1<<5), uint16(size-256))
	case size < 1<<32:
		return binary.LittleEndian.AppendUint32(append(dst, 2<<6|1<<5), uint32(size))
	}
	return binary.LittleEndian.AppendUint64(append(dst, 3<<6|1<<5), uint64(size))
}

// block appends page[start:end] as a block.
func (e *Encoder) block(dst, page []byte, start, end int) []byte {
	at := len(dst)
	repeats := e.repeats
	dst = append(dst, 0, 0, 0)
	last := end == len(page)
	if end-start >= 32 {
		e.find(page, start, end)
		if dst = e.appendSections(dst); len(dst)-at-3 < end-start {
			putBlockHeader(dst[at:], last, compressedBlock, len(dst)-at-3)
			return dst
		}
	}
	e.repeats = repeats
	e.huffman.Reuse = huff0.ReusePolicyNone
	dst = append(dst[:at+3], page[start:end]...)
	putBlockHeader(dst[at:], last, rawBlock, end-start)
	return dst
}

func putBlockHeader(b []byte, last bool, kind, size int) {
	head := uint32(kind)<<1 | uint32(size)<<3
	if last {
		head |= 1
	}
	b[0], b[1], b[2] = byte(head), byte(head>>8), byte(head>>16)
}
