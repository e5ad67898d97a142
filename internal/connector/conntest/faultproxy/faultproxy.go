// Package faultproxy lies between an adapter and a real store and breaks the line as a test says. Requests keep their
// Host, path and query to the letter, so that signatures hold.
package faultproxy

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync"
	"testing"

	"github.com/videovector/exports/internal/connector/conntest"
)

// Config says what the proxy stands before.
type Config struct {
	Upstream string // base URL of the store
	// Transport reaches the store; nil means plain HTTP.
	Transport http.RoundTripper
	// Refuse writes the store's own form of a refusal, body and all; nil writes the status alone.
	Refuse func(w http.ResponseWriter, status int)
}

// Proxy is a running proxy. It ends with its test.
type Proxy struct {
	cfg      Config
	upstream *url.URL
	server   *httptest.Server
	away     *httptest.Server // where redirect answers lead

	mu       sync.Mutex
	fault    conntest.Fault
	at, seen int // break the at-th request that the fault concerns; 0 for none
	broke    bool
	requests int
	visits   int // of whoever followed a redirect
}

var _ conntest.Line = (*Proxy)(nil)

// New starts a proxy. The test fails if anybody followed one of its redirects.
func New(t testing.TB, cfg Config) *Proxy {
	t.Helper()
	upstream, err := url.Parse(cfg.Upstream)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Transport == nil {
		cfg.Transport = &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 16}
	}
	if cfg.Refuse == nil {
		cfg.Refuse = func(w http.ResponseWriter, status int) { w.WriteHeader(status) }
	}
	p := &Proxy{cfg: cfg, upstream: upstream}
	p.server = httptest.NewServer(http.HandlerFunc(p.serve))
	p.away = httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.visits++
	}))
	t.Cleanup(func() {
		p.server.Close()
		p.away.Close()
		if p.visits > 0 {
			t.Errorf("a redirect was followed %d times", p.visits)
		}
	})
	return p
}

// URL is the proxy's base URL, to be used in place of the store's.
func (p *Proxy) URL() string { return p.server.URL }

// Break implements conntest.Line.
func (p *Proxy) Break(n int, f conntest.Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault, p.at, p.seen, p.broke = f, n, 0, false
}

// Mend implements conntest.Line.
func (p *Proxy) Mend() { p.Break(0, conntest.Fault{}) }

// Broke implements conntest.Line.
func (p *Proxy) Broke() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.broke
}

// Requests implements conntest.Line.
func (p *Proxy) Requests() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests
}

// next counts the request and says what is to become of it.
func (p *Proxy) next(r *http.Request) (f conntest.Fault, broken bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests++
	if p.at == 0 || (p.fault.Cut && r.ContentLength < 2) || (p.fault.Writes() && r.Method != http.MethodPut && r.Method != http.MethodPost) {
		return f, false
	}
	p.seen++
	if p.seen != p.at {
		return f, false
	}
	p.broke = true
	return p.fault, true
}

func (p *Proxy) serve(w http.ResponseWriter, r *http.Request) {
	f, broken := p.next(r)
	switch {
	case !broken:
		p.forward(w, r)
	case f.Cut:
		p.cut(r)
	case f.Lost:
		p.forward(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler) // ends the connection, and says nothing
	default:
		p.refuse(w, r, f)
	}
}

// refuse answers in place of the store.
func (p *Proxy) refuse(w http.ResponseWriter, r *http.Request, f conntest.Fault) {
	_, _ = io.Copy(io.Discard, r.Body) // as a store does that reads what it refuses; a client that is gone needs no answer
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
	}
	if f.Status/100 == 3 {
		w.Header().Set("Location", p.away.URL+"/elsewhere")
	}
	p.cfg.Refuse(w, f.Status)
}

var errCut = errors.New("the proxy cuts here")

// cut hands half of the body on and then ends both connections.
func (p *Proxy) cut(r *http.Request) {
	half := io.NopCloser(io.MultiReader(io.LimitReader(r.Body, r.ContentLength/2), failing{}))
	if reply, err := p.cfg.Transport.RoundTrip(p.outgoing(r, half)); err == nil {
		_ = reply.Body.Close() // a store that answers before it has read everything
	}
	panic(http.ErrAbortHandler)
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errCut }

// forward hands the request on, and the reply back.
func (p *Proxy) forward(w http.ResponseWriter, r *http.Request) {
	reply, err := p.cfg.Transport.RoundTrip(p.outgoing(r, r.Body))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer reply.Body.Close()
	for name, values := range reply.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(reply.StatusCode)
	if _, err := io.Copy(w, reply.Body); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// outgoing is the request as it goes to the store.
func (p *Proxy) outgoing(r *http.Request, body io.ReadCloser) *http.Request {
	out := r.Clone(r.Context())
	out.RequestURI = ""
	out.URL.Scheme, out.URL.Host = p.upstream.Scheme, p.upstream.Host
	out.Body = body
	if r.ContentLength == 0 {
		out.Body = http.NoBody
	}
	return out
}
