// Package stall breaks connections off on which nothing moves. Neither net/http nor the SDKs do: they bound the wait for a
// connection and for a reply's header, and then a body that stops in the middle is waited for until the function's own time
// is up. A transfer that goes on, however slowly, is left alone, whichever way it goes: an upload that takes an hour is no
// silence of the one that is to answer it.
package stall

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// Dial makes a connection, as net.Dialer's DialContext does.
type Dial = func(ctx context.Context, network, address string) (net.Conn, error)

// Watched is dial, but for connections that fail with an *Error when they are read or written and nothing has moved for
// the patience's time, in either direction. What was written and not answered yet may lie in buffers on the way, of which
// nobody here sees anything, and has so much time more as the slowest link takes for it. A connection that lies in a pool
// fails as well, so a pool is to drop it sooner. Whoever sets a deadline of a connection has its deadlines from then on.
func Watched(dial Dial, patience time.Duration) Dial {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &conn{Conn: c, patience: patience}, nil
	}
}

// Error is the end of a connection on which nothing moved. It is a net.Error that is a time-out, and os.ErrDeadlineExceeded.
type Error struct{ Patience time.Duration }

// Error says how long nothing moved.
func (e *Error) Error() string {
	return fmt.Sprintf("nothing moved on the connection for %v", e.Patience)
}

// Timeout implements net.Error.
func (e *Error) Timeout() bool { return true }

// Temporary implements net.Error.
func (e *Error) Temporary() bool { return true }

// Is makes it the failure that a deadline of a connection ends in.
func (e *Error) Is(target error) bool { return target == os.ErrDeadlineExceeded }

// pieceBytes is how much is written before the clock is set anew, a TLS record: a link that carries a kilobyte a second
// takes it within 16 seconds.
const pieceBytes = 16 << 10

const (
	// buffered is how much of what was written may be on its way: Linux lets a connection's own buffer grow to 4 MiB.
	buffered = 4 << 20
	// slowest is what a link carries at least, in bytes a second.
	slowest = 256 << 10
)

// OnItsWay is the most time that what was written has beyond the patience.
const OnItsWay = buffered / slowest * time.Second

type conn struct {
	net.Conn
	patience time.Duration
	sent     atomic.Int64 // bytes that were written since something was read
	taken    atomic.Bool  // somebody else sets the deadlines
}

// moved sets the clock anew, for a read and a write that are under way as well.
func (c *conn) moved() error {
	if c.taken.Load() {
		return nil
	}
	underWay := time.Duration(min(c.sent.Load(), buffered)) * time.Second / slowest
	return c.Conn.SetDeadline(time.Now().Add(c.patience + underWay))
}

// Read implements net.Conn.
func (c *conn) Read(p []byte) (int, error) {
	if err := c.moved(); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.sent.Store(0)
	}
	return n, c.explain(err)
}

// Write implements net.Conn.
func (c *conn) Write(p []byte) (written int, err error) {
	err = c.moved()
	for len(p) > 0 && err == nil {
		var n int
		n, err = c.Conn.Write(p[:min(len(p), pieceBytes)])
		written, p = written+n, p[n:]
		c.sent.Add(int64(n))
		if err == nil {
			err = c.moved() // from now on, not from the write's beginning, the answer is waited for
		}
	}
	return written, c.explain(err)
}

// explain tells a silence from other failures. A deadline that somebody else has set is theirs to explain.
func (c *conn) explain(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) && !c.taken.Load() {
		return &Error{c.patience}
	}
	return err
}

// SetDeadline implements net.Conn.
func (c *conn) SetDeadline(t time.Time) error {
	c.taken.Store(true)
	return c.Conn.SetDeadline(t)
}

// SetReadDeadline implements net.Conn.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.taken.Store(true)
	return c.Conn.SetReadDeadline(t)
}

// SetWriteDeadline implements net.Conn.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.taken.Store(true)
	return c.Conn.SetWriteDeadline(t)
}
