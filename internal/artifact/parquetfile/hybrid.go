package parquetfile

import (
	"encoding/binary"
)

// appendHybrid appends values of so many bits in Parquet's hybrid of runs and bit-packed groups of eight.
func appendHybrid[T byte | uint16](dst []byte, v []T, width int) []byte {
	for len(v) > 0 {
		if run := runLength(v); run >= 8 {
			dst = appendRun(dst, uint64(v[0]), run, width)
			v = v[run:]
			continue
		}
		n := packedLength(v)
		dst = appendPacked(dst, v[:n], width)
		v = v[n:]
	}
	return dst
}

// runLength is how many of the first values are equal.
func runLength[T byte | uint16](v []T) int {
	n := 1
	for n < len(v) && v[n] == v[0] {
		n++
	}
	return n
}

// packedLength is how many of the first values are best packed: groups of eight until one begins a run.
func packedLength[T byte | uint16](v []T) int {
	n := 8
	for n+8 <= len(v) && runLength(v[n:n+8]) < 8 {
		n += 8
	}
	if n+8 > len(v) {
		return len(v)
	}
	return n
}

func appendRun(dst []byte, v uint64, n, width int) []byte {
	dst = binary.AppendUvarint(dst, uint64(n)<<1)
	for ; width > 0; width -= 8 {
		dst = append(dst, byte(v))
		v >>= 8
	}
	return dst
}

// appendPacked packs values; what lacks to a group of eight is zero.
func appendPacked[T byte | uint16](dst []byte, v []T, width int) []byte {
	groups := (len(v) + 7) / 8
	dst = binary.AppendUvarint(dst, uint64(groups)<<1|1)
	end := len(dst) + groups*width
	acc, filled := uint64(0), 0
	for _, x := range v {
		acc |= uint64(x) << filled
		if filled += width; filled >= 32 {
			dst = binary.LittleEndian.AppendUint32(dst, uint32(acc))
			acc >>= 32
			filled -= 32
		}
	}
	for len(dst) < end {
		dst = append(dst, byte(acc))
		acc >>= 8
	}
	return dst
}

// appendBits packs booleans of a byte each.
func appendBits(dst, v []byte) []byte {
	for len(v) >= 8 {
		w := binary.LittleEndian.Uint64(v)
		dst = append(dst, byte(w*0x0102040810204080>>56))
		v = v[8:]
	}
	if len(v) == 0 {
		return dst
	}
	var last [8]byte
	copy(last[:], v)
	return appendBits(dst, last[:])
}
