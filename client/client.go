package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// DefaultBaseURL is where the API is unless WithBaseURL says otherwise. Every published client has the same one.
const DefaultBaseURL = "https://api.vectormethods.com/api/v2"

// Limits of a Client.
const (
	defaultRetries   = 3
	maxRetries       = 10
	requestTimeout   = 60 * time.Second // of one attempt; a download has none, but see stallTimeout
	defaultUserAgent = "videovector-exports-go/1"
)

// Client speaks to one API with one key. It may be used by many goroutines at once.
type Client struct {
	Exports     *ExportsService
	Connectors  *ConnectorsService
	Automations *AutomationsService
	Webhooks    *WebhooksService

	caller *caller
}

// Option changes what New makes.
type Option func(*caller) error

// New makes a Client for the key. It sends nothing; Validate asks whether the key is good.
func New(key string, opts ...Option) (*Client, error) {
	key = strings.TrimSpace(key)
	if !visible(key) {
		return nil, errors.New("client: the API key must be visible ASCII characters, and at least one")
	}
	c := &caller{
		key: func() string { return key }, http: defaultHTTPClient(), userAgent: defaultUserAgent,
		retries: defaultRetries, patience: stallTimeout, pause: pause,
	}
	for _, o := range append([]Option{WithBaseURL(DefaultBaseURL)}, opts...) {
		if err := o(c); err != nil {
			return nil, fmt.Errorf("client: %w", err)
		}
	}
	return &Client{
		Exports: &ExportsService{c}, Connectors: &ConnectorsService{c}, Automations: &AutomationsService{c},
		Webhooks: &WebhooksService{c}, caller: c,
	}, nil
}

// WithBaseURL names the API, as in https://exports.example.com/api/v2. Plain http is for loopback hosts only: a key
// must not travel in the clear.
func WithBaseURL(base string) Option {
	return func(c *caller) error {
		u, err := url.Parse(strings.TrimRight(base, "/"))
		switch {
		case err != nil, u.Host == "":
			return errors.New("the base URL is not a URL with a host")
		case u.User != nil, u.RawQuery != "", u.Fragment != "":
			return errors.New("the base URL must hold no credentials, query or fragment")
		case !safe(u):
			return errors.New("the base URL must be https; plain http is for loopback hosts only")
		}
		c.base = u
		return nil
	}
}

// WithHTTPClient takes the transport, the cookies and the time limit of h. Redirects are refused whatever h does with
// them. A time limit of h applies to whole downloads, too.
func WithHTTPClient(h *http.Client) Option {
	return func(c *caller) error {
		if h == nil {
			return errors.New("the HTTP client is nil")
		}
		own := *h
		own.CheckRedirect = refuseRedirect
		c.http = &own
		return nil
	}
}

// WithMaxRetries is how often a call is repeated at most, from 0 to 10; 3 without this option.
func WithMaxRetries(n int) Option {
	return func(c *caller) error {
		if n < 0 || n > maxRetries {
			return fmt.Errorf("the number of retries must be from 0 to %d", maxRetries)
		}
		c.retries = n
		return nil
	}
}

// WithUserAgent is what the User-Agent header says.
func WithUserAgent(name string) Option {
	return func(c *caller) error {
		if !visible(strings.ReplaceAll(name, " ", "")) {
			return errors.New("the user agent must be visible ASCII characters")
		}
		c.userAgent = name
		return nil
	}
}

// Validate asks whether the key is good. A wrong one is an *Error with status 401.
func (c *Client) Validate(ctx context.Context) error {
	_, err := c.caller.do(ctx, request{method: http.MethodGet, path: "/auth/validate"})
	return err
}

// String names the API and nothing secret.
func (c *Client) String() string { return "client of " + c.caller.base.String() }

// GoString is String.
func (c *Client) GoString() string { return c.String() }

func defaultHTTPClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = requestTimeout
	return &http.Client{Transport: transport, CheckRedirect: refuseRedirect}
}

func refuseRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// safe reports whether a secret may be sent to the URL.
func safe(u *url.URL) bool {
	return u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname())
}

func loopback(host string) bool {
	return strings.EqualFold(host, "localhost") || net.ParseIP(host).IsLoopback()
}

// visible reports whether s is one or more visible ASCII characters.
func visible(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}
