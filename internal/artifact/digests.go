package artifact

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"

	"github.com/minio/crc64nvme"

	"github.com/videovector/exports/internal/artifact/shapair"
)

// WholeBytes is the longest file that has a SHA-256 of all of it. That digest can't be computed in parts, by several
// machines or after the fact: 32 GiB take one reader 25 to 60 s, a terabyte would take it half an hour.
const WholeBytes = 32 << 30

// Digests are the checksums of a document, in lower-case hex.
type Digests struct {
	Bytes      int64    `json:"bytes"`
	SHA256     string   `json:"sha256,omitempty"` // "" beyond WholeBytes
	PartBytes  int64    `json:"part_bytes"`
	PartSHA256 []string `json:"part_sha256"`
	TreeSHA256 string   `json:"tree_sha256"` // SHA-256 over the part digests, concatenated as bytes
	CRC64NVME  string   `json:"crc64nvme"`
}

// Digester computes Digests of what is written to it.
type Digester struct {
	whole, part, tree hash.Hash
	crc               hash.Hash64
	sums              []string // of the parts that are full
	bytes             int64
	filled            int64 // of the part
	partBytes         int64
	wholeBytes        int64 // WholeBytes, less in tests
}

// NewDigester digests with parts of the size.
func NewDigester(partBytes int64) *Digester {
	return &Digester{wholeBytes: WholeBytes, whole: sha256.New(), part: sha256.New(), tree: sha256.New(), crc: crc64nvme.New(), partBytes: partBytes}
}

// Write implements io.Writer; it never fails.
func (d *Digester) Write(p []byte) (int, error) {
	n := len(p)
	d.crc.Write(p)
	for len(p) > 0 {
		k := min(int64(len(p)), d.partBytes-d.filled)
		d.hash(p[:k])
		p, d.filled, d.bytes = p[k:], d.filled+k, d.bytes+k
		if d.filled == d.partBytes {
			d.endPart()
		}
	}
	return n, nil
}

// hash digests p for the whole and for its part. Until the first part ends they are one and the same.
func (d *Digester) hash(p []byte) {
	switch {
	case len(d.sums) == 0:
		d.whole.Write(p)
	case d.bytes > d.wholeBytes:
		d.part.Write(p)
	default:
		shapair.Write(d.whole, d.part, p)
	}
}

// endPart takes the digest of the part that has been written.
func (d *Digester) endPart() {
	part := d.part
	if len(d.sums) == 0 {
		part = d.whole
	}
	sum := part.Sum(nil)
	d.sums = append(d.sums, hex.EncodeToString(sum))
	d.tree.Write(sum)
	d.part.Reset()
	d.filled = 0
}

// Sum ends the last part and gives the digests; nothing may be written afterwards.
func (d *Digester) Sum() Digests {
	if d.filled > 0 {
		d.endPart()
	}
	sums := Digests{
		Bytes: d.bytes, PartBytes: d.partBytes, PartSHA256: d.sums,
		TreeSHA256: hex.EncodeToString(d.tree.Sum(nil)), CRC64NVME: hex.EncodeToString(d.crc.Sum(nil)),
	}
	if d.bytes <= d.wholeBytes {
		sums.SHA256 = hex.EncodeToString(d.whole.Sum(nil))
	}
	return sums
}

// DigestOf reads r to its end.
func DigestOf(r io.Reader, partBytes int64) (Digests, error) {
	d := NewDigester(partBytes)
	if _, err := io.CopyBuffer(d, r, make([]byte, 256<<10)); err != nil {
		return Digests{}, err
	}
	return d.Sum(), nil
}
