package artifact

import "io"

// behindStep is how much of a part is digested at once: it stays in a processor's cache, and digests take words and
// blocks of it whole.
const behindStep = 256 << 10

// behind digests parts while they fill, on a goroutine of its own that stays behind their writer. A nil behind digests
// nothing.
type behind struct {
	pieces chan piece
	sent   int // of the part that fills
}

// piece is some of a part, or with done the end of one.
type piece struct {
	content []byte
	done    chan<- struct{}
}

// follow starts to digest parts of at most that size.
func follow(d io.Writer, size int) *behind {
	b := &behind{pieces: make(chan piece, size/behindStep+1)}
	go func(pieces <-chan piece) {
		for p := range pieces {
			_, _ = d.Write(p.content)
			if p.done != nil {
				close(p.done)
			}
		}
	}(b.pieces)
	return b
}

// filled tells how far a part is.
func (b *behind) filled(part []byte) {
	if b == nil {
		return
	}
	for len(part)-b.sent >= behindStep {
		b.pieces <- piece{content: part[b.sent : b.sent+behindStep]}
		b.sent += behindStep
	}
}

// full tells that a part is at its end, and gives what is closed once all of it is digested.
func (b *behind) full(part []byte) <-chan struct{} {
	digested := make(chan struct{})
	if b == nil || b.pieces == nil {
		close(digested)
		return digested
	}
	b.pieces <- piece{part[b.sent:], digested}
	b.sent = 0
	return digested
}

// stop ends the goroutine, once it has digested what it was given.
func (b *behind) stop() {
	if b != nil && b.pieces != nil {
		close(b.pieces)
		b.pieces = nil
	}
}
