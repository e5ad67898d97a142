package zstdpage

import (
	"encoding/binary"
	"math/bits"
)

const (
	longBits  = 17
	shortBits = 16

	// copySlack is how far literals are copied beyond their end, where that is faster.
	copySlack = 16
)

func hashLong(w uint64) uint64  { return w * 0x9e3779b185ebca87 >> (64 - longBits) }
func hashShort(w uint64) uint64 { return (w << 24) * 889523592379 >> (64 - shortBits) }

func load64(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i:]) }
func load32(b []byte, i int) uint32 { return binary.LittleEndian.Uint32(b[i:]) }

// find makes literals and sequences out of page[start:end]. It is one function, since what it keeps in registers is what
// makes it fast.
func (e *Encoder) find(page []byte, start, end int) {
	e.sequences = e.sequences[:0]
	e.counts = [3][64]uint32{}
	src := page[:end]
	long, short := (*[1 << longBits]uint32)(e.long), (*[1 << shortBits]uint32)(e.short)
	base := e.base
	literals := 0
	anchor, s := start, start
	r1, r2 := e.repeats[0], e.repeats[1]
	if s == 0 {
		s = 1
	}
	limit := end - 12
	for s < limit {
		w := load64(src, s)
		hl, hs := hashLong(w), hashShort(w)
		at := base + uint32(s)
		candidateLong, candidateShort := int(long[hl])-int(base), int(short[hs])-int(base)
		long[hl], short[hs] = at, at

		var from, length int // of the match, and where it begins
		switch {
		case s+1 >= r1 && load32(src, s+1-r1) == uint32(w>>8):
			s++
			length = 4 + matching(src, s+4-r1, s+4)
			literals = e.put(src, anchor, s, literals)
			e.add(s-anchor, 1, length)
			s += length
			anchor = s
			if s < limit {
				s = e.after(src, s, limit, &r1, &r2)
				anchor = s
			}
			continue
		case candidateLong >= 0 && load64(src, candidateLong) == w:
			from = candidateLong
			length = 8 + matching(src, from+8, s+8)
		case candidateShort >= 0 && load32(src, candidateShort) == uint32(w):
			from = candidateShort
			next := load64(src, s+1)
			hl := hashLong(next)
			c := int(long[hl]) - int(base)
			long[hl] = at + 1
			if c >= 0 && load64(src, c) == next {
				s++
				from = c
				length = 8 + matching(src, from+8, s+8)
				break
			}
			length = 4 + matching(src, from+4, s+4)
		default:
			s += 1 + (s-anchor)>>8
			continue
		}
		for s > anchor && from > 0 && src[s-1] == src[from-1] {
			s--
			from--
			length++
		}
		r1, r2 = s-from, r1
		literals = e.put(src, anchor, s, literals)
		e.add(s-anchor, r1+3, length)
		first := s + 2
		s += length
		anchor = s
		if s < limit {
			w := load64(src, first)
			long[hashLong(w)] = base + uint32(first)
			short[hashShort(w)] = base + uint32(first)
			w = load64(src, s-2)
			long[hashLong(w)] = base + uint32(s-2)
			short[hashShort(w>>8)] = base + uint32(s-1)
			s = e.after(src, s, limit, &r1, &r2)
			anchor = s
		}
	}
	e.repeats = [2]int{r1, r2}
	literals = e.put(src, anchor, end, literals)
	e.literals = e.literals[:literals]
}

// after takes the matches that begin right at s, at the offset before the last, and gives the index after them.
func (e *Encoder) after(src []byte, s, limit int, r1, r2 *int) int {
	for s < limit && s >= *r2 && load32(src, s) == load32(src, s-*r2) {
		w := load64(src, s)
		e.long[hashLong(w)] = e.base + uint32(s)
		e.short[hashShort(w)] = e.base + uint32(s)
		length := 4 + matching(src, s+4-*r2, s+4)
		*r1, *r2 = *r2, *r1
		e.add(0, 1, length)
		s += length
	}
	return s
}

// matching is how many bytes from a and from b on are equal, up to the end; a is before b.
func matching(src []byte, a, b int) int {
	start := b
	for b+8 <= len(src) {
		if d := load64(src, a) ^ load64(src, b); d != 0 {
			return b - start + bits.TrailingZeros64(d)>>3
		}
		a += 8
		b += 8
	}
	for b < len(src) && src[a] == src[b] {
		a++
		b++
	}
	return b - start
}

// put copies src[from:to] behind the n literals and gives their new number.
func (e *Encoder) put(src []byte, from, to, n int) int {
	if size := to - from; size <= copySlack && from+copySlack <= len(src) {
		lits := e.literals[:cap(e.literals)]
		d, s := lits[n:n+copySlack], src[from:from+copySlack]
		binary.LittleEndian.PutUint64(d, binary.LittleEndian.Uint64(s))
		binary.LittleEndian.PutUint64(d[8:], binary.LittleEndian.Uint64(s[8:]))
		return n + size
	}
	return n + copy(e.literals[n:cap(e.literals)], src[from:to])
}
