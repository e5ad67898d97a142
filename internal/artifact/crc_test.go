package artifact

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/minio/crc64nvme"
)

func TestJoinCRC(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for n := range 300 {
		message := make([]byte, random.IntN(5000))
		for i := range message {
			message[i] = byte(random.Uint32())
		}
		cut := 0
		if len(message) > 0 && n%7 != 0 {
			cut = random.IntN(len(message) + 1)
		}
		got := joinCRC(crc64nvme.Checksum(message[:cut]), crc64nvme.Checksum(message[cut:]), int64(len(message)-cut))
		if want := crc64nvme.Checksum(message); got != want {
			t.Fatalf("%d bytes cut at %d: %016x, want %016x", len(message), cut, got, want)
		}
	}
}

// TestJoinCRCAcrossTerabytes: joining takes no time that grows with the pieces, and their order counts.
func TestJoinCRCAcrossTerabytes(t *testing.T) {
	const tera = int64(1) << 40
	a, b, c := uint64(0x0123456789abcdef), uint64(0xfedcba9876543210), uint64(0x0f1e2d3c4b5a6978)
	left, right := joinCRC(joinCRC(a, b, tera), c, 3*tera), joinCRC(a, joinCRC(b, c, 3*tera), 4*tera)
	if left != right {
		t.Errorf("(a b) c = %016x, a (b c) = %016x", left, right)
	}
	if joinCRC(a, b, tera) == joinCRC(b, a, tera) {
		t.Error("the order of pieces doesn't matter")
	}
}

// TestJoinDigests: what is joined of parts is what reading the whole gives, but for the digest that has no parts.
func TestJoinDigests(t *testing.T) {
	const partBytes = 100
	for _, size := range []int{0, 1, 99, 100, 101, 1000, 1234} {
		content := make([]byte, size)
		for i := range content {
			content[i] = byte(i * i)
		}
		var parts []PartDigest
		for piece := range slices.Chunk(content, partBytes) {
			parts = append(parts, DigestPart(piece))
		}
		want, err := DigestOf(bytes.NewReader(content), partBytes)
		if err != nil {
			t.Fatal(err)
		}
		want.SHA256 = ""
		got, err := JoinDigests(parts, partBytes, int64(size))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%d bytes (-want +got): %v\n%s", size, err, diff)
		}
		if _, err := JoinDigests(append(parts, PartDigest{}), partBytes, int64(size)); err == nil {
			t.Errorf("%d bytes: a part too many passes", size)
		}
	}
}
