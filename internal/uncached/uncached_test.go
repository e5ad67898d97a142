package uncached

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
)

// sizes are those at which something changes: nothing, less than a block, whole blocks, one byte on either side, and more
// than all blocks together.
var sizes = []int{0, 1, blockSize - 1, blockSize, blockSize + 1, blocks * blockSize, (2*blocks+1)*blockSize + 4095}

func TestContent(t *testing.T) {
	for _, size := range sizes {
		for _, step := range []int{1 + size/3, 64<<10 + 1, 4 * blockSize} {
			f := newFile(t)
			w := NewWriter(f)
			want := content(size)
			writeIn(t, w, want, step)
			closed(t, w)
			same(t, f, want)
		}
	}
}

// A disk that has taken nothing yet keeps nobody waiting: the cache takes what is beyond the blocks.
func TestASlowDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFile(t)
		w := NewWriter(f)
		d := &slowDisk{disk: open(t, f), held: make(chan struct{})}
		w.writeTo(d)
		want := content(10*blockSize + 17)
		writeIn(t, w, want, 100<<10)
		synctest.Wait()
		close(d.held)
		closed(t, w)
		same(t, f, want)
		if d.blocks == 0 || d.blocks >= blocks {
			t.Errorf("%d blocks went to the disk", d.blocks)
		}
	})
}

func TestADiskThatRefuses(t *testing.T) {
	f := newFile(t)
	w := NewWriter(f)
	w.writeTo(refusing{})
	want := content(9*blockSize + 1)
	writeIn(t, w, want, blockSize)
	closed(t, w)
	same(t, f, want)
}

// What neither the disk nor the cache takes is told, by Write or in the end, and by nothing twice.
func TestAFullDisk(t *testing.T) {
	for _, size := range []int{1, blockSize, 3 * blockSize, 20 * blockSize} {
		for _, direct := range []bool{false, true} {
			f := newFile(t)
			f.Close()
			os.Remove(f.Name()) // so that nobody opens it either
			w := NewWriter(f)
			if direct {
				w.writeTo(refusing{})
			}
			_, err := w.Write(content(size))
			if err := errors.Join(err, w.Close()); !errors.Is(err, os.ErrClosed) {
				t.Errorf("%d bytes, past the cache %v: %v", size, direct, err)
			}
			closed(t, w)
		}
	}
}

// refusing is a disk that takes nothing.
type refusing struct{}

func (refusing) WriteAt([]byte, int64) (int, error) { return 0, errors.New("refused") }
func (refusing) Close() error                       { return nil }

// slowDisk takes nothing until it is let go.
type slowDisk struct {
	disk
	held   chan struct{}
	mu     sync.Mutex
	blocks int
}

func (d *slowDisk) WriteAt(p []byte, at int64) (int, error) {
	<-d.held
	d.mu.Lock()
	d.blocks++
	d.mu.Unlock()
	return d.disk.WriteAt(p, at)
}

func newFile(t *testing.T) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func open(t *testing.T, f *os.File) disk {
	t.Helper()
	d, err := os.OpenFile(f.Name(), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func content(size int) []byte {
	b := make([]byte, size)
	r := rand.NewChaCha8([32]byte{byte(size)})
	_, _ = r.Read(b)
	return b
}

func writeIn(t *testing.T, w *Writer, b []byte, step int) {
	t.Helper()
	for len(b) > 0 {
		n, err := w.Write(b[:min(step, len(b))])
		if err != nil || n != min(step, len(b)) {
			t.Fatal(n, err)
		}
		b = b[n:]
	}
}

func closed(t *testing.T, w *Writer) {
	t.Helper()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func same(t *testing.T, f *os.File, want []byte) {
	t.Helper()
	got, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%d bytes came out differently", len(want))
	}
}
