package artifact

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"runtime/debug"

	"github.com/minio/crc64nvme"
)

// Sizes of parts.
const (
	MinPartBytes = 16 << 20 // amortises a request
	maxParts     = 9_500    // below the 10,000 that S3 allows, for documents that outgrow their plan
	partStep     = 1 << 20
)

// PartSize is the size of every part but the last of a document that is planned to have that many bytes. It depends
// on the total alone, so a document has the same part digests however it was made.
func PartSize(total int64) int64 {
	need := (total + maxParts - 1) / maxParts
	need = (need + partStep - 1) / partStep * partStep
	return max(need, MinPartBytes)
}

// PartWriter cuts what is written into parts of one size and hands each to flush, which works on it while the next
// part fills: one flush at a time, in order. Its failure is reported by a later Write or by Close. Whoever leaves
// before Close must Discard.
type PartWriter struct {
	buf, spare []byte
	number     int
	flush      func(number int, content []byte) error
	pending    chan error // of the flush under way, nil for none
}

// NewPartWriter writes parts of the size, numbered from first. flush must be done with the content when it returns.
func NewPartWriter(size int64, first int, flush func(number int, content []byte) error) *PartWriter {
	return &PartWriter{buf: make([]byte, 0, size), number: first, flush: flush}
}

// Write implements io.Writer.
func (w *PartWriter) Write(p []byte) (int, error) {
	written := 0
	for len(p) > 0 {
		n := min(len(p), cap(w.buf)-len(w.buf))
		w.buf = append(w.buf, p[:n]...)
		p, written = p[n:], written+n
		if len(w.buf) == cap(w.buf) {
			if err := w.handOver(); err != nil {
				return written, err
			}
		}
	}
	return written, nil
}

// handOver begins to flush the buffer and goes on in the other one, once that is free.
func (w *PartWriter) handOver() error {
	if err := w.wait(); err != nil {
		return err
	}
	full, number, pending := w.buf, w.number, make(chan error, 1)
	if w.spare == nil {
		w.spare = make([]byte, 0, cap(full))
	}
	w.buf, w.spare = w.spare[:0], full
	w.number, w.pending = number+1, pending
	go func() { pending <- guarded(w.flush, number, full) }()
	return nil
}

// guarded makes a panic of flush its error, for nobody would recover it in a goroutine of its own. The value stays
// unsaid: it may hold anything.
func guarded(flush func(number int, content []byte) error, number int, content []byte) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("handing on part %d panicked with a %T\n%s", number, v, debug.Stack())
		}
	}()
	return flush(number, content)
}

// Close hands on what has not filled a part, and waits for everything.
func (w *PartWriter) Close() error {
	if err := w.wait(); err != nil || len(w.buf) == 0 {
		return err
	}
	content := w.buf
	w.buf = w.buf[:0]
	w.number++
	return w.flush(w.number-1, content)
}

// Discard drops what has not filled a part, and waits for the flush under way. After Close it has no effect.
func (w *PartWriter) Discard() {
	_ = w.wait() // whoever discards has a failure already
	w.buf = w.buf[:0]
}

func (w *PartWriter) wait() error {
	if w.pending == nil {
		return nil
	}
	err := <-w.pending
	w.pending = nil
	return err
}

// Digests are the checksums of a document, in lower-case hex.
type Digests struct {
	Bytes      int64    `json:"bytes"`
	SHA256     string   `json:"sha256"`
	PartBytes  int64    `json:"part_bytes"`
	PartSHA256 []string `json:"part_sha256"`
	TreeSHA256 string   `json:"tree_sha256"` // SHA-256 over the part digests, concatenated as bytes
	CRC64NVME  string   `json:"crc64nvme"`
}

// Digester computes Digests of what is written to it.
type Digester struct {
	whole, tree hash.Hash
	crc         hash.Hash64
	parts       *PartDigester
	bytes       int64
	partBytes   int64
}

// NewDigester digests with parts of the size.
func NewDigester(partBytes int64) *Digester {
	d := &Digester{whole: sha256.New(), tree: sha256.New(), crc: crc64nvme.New(), partBytes: partBytes}
	d.parts = &PartDigester{size: partBytes, part: sha256.New(), done: func(sum []byte) { d.tree.Write(sum) }}
	return d
}

// Write implements io.Writer; it never fails.
func (d *Digester) Write(p []byte) (int, error) {
	d.bytes += int64(len(p))
	d.whole.Write(p)
	d.crc.Write(p)
	return d.parts.Write(p)
}

// Sum ends the last part and gives the digests; nothing may be written afterwards.
func (d *Digester) Sum() Digests {
	d.parts.end()
	return Digests{
		Bytes: d.bytes, SHA256: hex.EncodeToString(d.whole.Sum(nil)), PartBytes: d.partBytes, PartSHA256: d.parts.sums,
		TreeSHA256: hex.EncodeToString(d.tree.Sum(nil)), CRC64NVME: hex.EncodeToString(d.crc.Sum(nil)),
	}
}

// PartDigester computes the SHA-256 of each part.
type PartDigester struct {
	size, filled int64
	part         hash.Hash
	sums         []string
	done         func(sum []byte)
}

// Write implements io.Writer; it never fails.
func (d *PartDigester) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		k := min(int64(len(p)), d.size-d.filled)
		d.part.Write(p[:k])
		p, d.filled = p[k:], d.filled+k
		if d.filled == d.size {
			d.end()
		}
	}
	return n, nil
}

func (d *PartDigester) end() {
	if d.filled == 0 {
		return
	}
	sum := d.part.Sum(nil)
	d.sums = append(d.sums, hex.EncodeToString(sum))
	d.done(sum)
	d.part.Reset()
	d.filled = 0
}

// DigestOf reads r to its end.
func DigestOf(r io.Reader, partBytes int64) (Digests, error) {
	d := NewDigester(partBytes)
	if _, err := io.CopyBuffer(d, r, make([]byte, 256<<10)); err != nil {
		return Digests{}, err
	}
	return d.Sum(), nil
}
