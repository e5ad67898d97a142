package shapair_test

import (
	"bytes"
	"crypto/sha256"
	"hash"
	"math/rand/v2"
	"testing"

	"github.com/videovector/exports/internal/artifact/shapair"
)

// pair is two digests and the bytes that each has seen; the second began later.
type pair struct {
	a, b   hash.Hash
	of     []byte
	second int
}

func begin(head []byte) *pair {
	p := &pair{a: sha256.New(), b: sha256.New(), of: bytes.Clone(head), second: len(head)}
	p.a.Write(head)
	return p
}

func (p *pair) write(content []byte) {
	shapair.Write(p.a, p.b, content)
	p.of = append(p.of, content...)
}

func (p *pair) check(t *testing.T) {
	t.Helper()
	if got, want := p.a.Sum(nil), sha256.Sum256(p.of); !bytes.Equal(got, want[:]) {
		t.Fatalf("the whole of %d bytes has %x, want %x", len(p.of), got, want)
	}
	if got, want := p.b.Sum(nil), sha256.Sum256(p.of[p.second:]); !bytes.Equal(got, want[:]) {
		t.Fatalf("the part from %d of %d has %x, want %x", p.second, len(p.of), got, want)
	}
}

func noise(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

// TestEveryLength: one write of each length over three blocks around the smallest that is taken, after each head.
func TestEveryLength(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	content := noise(rng, 2048)
	for _, n := range []int{0, 64, 1088, 1, 63, 100} {
		head := noise(rng, n)
		for n := range 64 * 20 {
			p := begin(head)
			p.write(content[:n])
			p.check(t)
		}
	}
}

// TestWritesInPieces: writes of any lengths in a row, as they come from a pipe.
func TestWritesInPieces(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	for range 200 {
		p := begin(noise(rng, []int{1, 64}[rng.IntN(2)]*rng.IntN(200)))
		for range 1 + rng.IntN(12) {
			p.write(noise(rng, rng.IntN(5000)))
			p.check(t)
		}
	}
}

// FuzzWrite: both digests are the standard library's, however the content comes.
func FuzzWrite(f *testing.F) {
	f.Add([]byte("head"), []byte("content"), uint16(3))
	f.Add(make([]byte, 100), make([]byte, 3000), uint16(1100))
	f.Fuzz(func(t *testing.T, head, content []byte, cut uint16) {
		p := begin(head)
		at := int(cut) % (len(content) + 1)
		p.write(content[:at])
		p.write(content[at:])
		p.check(t)
	})
}

// BenchmarkWrite is two digests of the same bytes, at once and, beside it, one after the other.
func BenchmarkWrite(b *testing.B) {
	content := noise(rand.New(rand.NewPCG(3, 3)), 256<<10)
	ways := map[string]func(x, y hash.Hash){
		"at once":           func(x, y hash.Hash) { shapair.Write(x, y, content) },
		"one after another": func(x, y hash.Hash) { x.Write(content); y.Write(content) },
		"one and no other":  func(x, _ hash.Hash) { x.Write(content) },
	}
	for name, way := range ways {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			x, y := sha256.New(), sha256.New()
			for b.Loop() {
				way(x, y)
			}
		})
	}
}
