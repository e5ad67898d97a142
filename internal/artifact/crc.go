package artifact

import (
	"encoding/binary"
	"encoding/hex"
	"math/bits"
)

// crcPolynomial is CRC-64/NVME's, lowest power first as the algorithm shifts it.
const crcPolynomial = 0x9a6c9329ac4bc9b5

// joinCRC is the CRC-64/NVME of two pieces in a row, of the first one's, the second one's, and how many bytes the second
// has. Appending n bytes to a message multiplies its remainder by x to the power of 8n, so none of the bytes is needed.
func joinCRC(first, second uint64, secondBytes int64) uint64 {
	return multiply(first, powerOfX(8*uint64(secondBytes))) ^ second
}

// multiply multiplies two polynomials modulo CRC-64/NVME's. The highest bit is the lowest power.
func multiply(a, b uint64) (product uint64) {
	for ; a != 0; a <<= 1 {
		if a&(1<<63) != 0 {
			product ^= b
		}
		low := b & 1
		b >>= 1
		if low != 0 {
			b ^= crcPolynomial
		}
	}
	return product
}

// powerOfX is x to the power of n, by squaring.
func powerOfX(n uint64) uint64 {
	const one, x = uint64(1) << 63, uint64(1) << 62
	power := one
	for bit := bits.Len64(n) - 1; bit >= 0; bit-- {
		power = multiply(power, power)
		if n>>bit&1 != 0 {
			power = multiply(power, x)
		}
	}
	return power
}

// hexCRC is how a CRC stands in manifests.
func hexCRC(sum uint64) string { return hex.EncodeToString(binary.BigEndian.AppendUint64(nil, sum)) }
