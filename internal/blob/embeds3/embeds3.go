// Package embeds3 is an S3 in this process: the versity gateway over a folder, on a loopback port, with real signature
// checks. What is written survives a restart and a kill. One per process is the gateway's limit, and it works from the
// folder of its objects: Start changes the process's working directory, so whoever starts it resolves relative paths
// before.
package embeds3

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/embedgw"

	"github.com/videovector/exports/internal/blob"
)

// Config says where the server keeps its objects and who may use it.
type Config struct {
	Dir             string // objects below objects/, their properties below sidecar/; no other server may use it
	Addr            string // loopback host:port; port 0 takes a free one
	AccessKeyID     string
	SecretAccessKey string
	Region          string
	Buckets         []string // made if they don't exist
}

// Server is a running S3.
type Server struct {
	addr  string
	stop  context.CancelFunc
	done  chan error
	ended chan struct{}
}

// late is the latest server that nobody has waited for to its end. The gateway gives requests under way ten seconds, and
// takes a connection by which none has come yet for one of them.
var late atomic.Pointer[Server]

// latePatience is how long Start waits for it.
const latePatience = 15 * time.Second

// Start serves until Close, over ctx's values but not its end. It returns when the port answers. A server before that is
// still stopping is waited for.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if err := awaitLate(ctx); err != nil {
		return nil, err
	}
	backend, err := open(cfg)
	if err != nil {
		return nil, fmt.Errorf("embedded S3 in %s: %w", cfg.Dir, err)
	}
	addr, err := freePort(ctx, cfg.Addr)
	if err != nil {
		return nil, err
	}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	s := &Server{addr: addr, stop: stop, done: make(chan error, 1), ended: make(chan struct{})}
	go func() {
		defer close(s.ended)
		s.done <- embedgw.RunVersityGW(serving, backend, &embedgw.Config{
			RootUserAccess: cfg.AccessKeyID, RootUserSecret: cfg.SecretAccessKey, Region: cfg.Region,
			Ports: []string{addr}, MaxConnections: 512, MaxRequests: 256, MultipartMaxParts: blob.MaxParts,
			Quiet: true, KeepAlive: true, DisableACLs: true,
			IAMService: auth.NewIAMServiceSingle(auth.Account{
				Access: cfg.AccessKeyID, Secret: cfg.SecretAccessKey, Role: auth.RoleAdmin, // given, it isn't announced on stdout
			}),
		})
	}()
	if err := s.awaitPort(ctx); err != nil {
		stop()
		late.Store(s)
		return nil, err
	}
	return s, nil
}

// awaitLate waits until the server before has ended.
func awaitLate(ctx context.Context) error {
	s := late.Load()
	if s == nil {
		return nil
	}
	select {
	case <-s.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(latePatience):
		return fmt.Errorf("the embedded S3 on %s has not ended yet, and a process can have one", s.addr)
	}
}

// freePort gives the address a port of its own where it asks for any. The port is free until somebody else takes it in
// the moment before the gateway does, who then fails to start.
func freePort(ctx context.Context, addr string) (string, error) {
	if _, port, err := net.SplitHostPort(addr); err != nil || port != "0" {
		return addr, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// awaitPort waits for at most ten seconds until the port takes connections.
func (s *Server) awaitPort(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var d net.Dialer
	for {
		conn, err := d.DialContext(ctx, "tcp", s.addr)
		if err == nil {
			return conn.Close()
		}
		select {
		case err := <-s.done:
			return fmt.Errorf("embedded S3 on %s: %w", s.addr, errors.Join(err, errEnded))
		case <-ctx.Done():
			return fmt.Errorf("embedded S3 on %s did not answer: %w", s.addr, err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

var errEnded = errors.New("it ended at its start")

// Endpoint is the server's base address.
func (s *Server) Endpoint() string { return "http://" + s.addr }

// stopPatience is how long Close waits for requests under way.
const stopPatience = 5 * time.Second

// Close stops the server. Requests under way are given a moment to end, and what then is open ends with the process: a
// client that keeps a connection must not keep the service from stopping.
func (s *Server) Close() error {
	s.stop()
	select {
	case err := <-s.done:
		return err
	case <-time.After(stopPatience):
		late.Store(s)
		return nil
	}
}
