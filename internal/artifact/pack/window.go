package pack

import "io"

// window passes on the part of a file that an output is to get.
type window struct {
	w        io.Writer
	whole    bool
	position int64 // in the file, of the next byte
	from, to int64
	stopped  bool // positions don't hold any more
}

func newWindow(o Output) window {
	if o.Window == nil {
		return window{w: o.W, whole: true}
	}
	return window{w: o.W, position: o.Window.At, from: o.Window.From, to: o.Window.To}
}

func (w *window) write(p []byte) error {
	if w.stopped {
		return nil
	}
	start, end := 0, len(p)
	if !w.whole {
		start = int(max(min(w.from-w.position, int64(len(p))), 0))
		end = int(max(min(w.to-w.position, int64(len(p))), 0))
	}
	w.position += int64(len(p))
	if start >= end {
		return nil
	}
	_, err := w.w.Write(p[start:end])
	return err
}

// stop ends a window that is a part of the file.
func (w *window) stop() { w.stopped = w.stopped || !w.whole }

// open reports whether the window reaches beyond what was written.
func (w *window) open() bool { return !w.whole && !w.stopped && w.position < w.to && w.from < w.to }
