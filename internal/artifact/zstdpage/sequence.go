package zstdpage

import "math/bits"

// The codes of a sequence, in the order in which the format describes their tables.
const (
	literalCode = iota
	offsetCode
	matchCode
)

// sequence is some literals and a match, as they are written: codes, and the bits that the codes leave open.
type sequence struct {
	open  uint64
	codes uint32 // one in a byte, and in the fourth the width of open
}

func (q *sequence) code(kind int) uint8 { return uint8(q.codes >> (8 * kind)) }

func (q *sequence) width() uint32 { return q.codes >> 24 }

// add adds a sequence. The offset is as the format counts: 1 for one used before, otherwise 3 more than it is.
func (e *Encoder) add(literals, offset, match int) {
	l, m := literalLength(uint32(literals)), matchLength(uint32(match-3))
	o := uint32(bits.Len32(uint32(offset))-1) & 31
	lw, mw := l>>24&31, m>>24&31
	open := uint64(literals) & (1<<lw - 1)
	open |= uint64(match-3) & (1<<mw - 1) << lw
	open |= uint64(offset) & (1<<o - 1) << ((lw + mw) & 63)
	e.sequences = append(e.sequences, sequence{open, l + m + o<<(8*offsetCode) + o<<24})
	e.counts[literalCode][l&63]++
	e.counts[offsetCode][o]++
	e.counts[matchCode][m>>(8*matchCode)&63]++
}

// literalLength is the code of a number of literals where a sequence has it, and how many bits it leaves open where the
// sequence has their number. Codes begin at multiples of what they leave open.
func literalLength(v uint32) uint32 {
	if v < uint32(len(literalLengths)) {
		return literalLengths[v]
	}
	return codeAndWidth(uint8(bits.Len32(v))+18, literalCode, &literalWidths)
}

// matchLength is as much of a match that is 3 longer than v.
func matchLength(v uint32) uint32 {
	if v < uint32(len(matchLengths)) {
		return matchLengths[v]
	}
	return codeAndWidth(uint8(bits.Len32(v))+35, matchCode, &matchWidths)
}

func codeAndWidth(code uint8, kind int, widths *[64]uint8) uint32 {
	return uint32(code)<<(8*kind) | uint32(widths[code&63])<<24
}

// literalLengths and matchLengths are what literalLength and matchLength give for short ones.
var (
	literalLengths = func() (all [64]uint32) {
		for v, code := range literalCodes {
			all[v] = codeAndWidth(code, literalCode, &literalWidths)
		}
		return all
	}()
	matchLengths = func() (all [128]uint32) {
		for v, code := range matchCodes {
			all[v] = codeAndWidth(code, matchCode, &matchWidths)
		}
		return all
	}()
)

var literalCodes = [64]uint8{
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
	16, 16, 17, 17, 18, 18, 19, 19, 20, 20, 20, 20, 21, 21, 21, 21,
	22, 22, 22, 22, 22, 22, 22, 22, 23, 23, 23, 23, 23, 23, 23, 23,
	24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24,
}

// literalWidths are how many bits a code leaves open.
var literalWidths = [64]uint8{16: 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}

var matchCodes = [128]uint8{
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
	16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
	32, 32, 33, 33, 34, 34, 35, 35, 36, 36, 36, 36, 37, 37, 37, 37,
	38, 38, 38, 38, 38, 38, 38, 38, 39, 39, 39, 39, 39, 39, 39, 39,
	40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40,
	41, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41,
	42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42,
	42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42,
}

// matchWidths are how many bits a code leaves open.
var matchWidths = [64]uint8{32: 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
