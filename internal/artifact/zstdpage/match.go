package zstdpage

import (
	"encoding/binary"
	"math/bits"
)

const (
	// Tables of 256 and 32 KiB stay in a processor's caches beside the page, which is waited for more than anything else.
	// Of 512 and 256 KiB they make frames 0.4 % smaller and take 2 to 8 % longer.
	longBits  = 16
	shortBits = 13

	longBytes  = 8
	shortBytes = 4

	// margin is how near to a block's end no match begins, so that all words that are looked at there are in the block.
	margin = 2*longBytes + 4

	// copySlack is how far literals are copied beyond their end, where that is faster.
	copySlack = 16
)

func hashLong(w uint64) uint64 { return w * 0x9e3779b185ebca87 >> (64 - longBits) }
func hashShort(w uint64) uint64 {
	return (w << (64 - 8*shortBytes)) * 0x9e3779b185ebca87 >> (64 - shortBits)
}

// Slices of a known length, unlike those up to the end, need no care that they don't begin there: a tenth of the time.
func load64(b []byte, i int) uint64 { return binary.LittleEndian.Uint64((*[8]byte)(b[i : i+8])[:]) }
func load32(b []byte, i int) uint32 { return binary.LittleEndian.Uint32((*[4]byte)(b[i : i+4])[:]) }

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
	limit := end - margin
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
				s, r1, r2 = e.after(src, s, limit, r1, r2)
				anchor = s
			}
			continue
		case candidateLong >= 0 && load64(src, candidateLong) == w:
			from = candidateLong
			length = longBytes + matchingWord(src, from+longBytes, s+longBytes)
		case candidateShort >= 0 && load32(src, candidateShort) == uint32(w):
			from = candidateShort
			next := load64(src, s+1)
			hl := hashLong(next)
			c := int(long[hl]) - int(base)
			long[hl] = at + 1
			if c >= 0 && load64(src, c) == next {
				s++
				from = c
				length = longBytes + matchingWord(src, from+longBytes, s+longBytes)
				break
			}
			length = matchingWord(src, from, s)
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
			if s >= r2 && load32(src, s) == load32(src, s-r2) {
				s, r1, r2 = e.after(src, s, limit, r1, r2)
				anchor = s
			}
		}
	}
	e.repeats = [2]int{r1, r2}
	literals = e.put(src, anchor, end, literals)
	e.literals = e.literals[:literals]
}

// after takes the matches that begin right at s, at the offset before the last, and gives the index after them and the
// offsets used last.
func (e *Encoder) after(src []byte, s, limit, r1, r2 int) (next, first, second int) {
	for s < limit && s >= r2 && load32(src, s) == load32(src, s-r2) {
		w := load64(src, s)
		e.long[hashLong(w)] = e.base + uint32(s)
		e.short[hashShort(w)] = e.base + uint32(s)
		length := 4 + matching(src, s+4-r2, s+4)
		r1, r2 = r2, r1
		e.add(0, 1, length)
		s += length
	}
	return s, r1, r2
}

// matchingWord is matching for what most often differs within eight bytes, of which all are there.
func matchingWord(src []byte, a, b int) int {
	if d := load64(src, a) ^ load64(src, b); d != 0 {
		return bits.TrailingZeros64(d) >> 3
	}
	return 8 + matching(src, a+8, b+8)
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
	lits := e.literals[:cap(e.literals)]
	if size := to - from; size <= copySlack && from+copySlack <= len(src) {
		*(*[copySlack]byte)(lits[n : n+copySlack]) = [copySlack]byte(src[from : from+copySlack])
		return n + size
	}
	return n + copy(lits[n:], src[from:to])
}
