// Package embeds3 is an S3 in this process: the versity gateway over a folder, on a loopback port, with real signature
// checks. What is written survives a restart and a kill. One per process is the gateway's limit.
package embeds3

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
)

// Config says where the server keeps its objects and who may use it.
type Config struct {
	Dir             string // objects below objects/, their properties below sidecar/
	Addr            string // loopback host:port
	AccessKeyID     string
	SecretAccessKey string
	Region          string
	Buckets         []string // made if they don't exist
}

// Server is a running S3.
type Server struct {
	addr string
	stop context.CancelFunc
	done chan error
}

// Start serves until Close. It returns when the port answers.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	objects, sidecar := filepath.Join(cfg.Dir, "objects"), filepath.Join(cfg.Dir, "sidecar")
	for _, dir := range append([]string{objects, sidecar}, buckets(objects, cfg.Buckets)...) {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	properties, err := meta.NewSideCar(sidecar)
	if err != nil {
		return nil, err
	}
	backend, err := posix.New(objects, properties, posix.PosixOpts{SideCarDir: sidecar, Concurrency: 64})
	if err != nil {
		return nil, fmt.Errorf("embedded S3 in %s: %w", cfg.Dir, err)
	}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	s := &Server{addr: cfg.Addr, stop: stop, done: make(chan error, 1)}
	go func() {
		s.done <- embedgw.RunVersityGW(serving, backend, &embedgw.Config{
			RootUserAccess: cfg.AccessKeyID, RootUserSecret: cfg.SecretAccessKey, Region: cfg.Region,
			Ports: []string{cfg.Addr}, MaxConnections: 512, MaxRequests: 256, MultipartMaxParts: 10_000,
			Quiet: true, KeepAlive: true, DisableACLs: true,
		})
	}()
	return s, s.awaitPort(ctx)
}

func buckets(objects string, names []string) []string {
	dirs := make([]string, len(names))
	for i, name := range names {
		dirs[i] = filepath.Join(objects, name)
	}
	return dirs
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
			s.stop()
			return fmt.Errorf("embedded S3 on %s did not answer: %w", s.addr, err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

var errEnded = errors.New("it ended at its start")

// Endpoint is the server's base address.
func (s *Server) Endpoint() string { return "http://" + s.addr }

// Close stops the server; requests under way are given a moment to end.
func (s *Server) Close() error {
	s.stop()
	select {
	case err := <-s.done:
		return err
	case <-time.After(5 * time.Second):
		return errors.New("embedded S3 did not stop")
	}
}
