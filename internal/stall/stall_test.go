package stall

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

const patience = time.Minute

// watched is a connection that is watched, and its other end.
func watched(t *testing.T) (near, far net.Conn) {
	t.Helper()
	inner, far := net.Pipe()
	near, err := Watched(func(context.Context, string, string) (net.Conn, error) { return inner, nil }, patience)(t.Context(), "tcp", "a:1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close(); far.Close() })
	return near, far
}

// silence fails the test unless err is one, noticed after the patience's time.
func silence(t *testing.T, err error, took time.Duration) {
	t.Helper()
	var timeout net.Error
	var ours *Error
	if !errors.As(err, &ours) || !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &timeout) || !timeout.Timeout() || took != patience {
		t.Errorf("after %v: %v, want a silence after %v", took, err, patience)
	}
}

func TestSilence(t *testing.T) {
	for name, use := range map[string]func(net.Conn) error{
		"of a peer that says nothing": func(c net.Conn) error { _, err := c.Read(make([]byte, 1)); return err },
		"of a peer that takes nothing": func(c net.Conn) error {
			n, err := c.Write(make([]byte, 100))
			if n != 0 {
				t.Errorf("%d bytes went to nobody", n)
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, _ := watched(t)
				begun := time.Now()
				silence(t, use(near), time.Since(begun))
			})
		})
	}
}

// TestSilenceAfterSomeBytes, which a bound on the wait for the first one doesn't notice.
func TestSilenceAfterSomeBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := watched(t)
		go func() { _, _ = far.Write([]byte("HTTP/1.1 200 OK")) }()
		if _, err := io.ReadFull(near, make([]byte, 15)); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		_, err := near.Read(make([]byte, 1))
		silence(t, err, time.Since(begun))
	})
}

// TestSlowIsNotSilent: bytes trickle for ten times the patience, in one direction only, and the other one is waited for.
func TestSlowIsNotSilent(t *testing.T) {
	for _, direction := range []string{"sent", "received"} {
		t.Run(direction, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := watched(t)
				trickle := bytes.Repeat([]byte("x"), 20*pieceBytes)
				received, answered := make(chan []byte, 1), make(chan error, 1)
				slow := func(c net.Conn) { // reads a piece each half of the patience, and says "y" at its end
					var all []byte
					for piece := make([]byte, pieceBytes); len(all) < len(trickle); {
						time.Sleep(patience / 2)
						n, err := io.ReadFull(c, piece)
						if all = append(all, piece[:n]...); err != nil {
							break
						}
					}
					received <- all
					_, _ = c.Write([]byte("y"))
				}
				from, to := near, far
				if direction == "received" {
					from, to = far, near
				}
				go slow(to)
				go func() { _, err := io.ReadFull(from, make([]byte, 1)); answered <- err }()
				n, err := from.Write(trickle)
				if err != nil || n != len(trickle) || !bytes.Equal(<-received, trickle) {
					t.Errorf("%d of %d bytes: %v", n, len(trickle), err)
				}
				if err := <-answered; err != nil {
					t.Errorf("the answer: %v", err)
				}
			})
		})
	}
}

// TestWhatIsOnItsWay has time to arrive before its answer is missed, and no more than the buffers on the way can hold.
func TestWhatIsOnItsWay(t *testing.T) {
	for size, more := range map[int]time.Duration{slowest: time.Second, buffered: OnItsWay, 3 * buffered: OnItsWay} {
		for _, answered := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				near, far := watched(t)
				go func() {
					_, _ = io.CopyN(io.Discard, far, int64(size))
					if answered {
						_, _ = far.Write([]byte("y"))
					}
				}()
				if _, err := near.Write(make([]byte, size)); err != nil {
					t.Fatal(err)
				}
				want := more
				if answered {
					want = 0
					if _, err := near.Read(make([]byte, 1)); err != nil {
						t.Fatal(err)
					}
				}
				begun := time.Now()
				_, err := near.Read(make([]byte, 1))
				silence(t, err, time.Since(begun)-want)
			})
		}
	}
}

// TestDeadlinesOfOthers: who sets one has it as it is, and its end is no silence.
func TestDeadlinesOfOthers(t *testing.T) {
	for name, set := range map[string]func(net.Conn, time.Time) error{
		"both": net.Conn.SetDeadline, "read": net.Conn.SetReadDeadline, "write": net.Conn.SetWriteDeadline,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, _ := watched(t)
				begun := time.Now()
				if err := set(near, begun.Add(time.Second)); err != nil {
					t.Fatal(err)
				}
				var err error
				if name == "write" {
					_, err = near.Write([]byte("x"))
				} else {
					_, err = near.Read(make([]byte, 1))
				}
				var ours *Error
				if !errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &ours) || time.Since(begun) != time.Second {
					t.Errorf("after %v: %v", time.Since(begun), err)
				}
			})
		})
	}
}

func TestDialFailures(t *testing.T) {
	refused := errors.New("refused")
	c, err := Watched(func(context.Context, string, string) (net.Conn, error) { return nil, refused }, patience)(t.Context(), "tcp", "a:1")
	if c != nil || !errors.Is(err, refused) {
		t.Errorf("%v, %v", c, err)
	}
}

// TestTransport reads a body that stops in the middle by net/http, whose own bounds have all been kept.
func TestTransport(t *testing.T) {
	stop := make(chan struct{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		_, _ = io.WriteString(w, "half.")
		_ = http.NewResponseController(w).Flush()
		<-stop
	})}
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { close(stop); srv.Close() })
	client := &http.Client{Transport: &http.Transport{DialContext: Watched(new(net.Dialer).DialContext, 200*time.Millisecond), ResponseHeaderTimeout: time.Minute}}
	reply, err := client.Get("http://" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	var ours *Error
	if string(text) != "half." || !errors.As(err, &ours) {
		t.Errorf("read %q: %v", text, err)
	}
}
