// Package shapair advances two SHA-256 digests over the same bytes at the price of one. A file's bytes go into the digest
// of the whole and into that of a part; both cut them into the same blocks, so the message schedule is computed once, and
// the rounds of the two digests, which have nothing to wait for from each other, fill each other's pauses. It is done where
// the processor has SHA instructions of the x86 kind; elsewhere the library's two digests take turns. The digests
// stay the library's: only whole blocks in the middle of what is written are taken out of its hands.
package shapair

import (
	"encoding"
	"encoding/binary"
	"hash"
)

const blockBytes = 64

// atLeast is what pays for handing two states over and back, some 300 ns.
const atLeast = 16 * blockBytes

// Write writes p to both digests, which are crypto/sha256's. It is fast if both have seen as many bytes modulo 64.
func Write(a, b hash.Hash, p []byte) {
	if !supported || len(p) < atLeast {
		takeTurns(a, b, p)
		return
	}
	var first, second state
	first.take(a)
	second.take(b)
	begun := first.bytes() % blockBytes
	if begun != second.bytes()%blockBytes {
		takeTurns(a, b, p)
		return
	}
	if begun > 0 {
		rest := blockBytes - begun
		a.Write(p[:rest])
		b.Write(p[:rest])
		p = p[rest:]
		first.take(a)
		second.take(b)
	}
	whole := len(p) / blockBytes * blockBytes
	blocks(&first.h, &second.h, p[:whole], &roundConstants)
	first.give(a, whole)
	second.give(b, whole)
	a.Write(p[whole:])
	b.Write(p[whole:])
}

// turnBytes are two blocks.
const turnBytes = 2 * blockBytes

// takeTurns gives the digests two blocks each in turn: neither waits for the other, and a processor works on both at
// once, which is a quarter faster than one after the other.
func takeTurns(a, b hash.Hash, p []byte) {
	for len(p) > turnBytes {
		a.Write(p[:turnBytes])
		b.Write(p[:turnBytes])
		p = p[turnBytes:]
	}
	a.Write(p)
	b.Write(p)
}

// state is a digest between two blocks, beside the library's encoding of it: four bytes that name the algorithm, the
// eight words, a block's room, and the count of bytes.
type state struct {
	h       [8]uint32
	encoded [encodedBytes]byte
}

const (
	wordsAt      = 4
	countAt      = wordsAt + 8*4 + blockBytes
	encodedBytes = countAt + 8
)

// bytes are how many the digest has seen.
func (s *state) bytes() uint64 { return binary.BigEndian.Uint64(s.encoded[countAt:]) }

func (s *state) take(h hash.Hash) {
	if encoded, err := h.(encoding.BinaryAppender).AppendBinary(s.encoded[:0]); err != nil || len(encoded) != encodedBytes {
		panic("shapair: not a digest of crypto/sha256")
	}
	for i := range s.h {
		s.h[i] = binary.BigEndian.Uint32(s.encoded[wordsAt+4*i:])
	}
}

// give hands the state back, further by that many bytes.
func (s *state) give(h hash.Hash, advanced int) {
	for i, word := range s.h {
		binary.BigEndian.PutUint32(s.encoded[wordsAt+4*i:], word)
	}
	binary.BigEndian.PutUint64(s.encoded[countAt:], s.bytes()+uint64(advanced))
	if err := h.(encoding.BinaryUnmarshaler).UnmarshalBinary(s.encoded[:]); err != nil {
		panic("shapair: " + err.Error())
	}
}
