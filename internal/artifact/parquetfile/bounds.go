package parquetfile

import (
	"bytes"
	"encoding/binary"
	"math"
	"unicode/utf8"
)

// maxBound is how many bytes of a string the statistics hold at most.
const maxBound = 64

// bounds are the least and the greatest value of a column chunk. Of strings they keep one byte more than the statistics
// hold, which is enough to tell that one was cut.
type bounds struct {
	some               bool
	minInt, maxInt     int64
	minFloat, maxFloat float64
	min, max           []byte
	minHead, maxHead   uint64 // of min and max
}

func (b *bounds) begin() {
	if b.min == nil {
		b.min, b.max = make([]byte, 0, maxBound+1), make([]byte, 0, maxBound+1)
	}
	b.some = false
}

func (b *bounds) addInt(v int64) {
	if !b.some {
		b.some, b.minInt, b.maxInt = true, v, v
	}
	b.minInt, b.maxInt = min(b.minInt, v), max(b.maxInt, v)
}

// addFloat takes a value that is no NaN: JSON has none.
func (b *bounds) addFloat(v float64) {
	if !b.some {
		b.some, b.minFloat, b.maxFloat = true, v, v
	}
	b.minFloat, b.maxFloat = min(b.minFloat, v), max(b.maxFloat, v)
}

func (b *bounds) addBytes(v []byte) {
	h := head(v)
	if b.some && b.minHead < h && h < b.maxHead {
		return
	}
	b.addKey(v[:min(len(v), maxBound+1)], h)
}

func (b *bounds) addKey(key []byte, h uint64) {
	if !b.some || bytes.Compare(key, b.min) < 0 {
		b.min, b.minHead = append(b.min[:0], key...), h
	}
	if !b.some || bytes.Compare(key, b.max) > 0 {
		b.max, b.maxHead = append(b.max[:0], key...), h
	}
	b.some = true
}

// head is the first eight bytes as a number that orders as they do. Strings that begin alike, or that zeros follow, may
// have the same.
func head(v []byte) uint64 {
	if len(v) >= 8 {
		return binary.BigEndian.Uint64(v)
	}
	h := uint64(0)
	for i, c := range v {
		h |= uint64(c) << (56 - 8*i)
	}
	return h
}

// ints are the bounds in PLAIN encoding.
func (b *bounds) ints() (least, greatest []byte) {
	return binary.LittleEndian.AppendUint64(nil, uint64(b.minInt)), binary.LittleEndian.AppendUint64(nil, uint64(b.maxInt))
}

// floats are the bounds in PLAIN encoding. The format wants zeros to be -0 below and +0 above, since readers take both
// for equal.
func (b *bounds) floats() (least, greatest []byte) {
	low, high := b.minFloat, b.maxFloat
	if low == 0 {
		low = math.Copysign(0, -1)
	}
	if high == 0 {
		high = 0
	}
	return appendDouble(nil, low), appendDouble(nil, high)
}

// floor is the least string, cut to a bound's size if need be.
func floor(key []byte) (bound []byte, exact bool) {
	if len(key) <= maxBound {
		return key, true
	}
	return key[:wholeRunes(key)], false
}

// ceiling is the greatest string. One that is cut has its last character raised, so that it is above what was cut; there
// is none if no character can be raised.
func ceiling(key []byte) (bound []byte, exact bool) {
	if len(key) <= maxBound {
		return key, true
	}
	for n := wholeRunes(key); n > 0; {
		r, size := utf8.DecodeLastRune(key[:n])
		n -= size
		if next := after(r); next > 0 && n+utf8.RuneLen(next) <= maxBound {
			return utf8.AppendRune(bytes.Clone(key[:n]), next), false
		}
	}
	return nil, false
}

// after is the character after r, 0 if r is the last.
func after(r rune) rune {
	switch r {
	case 0xD7FF:
		return 0xE000
	case utf8.MaxRune:
		return 0
	}
	return r + 1
}

// wholeRunes is the length of the longest beginning that fits a bound and cuts no character.
func wholeRunes(key []byte) int {
	n := maxBound
	for n > 0 && !utf8.RuneStart(key[n]) {
		n--
	}
	return n
}
