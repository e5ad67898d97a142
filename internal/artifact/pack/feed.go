package pack

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"runtime/debug"
)

// feed gives the blocks of some inputs, one after the other.
type feed struct {
	pass     *Pass
	size     int // of blocks
	next, to int // inputs: the next one to open, and the one before which it ends
	own      bool
	body     io.Closer // of the input being read; nil for none
	cut      *cutter
}

// fill gives the next block, and false after the last one. What goes wrong is the block's error, and ends the feed.
func (f *feed) fill(ctx context.Context, b *block) (more bool) {
	b.begin()
	defer func() {
		if v := recover(); v != nil {
			b.err, more = fmt.Errorf("reading panicked with a %T\n%s", v, debug.Stack()), true
		}
	}()
	if f.body == nil {
		if f.next >= f.to {
			return false
		}
		if b.err = f.open(ctx); b.err != nil {
			return true
		}
	}
	b.input, b.own = f.next-1, f.own
	if b.err = f.cut.next(b); b.last {
		f.close()
	}
	return true
}

func (f *feed) open(ctx context.Context) error {
	in := f.pass.Document.Inputs[f.next]
	body, err := f.pass.Open(ctx, in)
	if err != nil {
		return err
	}
	f.next++
	f.body, f.cut = body, &cutter{in: body, size: f.size, skip: !f.strict()}
	if f.own && in.SHA256 != "" {
		f.cut.digest = sha256.New()
	}
	return nil
}

// close lets go of the input being read.
func (f *feed) close() {
	if f.body != nil {
		_ = f.body.Close() // everything that was needed of it is there
		f.body = nil
	}
}

// strict reports whether the first record that can't be exported ends the pass. One in an input of another pass doesn't.
func (f *feed) strict() bool { return f.own && f.pass.Rejects == nil }
