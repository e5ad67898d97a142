package zstdpage

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// coder is a table of finite state entropy: a state and a symbol give some bits and the next state. The zero coder is
// one of a single symbol, which takes no bits.
type coder struct {
	log     uint
	next    [512]uint16
	symbols [64]transition
}

// transition is what a symbol does to a state: its bits, as 1<<16 times their number less the first state that has one
// more, and where its states begin in next.
type transition struct {
	bits  uint32
	first int32
}

// preset is a table that every decoder has: how many of its 1<<log states each symbol has, -1 for one that is rare.
type preset struct {
	counts []int16
	log    uint
}

func presets() [3]preset {
	return [3]preset{
		literalCode: {[]int16{4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1}, 6},
		offsetCode:  {[]int16{1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1}, 5},
		matchCode: {[]int16{1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
			-1, -1, -1, -1, -1, -1, -1}, 6},
	}
}

// build makes the table of symbols with so many states each.
func (c *coder) build(counts []int16, log uint) {
	c.log = log
	size := 1 << log
	c.fill(counts, spread(counts, size))
	total := int32(0)
	for s, n := range counts {
		n := int32(max(n, -n))
		if n == 0 {
			continue
		}
		width := uint32(log) - uint32(bits.Len32(uint32(n-1)))
		if n > 1 {
			width++
		}
		c.symbols[s] = transition{width<<16 - uint32(n)<<width, total - n}
		total += n
	}
}

// spread says whose each state is.
func spread(counts []int16, size int) (owners [512]uint8) {
	high := size - 1
	for s, n := range counts {
		if n == -1 {
			owners[high] = uint8(s)
			high--
		}
	}
	at, step := 0, size>>1+size>>3+3
	for s, n := range counts {
		for range n {
			owners[at] = uint8(s)
			for at = (at + step) & (size - 1); at > high; {
				at = (at + step) & (size - 1)
			}
		}
	}
	return owners
}

// fill lists each symbol's states in order.
func (c *coder) fill(counts []int16, owners [512]uint8) {
	var start [64]uint16
	sum := uint16(0)
	for s, n := range counts {
		start[s] = sum
		sum += uint16(max(n, -n))
	}
	size := uint16(1) << c.log
	for state := range size {
		s := owners[state]
		c.next[start[s]] = size + state
		start[s]++
	}
}

// single makes the table of one symbol.
func (c *coder) single() { *c = coder{} }

// first is the state that a stream ends with whose last symbol is s.
func (c *coder) first(s uint8) uint32 {
	t := c.symbols[s&63]
	width := (t.bits + 1<<15) >> 16
	return uint32(c.next[int32((width<<16-t.bits)>>width)+t.first])
}

// normalize shares 1<<log states out among the symbols that were counted, at least one to each of them, and n are all
// counted.
func normalize(counts []uint32, n uint32, log uint) []int16 {
	states := make([]int16, len(counts))
	left := int32(1) << log
	largest := 0
	for s, k := range counts {
		if k == 0 {
			continue
		}
		states[s] = int16(max(1, (uint64(k)<<log+uint64(n)/2)/uint64(n)))
		left -= int32(states[s])
		if states[s] > states[largest] {
			largest = s
		}
	}
	for ; left < 0; left++ { // rare symbols had to be given more than was theirs
		most := 0
		for s := range states {
			if states[s] > states[most] {
				most = s
			}
		}
		states[most]--
	}
	states[largest] += int16(left)
	return states
}

// appendCounts appends a table's description.
func appendCounts(dst []byte, states []int16, log uint) []byte {
	w := bitWriter{dst: dst, acc: uint64(log - 5), n: 4}
	left, threshold, width := int32(1)<<log+1, int32(1)<<log, log+1
	for s := 0; left > 1; {
		k := int32(states[s])
		s++
		highest := 2*threshold - 1 - left
		left -= k
		v := k + 1
		if v >= threshold {
			v += highest
		}
		w.add(uint64(v), width)
		if v < highest {
			w.n--
		}
		w.flush()
		if k == 0 {
			s = w.zeros(states, s)
		}
		for left < threshold {
			width--
			threshold >>= 1
		}
	}
	return w.close()
}

// bitWriter appends bits, the lowest first.
type bitWriter struct {
	dst []byte
	acc uint64
	n   uint
}

func (w *bitWriter) add(v uint64, width uint) {
	w.acc |= v << w.n
	w.n += width
}

func (w *bitWriter) flush() {
	for ; w.n >= 8; w.n -= 8 {
		w.dst = append(w.dst, byte(w.acc))
		w.acc >>= 8
	}
}

func (w *bitWriter) close() []byte {
	w.flush()
	if w.n > 0 {
		return append(w.dst, byte(w.acc))
	}
	return w.dst
}

// zeros tells how many more symbols from s on have no state, and gives the next that has.
func (w *bitWriter) zeros(states []int16, s int) int {
	n := 0
	for states[s+n] == 0 {
		n++
	}
	for s += n; n >= 3; n -= 3 {
		w.add(3, 2)
		w.flush()
	}
	w.add(uint64(n), 2)
	w.flush()
	return s
}

// appendSequences appends the bits of sequences, the last first.
func appendSequences(dst []byte, sequences []sequence, tables *[3]coder) []byte {
	at := len(dst)
	dst = slices.Grow(dst, 12*len(sequences)+24)
	out := dst[at:cap(dst)]
	l, o, m := &tables[literalCode], &tables[offsetCode], &tables[matchCode]
	q := &sequences[len(sequences)-1]
	ls, os, ms := l.first(q.code(literalCode)), o.first(q.code(offsetCode)), m.first(q.code(matchCode))
	acc, n, p := q.open, q.width(), 0
	for i := len(sequences) - 2; i >= 0; i-- {
		p, acc, n = putBytes(out, p, acc, n)
		q := &sequences[i]
		t := o.symbols[q.code(offsetCode)&63]
		width := (os + t.bits) >> 16
		acc |= uint64(os&(1<<(width&31)-1)) << (n & 63)
		n += width
		os = uint32(o.next[(int32(os>>(width&31))+t.first)&511])
		t = m.symbols[q.code(matchCode)&63]
		width = (ms + t.bits) >> 16
		acc |= uint64(ms&(1<<(width&31)-1)) << (n & 63)
		n += width
		ms = uint32(m.next[(int32(ms>>(width&31))+t.first)&511])
		t = l.symbols[q.code(literalCode)&63]
		width = (ls + t.bits) >> 16
		acc |= uint64(ls&(1<<(width&31)-1)) << (n & 63)
		n += width
		ls = uint32(l.next[(int32(ls>>(width&31))+t.first)&511])
		if n+q.width() >= 64 {
			p, acc, n = putBytes(out, p, acc, n)
		}
		acc |= q.open << (n & 63)
		n += q.width()
	}
	w := bitWriter{dst: dst[:at+p], acc: acc, n: uint(n)}
	w.flush()
	w.add(uint64(ms)&(1<<m.log-1), m.log)
	w.add(uint64(os)&(1<<o.log-1), o.log)
	w.add(uint64(ls)&(1<<l.log-1), l.log)
	w.add(1, 1)
	return w.close()
}

// putBytes writes the whole bytes of the n bits in acc at p, and gives what is left of them.
func putBytes(out []byte, p int, acc uint64, n uint32) (next int, rest uint64, bits uint32) {
	binary.LittleEndian.PutUint64((*[8]byte)(out[p : p+8])[:], acc)
	return p + int(n>>3), acc >> (n & 56), n & 7
}
