package zstdpage

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

var decoder, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30))

// holds fails unless the page comes back.
func holds(t *testing.T, e *Encoder, page []byte) []byte {
	t.Helper()
	frame := e.Append([]byte("before"), page)
	if !bytes.HasPrefix(frame, []byte("before")) {
		t.Fatal("what was there is gone")
	}
	got, err := decoder.DecodeAll(frame[6:], nil)
	if err != nil || !bytes.Equal(got, page) {
		t.Fatalf("a page of %d bytes: %v, equal: %t", len(page), err, bytes.Equal(got, page))
	}
	return frame[6:]
}

// page is random in one of many ways.
func page(r *rand.Rand, size int) []byte {
	var b bytes.Buffer
	words := strings.Fields("person vehicle crossing Straße loading dock evening light slow pan über café 人物 box forklift sign")
	for b.Len() < size {
		switch r.IntN(6) {
		case 0:
			for range r.IntN(50) {
				b.WriteString(words[r.IntN(len(words))] + " ")
			}
		case 1:
			b.Write(bytes.Repeat([]byte{byte(r.Uint32())}, 1<<r.IntN(17)))
		case 2:
			for range r.IntN(300) {
				b.WriteByte(byte(r.Uint32()))
			}
		case 3:
			for range r.IntN(300) {
				b.WriteByte("abcd"[r.IntN(4)])
			}
		case 4:
			from := r.IntN(b.Len() + 1)
			b.Write(bytes.Clone(b.Bytes()[from : from+r.IntN(b.Len()-from+1)]))
		case 5:
			for i := range r.IntN(200) {
				b.Write([]byte{byte(i), byte(i >> 8), 0, 0, 'i', 'd', byte('0' + i%10)})
			}
		}
	}
	return b.Bytes()[:size]
}

func TestEveryPageComesBack(t *testing.T) {
	e := NewEncoder()
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 1))
		p := page(r, r.IntN(1<<(1+r.IntN(20))))
		frame := bytes.Clone(holds(t, e, p))
		if again := NewEncoder().Append(nil, p); seed%20 == 0 && !bytes.Equal(again, frame) {
			t.Fatalf("seed %d: the frame depends on the pages before", seed)
		}
	}
}

// TestShortBlocks lets the last block be of every small size, before another page.
func TestShortBlocks(t *testing.T) {
	e := NewEncoder()
	text := page(rand.New(rand.NewPCG(1, 4)), 2*blockBytes)
	for n := range 70 {
		for _, size := range []int{n, blockBytes + n, blockBytes - n} {
			holds(t, e, text[:size])
		}
	}
}

// TestPositionsBeginAnew lets positions come to the end of what 32 bits count.
func TestPositionsBeginAnew(t *testing.T) {
	e := NewEncoder()
	text := page(rand.New(rand.NewPCG(2, 4)), 3*blockBytes)
	want := bytes.Clone(holds(t, e, text))
	for _, base := range []uint32{1<<31 - 1, 1<<31 - 3*blockBytes, 1<<31 - 5} {
		e.base = base
		for range 3 {
			if got := holds(t, e, text); !bytes.Equal(got, want) {
				t.Fatalf("another frame at %d", base)
			}
		}
	}
}

// FuzzPage: the library reads back what was compressed.
func FuzzPage(f *testing.F) {
	f.Add([]byte("person vehicle person vehicle"), uint16(7), uint32(1))
	e := NewEncoder()
	f.Fuzz(func(t *testing.T, b []byte, times uint16, seed uint32) {
		r := rand.New(rand.NewPCG(uint64(seed), 2))
		p := bytes.Repeat(b, int(times%2000))
		holds(t, e, append(p[:min(len(p), 1<<19)], page(r, int(seed%300000))...))
	})
}

// BenchmarkAppend compresses pages of words, beside the library.
func BenchmarkAppend(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 3))
	words := strings.Fields("person vehicle crossing Straße loading dock evening light slow pan über café 人物 box forklift sign")
	var text bytes.Buffer
	for text.Len() < 1<<24 {
		text.WriteString(words[r.IntN(len(words))] + " ")
	}
	library, _ := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false), zstd.WithWindowSize(512<<10))
	e := NewEncoder()
	for name, compress := range map[string]func(dst, page []byte) []byte{
		"ours": e.Append, "library": func(dst, page []byte) []byte { return library.EncodeAll(page, dst) },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(text.Len()))
			var out []byte
			size := 0
			for b.Loop() {
				size = 0
				for rest := text.Bytes(); len(rest) > 0; rest = rest[min(len(rest), 512<<10):] {
					out = compress(out[:0], rest[:min(len(rest), 512<<10)])
					size += len(out)
				}
			}
			b.ReportMetric(float64(size)/float64(text.Len()), "ratio")
		})
	}
}

// TestSequencesOfEveryWidth holds the bits of sequences, which are gathered in words, against the same ones written one
// by one: with lengths and offsets of all sizes every number of bits meets every other.
func TestSequencesOfEveryWidth(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 5))
		e := NewEncoder()
		for range fewSequences + r.IntN(500) {
			e.add(r.IntN(1<<r.IntN(17)), 1+r.IntN(1<<(1+r.IntN(20))), 3+r.IntN(1<<r.IntN(17)))
		}
		for code := range e.tables {
			_, mode := e.appendTable(nil, code)
			if mode != modeTable {
				t.Fatalf("seed %d: code %d has no table of its own", seed, code)
			}
		}
		if got, want := appendSequences(nil, e.sequences, &e.tables), oneByOne(e.sequences, &e.tables); !bytes.Equal(got, want) {
			t.Fatalf("seed %d: other bits", seed)
		}
	}
}

// oneByOne writes sequences as the format has it: the last one's open bits, then of each before it the bits of its states
// and its own, at last the states.
func oneByOne(sequences []sequence, tables *[3]coder) []byte {
	var w bitWriter
	add := func(v uint64, width uint32) {
		for k := range width {
			w.add(v>>k&1, 1)
			w.flush()
		}
	}
	var states [3]uint32
	last := sequences[len(sequences)-1]
	for kind := range states {
		states[kind] = tables[kind].first(last.code(kind))
	}
	add(last.open, last.width())
	for i := len(sequences) - 2; i >= 0; i-- {
		for _, kind := range []int{offsetCode, matchCode, literalCode} {
			t := tables[kind].symbols[sequences[i].code(kind)]
			width := (states[kind] + t.bits) >> 16
			add(uint64(states[kind]), width)
			states[kind] = uint32(tables[kind].next[int32(states[kind]>>width)+t.first])
		}
		add(sequences[i].open, sequences[i].width())
	}
	for _, kind := range []int{matchCode, offsetCode, literalCode} {
		add(uint64(states[kind]), uint32(tables[kind].log))
	}
	add(1, 1)
	return w.close()
}
