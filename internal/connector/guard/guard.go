// Package guard is the one way out to places that customers name. Its client follows no redirect, takes no proxy from
// the environment, and looks at the address that is really dialed, after the name was resolved: one that isn't on the
// public internet is refused, whatever name led there and whenever that name changed its mind. A connection on which
// nothing moves is broken off.
package guard

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"slices"
	"syscall"
	"time"

	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/stall"
)

// Patience with the other side.
const (
	dialTimeout      = 10 * time.Second
	handshakeTimeout = 10 * time.Second
	// Silence is how long nothing may move on a connection: a store may take that long to complete a large object.
	Silence = 60 * time.Second
)

// UserAgent is how the service's requests name themselves.
const UserAgent = "videovector-exports/1"

// maxHeaderBytes bounds a reply's header.
const maxHeaderBytes = 64 << 10

// Config is what the service's own configuration adds to the rules. The zero Config is right for a deployment.
type Config struct {
	// Allow lists host:port pairs, as they are spelt in a URL, that may be anywhere and needn't speak TLS. Only a local
	// service and tests have any.
	Allow []string
	// Ports are the ports that may be dialed; nil means 443 alone.
	Ports []string
	// Roots are the authorities to trust in place of the system's; nil means the system's.
	Roots *x509.CertPool
	// Silence replaces the package's; 0 leaves it. Nobody waits for a minute in a test.
	Silence time.Duration
}

// NewClient makes the client. A refused address fails with fault.Invalid "destination_address_refused", before a
// connection is made.
func NewClient(cfg Config) *http.Client {
	if cfg.Ports == nil {
		cfg.Ports = []string{"443"}
	}
	cfg.Silence = cmp.Or(cfg.Silence, Silence)
	return &http.Client{
		Transport: transport{cfg.Allow, &http.Transport{
			DialContext:            stall.Watched(dialer{cfg}.dial, cfg.Silence),
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: cfg.Roots},
			TLSHandshakeTimeout:    min(handshakeTimeout, cfg.Silence),
			ResponseHeaderTimeout:  cfg.Silence + stall.OnItsWay,
			ExpectContinueTimeout:  time.Second,
			IdleConnTimeout:        cfg.Silence / 2,
			MaxIdleConnsPerHost:    4,
			MaxResponseHeaderBytes: maxHeaderBytes,
			DisableCompression:     true, // what is read back is what was stored
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// transport refuses what isn't TLS, but for the configured places, and bounds the bodies of refusals.
type transport struct {
	allow []string
	next  http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" && !slices.Contains(t.allow, r.URL.Host) {
		if r.Body != nil {
			_ = r.Body.Close() // its own failure changes nothing: the request is refused
		}
		return nil, errRefused
	}
	reply, err := t.next.RoundTrip(r)
	if err == nil && reply.StatusCode >= 300 {
		reply.Body = Bounded(reply.Body, MaxRefusal)
	}
	return reply, err
}

var errRefused = fault.New(fault.Invalid, "destination_address_refused",
	"The connector's storage is at an address that isn't on the public internet, or not behind https. Nothing was sent there.")

// dialer dials what the rules allow.
type dialer struct{ Config }

func (d dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	plain := net.Dialer{Timeout: min(dialTimeout, cmp.Or(d.Silence, Silence)), KeepAlive: 30 * time.Second}
	if !slices.Contains(d.Allow, address) {
		plain.Control = d.control
	}
	return plain.DialContext(ctx, network, address)
}

// control is called with the resolved address, before each attempt to connect.
func (d dialer) control(network, address string, _ syscall.RawConn) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil || !slices.Contains(d.Ports, port) || (network != "tcp4" && network != "tcp6") || !public(host) {
		return errRefused
	}
	return nil
}
