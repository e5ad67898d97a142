package artifact

import (
	"fmt"
	"io"
	"runtime/debug"
	"sync"
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
	size       int
	number     int
	flush      func(number int, content []byte) error
	pending    chan error // of the flush under way, nil for none
	behind     *behind    // nil if nobody digests
}

// NewPartWriter writes parts of the size, numbered from first. flush must be done with the content when it returns.
func NewPartWriter(size int64, first int, flush func(number int, content []byte) error) *PartWriter {
	return &PartWriter{buf: partBuffer(int(size)), size: int(size), number: first, flush: flush}
}

// Digest makes d see everything that is written, in order and on a goroutine of its own, while the part fills. It is
// called before the first Write; after Close d has seen all. Its failures are ignored: digests have none.
func (w *PartWriter) Digest(d io.Writer) { w.behind = follow(d, w.size) }

// Write implements io.Writer.
func (w *PartWriter) Write(p []byte) (int, error) {
	written := 0
	for len(p) > 0 {
		n := min(len(p), w.size-len(w.buf))
		w.buf = append(w.buf, p[:n]...)
		p, written = p[n:], written+n
		w.behind.filled(w.buf)
		if len(w.buf) == w.size {
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
	full, number, pending, digested := w.buf, w.number, make(chan error, 1), w.behind.full(w.buf)
	if w.spare == nil {
		w.spare = partBuffer(w.size)
	}
	w.buf, w.spare = w.spare[:0], full
	w.number, w.pending = number+1, pending
	go func() {
		err := guarded(w.flush, number, full)
		<-digested
		pending <- err
	}()
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
	defer w.behind.stop()
	if err := w.wait(); err != nil {
		return err
	}
	digested := w.behind.full(w.buf)
	if content := w.buf; len(content) > 0 {
		w.buf = w.buf[:0]
		w.number++
		if err := w.flush(w.number-1, content); err != nil {
			return err
		}
	}
	<-digested
	w.release()
	return nil
}

// Discard drops what has not filled a part, and waits for the flush under way. After Close it has no effect.
func (w *PartWriter) Discard() {
	_ = w.wait() // whoever discards has a failure already
	w.buf = w.buf[:0]
	w.behind.stop()
}

func (w *PartWriter) wait() error {
	if w.pending == nil {
		return nil
	}
	err := <-w.pending
	w.pending = nil
	return err
}

// release gives the buffers to the next writer. It is not called after a failure: a request that failed may still be
// reading.
func (w *PartWriter) release() {
	for _, b := range [][]byte{w.buf, w.spare} {
		if cap(b) > 0 {
			partBuffers.Put(&b)
		}
	}
	w.buf, w.spare = nil, nil
}

// partBuffers are buffers of writers that are closed. Making one anew costs as much as filling it.
var partBuffers sync.Pool

func partBuffer(size int) []byte {
	if b, ok := partBuffers.Get().(*[]byte); ok && cap(*b) >= size {
		return (*b)[:0]
	}
	return make([]byte, 0, size)
}
