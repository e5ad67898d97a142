package captions

import (
	"archive/zip"
	"io"
	"slices"
	"time"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/fault"
)

const (
	// Budget is how much is held of videos that are not yet written, and of the names of those that are, in bytes.
	Budget = 64 << 20
	// cueBytes and videoBytes are what a cue and a video cost besides texts and ids. A video's stay when it is written:
	// the archive's directory and the record that it was.
	cueBytes, videoBytes = 40, 600
)

// Writer writes batches, in order, as one archive. One goroutine uses it.
type Writer struct {
	format artifact.Format
	zip    *zip.Writer
	budget int

	held    map[video]*cues
	order   []video // of those that are held, as they came
	written map[video]bool
	names   names
	used    int // of the budget
	text    []byte

	cues, skipped int64
}

// video is one file of the archive.
type video struct{ run, id string }

// cues are what is held of a video.
type cues struct {
	all   []cue
	bytes int
}

// NewWriter writes an archive of that format to w.
func NewWriter(w io.Writer, f artifact.Format) *Writer {
	return &Writer{format: f, zip: zip.NewWriter(w), budget: Budget, held: map[video]*cues{}, written: map[video]bool{}, names: names{}}
}

// Write adds the batch's cues. Segments that are too many, or whose videos come back too late, are fault.Invalid
// "captions_too_large".
func (w *Writer) Write(b *Batch) error {
	w.skipped += b.skipped
	for i := range b.segments {
		if err := w.add(&b.segments[i]); err != nil {
			return err
		}
	}
	return nil
}

func (w *Writer) add(s *segment) error {
	v := video{s.run, s.video}
	c := w.held[v]
	if c == nil {
		if w.written[v] {
			return errTooLarge()
		}
		c = &cues{}
		w.held[v] = c
		w.order = append(w.order, v)
		w.used += videoBytes + len(v.run) + len(v.id)
	}
	c.all = append(c.all, s.cue)
	c.bytes += cueBytes + len(s.text)
	w.used += cueBytes + len(s.text)
	w.cues++
	if w.used > w.budget {
		return w.makeRoom(v)
	}
	return nil
}

// makeRoom writes the videos that came first until half of the budget is free, but not the one that is being read.
func (w *Writer) makeRoom(reading video) error {
	for w.used > w.budget/2 {
		first := slices.IndexFunc(w.order, func(v video) bool { return v != reading })
		if first < 0 {
			break
		}
		if err := w.end(first); err != nil {
			return err
		}
	}
	if w.used > w.budget {
		return errTooLarge()
	}
	return nil
}

func errTooLarge() error {
	return fault.New(fault.Invalid, "captions_too_large", "There are too many segments for captions in one archive, or those of a video stand too far from each other. Export fewer runs at once.")
}

// end writes a video of order.
func (w *Writer) end(at int) error {
	v := w.order[at]
	w.order = slices.Delete(w.order, at, at+1)
	c := w.held[v]
	delete(w.held, v)
	w.written[v] = true
	w.used -= c.bytes
	entry, err := w.zip.CreateHeader(&zip.FileHeader{Name: w.names.of(v, w.format), Method: zip.Deflate, Modified: epoch()})
	if err != nil {
		return err
	}
	w.text = appendFile(w.text[:0], w.format, c.all)
	_, err = entry.Write(w.text)
	return err
}

// epoch is the time of every file: the first that an archive can tell.
func epoch() time.Time { return time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC) }

// Close writes what is held and the archive's directory. w is not closed.
func (w *Writer) Close() error {
	for len(w.order) > 0 {
		if err := w.end(0); err != nil {
			return err
		}
	}
	return w.zip.Close()
}

// Cues is how many segments were taken, Skipped how many were not.
func (w *Writer) Cues() int64    { return w.cues }
func (w *Writer) Skipped() int64 { return w.skipped }
