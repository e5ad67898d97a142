package pack

import (
	"bytes"
	"errors"
	"hash"
	"io"
	"slices"

	"github.com/videovector/exports/internal/artifact"
)

const (
	// tailBytes is what is read at once to find the line end behind a cut; what is read beyond goes to the next block.
	tailBytes = 16 << 10
	// textBytes is how much of a line its reject shows.
	textBytes = 1 << 10
	// maxEmptyReads is after how many reads without a byte a reader is given up.
	maxEmptyReads = 100
)

// cutter cuts one input into blocks. Where it cuts depends on the input and the size alone.
type cutter struct {
	in     io.Reader
	size   int
	skip   bool      // lines that are too long are passed over; otherwise the first one ends the reading
	digest hash.Hash // of everything read; nil if nobody asks

	offset int64 // in the input, of the next block
	carry  []byte
	ended  bool // there is nothing more to read
}

// next fills the block, and gives the reader's failure if there was one.
func (c *cutter) next(b *block) error {
	b.offset = c.offset
	b.raw = append(b.raw, c.carry...)
	c.carry = c.carry[:0]
	end, err := c.fill(b)
	if err != nil {
		return err
	}
	c.carry = append(c.carry, b.raw[end:]...)
	b.raw = b.raw[:end]
	c.hash(b.raw)
	if b.long != nil {
		err = c.pass(b.long)
	}
	c.offset += b.size()
	b.last = c.ended && len(c.carry) == 0
	if b.last && c.digest != nil {
		b.sum = c.digest.Sum(nil)
	}
	return err
}

// fill reads up to the line end where the block ends, and gives the index after it.
func (c *cutter) fill(b *block) (end int, err error) {
	target := c.size - int(c.offset%int64(c.size))
	from := target - 1
	for {
		if from < len(b.raw) {
			if i := bytes.IndexByte(b.raw[from:], '\n'); i >= 0 {
				return from + i + 1, nil
			}
		}
		if start, long := lastLine(b.raw); long {
			b.long = &longLine{text: string(b.raw[start : start+textBytes])}
			return start, nil
		}
		if c.ended {
			return len(b.raw), nil
		}
		from = max(from, len(b.raw))
		if b.raw, err = c.read(b.raw, max(target-len(b.raw), 0)+tailBytes); err != nil {
			return 0, err
		}
	}
}

// lastLine gives where the last line begins, if that has no end and is too long already.
func lastLine(raw []byte) (start int, long bool) {
	if len(raw) <= artifact.MaxLineBytes {
		return 0, false
	}
	start = bytes.LastIndexByte(raw, '\n') + 1
	return start, len(raw)-start > artifact.MaxLineBytes
}

// read appends at most n bytes.
func (c *cutter) read(to []byte, n int) ([]byte, error) {
	to = slices.Grow(to, n)
	for range maxEmptyReads {
		k, err := c.in.Read(to[len(to) : len(to)+n])
		to = to[:len(to)+k]
		if errors.Is(err, io.EOF) {
			c.ended = true
			return to, nil
		}
		if err != nil || k > 0 {
			return to, err
		}
	}
	return to, io.ErrNoProgress
}

// pass leaves the line out whose beginning is carried.
func (c *cutter) pass(l *longLine) (err error) {
	for {
		part, ended := c.carry, c.ended || !c.skip
		if i := bytes.IndexByte(part, '\n'); i >= 0 {
			part, ended = part[:i+1], true
		}
		l.bytes += int64(len(part))
		c.hash(part)
		c.carry = c.carry[:copy(c.carry, c.carry[len(part):])]
		if ended {
			c.carry = slices.Clone(c.carry) // it was as long as the line
			return nil
		}
		if c.carry, err = c.read(c.carry, tailBytes); err != nil {
			return err
		}
	}
}

func (c *cutter) hash(p []byte) {
	if c.digest != nil {
		c.digest.Write(p)
	}
}
