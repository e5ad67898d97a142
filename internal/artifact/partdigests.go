package artifact

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/minio/crc64nvme"
)

// PartDigest is what JoinDigests needs of a part.
type PartDigest struct {
	SHA256 string // lower-case hex
	CRC    uint64 // CRC-64/NVME
}

// DigestPart digests one part.
func DigestPart(content []byte) PartDigest {
	sum := sha256.Sum256(content)
	return PartDigest{hex.EncodeToString(sum[:]), crc64nvme.Checksum(content)}
}

// JoinDigests are the digests of a file of that many bytes, made of its parts' in order: all but the SHA-256 of the
// whole.
func JoinDigests(parts []PartDigest, partBytes, bytes int64) (Digests, error) {
	if want := (bytes + partBytes - 1) / partBytes; int64(len(parts)) != want {
		return Digests{}, fmt.Errorf("a file of %d bytes has %d parts, not %d", bytes, want, len(parts))
	}
	d := Digests{Bytes: bytes, PartBytes: partBytes}
	tree, crc := sha256.New(), uint64(0)
	for i, p := range parts {
		sum, err := hex.DecodeString(p.SHA256)
		if err != nil {
			return Digests{}, fmt.Errorf("part %d: %w", i+1, err)
		}
		tree.Write(sum)
		crc = joinCRC(crc, p.CRC, min(partBytes, bytes-int64(i)*partBytes))
		d.PartSHA256 = append(d.PartSHA256, p.SHA256)
	}
	d.TreeSHA256, d.CRC64NVME = hex.EncodeToString(tree.Sum(nil)), hexCRC(crc)
	return d, nil
}
