// Package stalltest gives tests servers that fall silent.
package stalltest

import (
	"io"
	"net"
	"sync/atomic"
	"testing"
)

// Server says so much to whoever connects, and then is silent.
type Server struct {
	Address     string       // host:port on loopback
	Connections atomic.Int64 // that it has taken
}

// Serve starts one. It ends with the test, and its connections do.
func Serve(t testing.TB, says string) *Server {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Address: l.Addr().String()}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = c.Close() }) // whoever has left needs none of it
			s.Connections.Add(1)
			_, _ = io.WriteString(c, says)
		}
	}()
	return s
}
