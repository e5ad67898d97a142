package uncached

import (
	"cmp"
	"io"
	"os"
	"runtime"
	"unsafe"
)

const (
	blockSize = 512 << 10 // of one write: of larger ones the kernel takes hardly less time
	blocks    = 4         // one fills, one is written, two wait
	alignment = 4096      // of memory and offsets: the largest sector of disks
)

// Writer writes a new file from its beginning to its end. It is used by one goroutine.
type Writer struct {
	file   *os.File
	direct disk   // the same file past the cache; nil before the first whole block, and where there is no such way
	opened bool   // direct was asked for
	block  []byte // what fills
	at     int64  // where it goes
	full   chan fullBlock
	free   chan freeBlock
}

// disk takes whole blocks.
type disk interface {
	io.WriterAt
	io.Closer
}

// fullBlock is a block that is to be written.
type fullBlock struct {
	content []byte
	at      int64
}

// freeBlock is a block that can be filled, and what became of its content.
type freeBlock struct {
	content []byte
	err     error
}

// NewWriter writes to a file that is empty. The file stays its caller's to close, after the writer.
func NewWriter(file *os.File) *Writer { return &Writer{file: file} }

// Write gives what is written to the disk when a block of it is full.
func (w *Writer) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		if w.block == nil {
			w.block = aligned()[:0]
		}
		m := copy(w.block[len(w.block):cap(w.block)], p)
		w.block, p, n = w.block[:len(w.block)+m], p[m:], n+m
		if len(w.block) < cap(w.block) {
			break
		}
		if err := w.pass(); err != nil {
			return n, err
		}
	}
	return n, nil
}

// Close writes what is left, and gives the first error of what Write has not told. What is closed can be closed again.
func (w *Writer) Close() (err error) {
	if w.direct != nil {
		close(w.full)
		for b := range w.free {
			err = cmp.Or(err, b.err)
		}
		_ = w.direct.Close() // what was written is in the file, whatever becomes of this descriptor
		w.direct = nil
	}
	if err == nil {
		_, err = w.file.WriteAt(w.block, w.at)
	}
	w.block = nil
	return err
}

// pass hands the full block to the goroutine, or to the cache if the disk is behind.
func (w *Writer) pass() error {
	if !w.opened {
		w.open()
	}
	b := fullBlock{w.block, w.at}
	w.at += int64(len(b.content))
	if w.direct != nil {
		select {
		case next := <-w.free:
			w.full <- b
			w.block = next.content[:0]
			runtime.Gosched() // with one processor the goroutine has no other turn
			return next.err
		default:
		}
	}
	_, err := w.file.WriteAt(b.content, b.at)
	w.block = b.content[:0]
	return err
}

// open looks for the way past the cache.
func (w *Writer) open() {
	w.opened = true
	if f, err := openDirect(w.file.Name()); err == nil {
		w.writeTo(f)
	}
}

// writeTo starts the goroutine.
func (w *Writer) writeTo(d disk) {
	w.opened, w.direct = true, d
	w.full, w.free = make(chan fullBlock, blocks), make(chan freeBlock, blocks)
	for range blocks - 1 {
		w.free <- freeBlock{content: aligned()}
	}
	go w.write()
}

// write writes blocks until there are no more. What the disk refuses, since its file system takes only some of what is
// aligned so, goes through the cache.
func (w *Writer) write() {
	defer close(w.free)
	for b := range w.full {
		_, err := w.direct.WriteAt(b.content, b.at)
		if err != nil {
			_, err = w.file.WriteAt(b.content, b.at)
		}
		w.free <- freeBlock{b.content, err}
	}
}

// aligned is an empty block.
func aligned() []byte {
	b := make([]byte, blockSize+alignment)
	skip := -uintptr(unsafe.Pointer(unsafe.SliceData(b))) % alignment //nolint:gosec // G103: an address to count from, never followed
	return b[skip : skip+blockSize : skip+blockSize]
}
