package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Largest bodies that are read into memory.
const (
	maxReply = 64 << 20 // a page of 200 exports, each of 1,000 runs, has less than a quarter of it
	maxError = 1 << 20
)

// caller makes requests: it adds the key, repeats what may be repeated, and reads replies. The key is a function so
// that no form of printing shows it.
type caller struct {
	base      *url.URL
	key       func() string
	http      *http.Client
	userAgent string
	retries   int
	patience  time.Duration // with a download that brings nothing
	pause     func(ctx context.Context, d time.Duration) error
}

// request is one call. Its body can be sent again.
type request struct {
	method         string
	path           string     // escaped, below the base URL
	query          url.Values // nil for none
	url            *url.URL   // instead of path and query
	bare           bool       // send no key: the URL is the credential
	document       bool       // ask for the bytes as they are, not compressed on the way
	body           []byte
	contentType    string
	idempotencyKey string
	prefer         string // of RFC 7240; "" for nothing
}

// repeatable reports whether sending it twice does what sending it once does.
func (r request) repeatable() bool {
	switch r.method {
	case http.MethodGet, http.MethodPut, http.MethodDelete:
		return true
	}
	return r.idempotencyKey != ""
}

// reply is a 2xx answer, read whole.
type reply struct {
	status int
	header http.Header
	body   []byte
	lost   bool // an earlier attempt may have had its effect without a reply that said so
}

// decode reads the reply's body into v.
func (r reply) decode(v any) error {
	if json.Unmarshal(r.body, v) != nil {
		return r.unexpected()
	}
	return nil
}

// unexpected is what to say of a reply that lacks what every such reply has.
func (r reply) unexpected() error {
	return &Error{
		StatusCode: r.status, Code: codeUnexpectedReply, Details: map[string]any{}, RequestID: r.header.Get("X-Request-ID"),
		Message: "The reply is not what the API describes. Is the base URL right?",
	}
}

// do makes the call, with retries, and reads the reply.
func (c *caller) do(ctx context.Context, r request) (rep reply, err error) {
	lost := false
	err = c.retry(ctx, r, func() error {
		rep, err = c.attempt(ctx, r)
		lost = lost || unsettled(err)
		return err
	})
	rep.lost = lost
	return rep, err
}

func (c *caller) attempt(ctx context.Context, r request) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	res, err := c.send(ctx, r)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	body, err := c.read(res.Body, r)
	return reply{status: res.StatusCode, header: res.Header, body: body}, err
}

// fetch makes the call and decodes the reply into v.
func (c *caller) fetch(ctx context.Context, r request, v any) (reply, error) {
	rep, err := c.do(ctx, r)
	if err != nil {
		return rep, err
	}
	return rep, rep.decode(v)
}

// send makes one attempt. A reply other than 2xx is an *Error; the body of a 2xx reply is the caller's to close.
func (c *caller) send(ctx context.Context, r request) (*http.Response, error) {
	req, err := c.build(ctx, r)
	if err != nil {
		return nil, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, c.hide(r, err)
	}
	if res.StatusCode >= 200 && res.StatusCode < 300 {
		return res, nil
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxError))
	if err != nil {
		body = nil // the status is known, and says more than the failure to read what it is about
	}
	if r.bare {
		return nil, linkError(res)
	}
	return nil, newError(res, c.scrub(body))
}

// target is where the request goes.
func (c *caller) target(r request) (*url.URL, error) {
	if r.url != nil {
		return r.url, nil
	}
	u, err := url.Parse(strings.TrimRight(c.base.String(), "/") + r.path)
	if err != nil {
		return nil, errors.New("client: the id can't be part of a URL")
	}
	u.RawQuery = r.query.Encode()
	return u, nil
}

func (c *caller) build(ctx context.Context, r request) (*http.Request, error) {
	u, err := c.target(r)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, r.method, u.String(), bytes.NewReader(r.body))
	if err != nil {
		return nil, errors.New("client: the request can't be made") // the cause holds the URL
	}
	if r.body == nil {
		req.Body, req.GetBody, req.ContentLength = http.NoBody, nil, 0
	}
	set := func(name, value string) {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	set("Accept", "application/json")
	if r.document {
		set("Accept-Encoding", "identity")
	}
	set("User-Agent", c.userAgent)
	set("Content-Type", r.contentType)
	set("Idempotency-Key", r.idempotencyKey)
	set("Prefer", r.prefer)
	if !r.bare {
		set("X-API-Key", c.key())
	}
	return req, nil
}

// read reads a reply of bounded size.
func (c *caller) read(body io.Reader, r request) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(body, maxReply+1))
	switch {
	case err != nil:
		return nil, c.hide(r, err)
	case len(raw) > maxReply:
		return nil, fmt.Errorf("client: the reply is larger than %d bytes", maxReply)
	}
	return raw, nil
}

// scrub takes the key out of what a server sent back.
func (c *caller) scrub(body []byte) []byte {
	return bytes.ReplaceAll(body, []byte(c.key()), []byte("[key]"))
}

// hide wraps a failure of the transport so that its text holds neither key nor URL.
func (c *caller) hide(r request, err error) *transportError {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	text := strings.ReplaceAll(err.Error(), c.key(), "[key]")
	op := r.method + " " + r.path
	if r.url != nil {
		for _, secret := range []string{r.url.String(), r.url.RequestURI(), r.url.RawQuery} {
			if secret != "" {
				text = strings.ReplaceAll(text, secret, "[link]")
			}
		}
		op = r.method + " of a link"
	}
	return &transportError{text: "client: " + op + ": " + text, cause: err}
}

// mint is a new idempotency key, unless one is given.
func mint(given string) string {
	if given = strings.TrimSpace(given); given != "" {
		return given
	}
	return "go-" + rand.Text()
}

// segment is an id as one element of a path. An id that would change the path is refused.
func segment(what, id string) (string, error) {
	switch id {
	case "", ".", "..":
		return "", fmt.Errorf("client: %q is no %s id", id, what)
	}
	return "/" + url.PathEscape(id), nil
}

// post is a POST with a JSON body; a nil body sends none.
func post(path string, body any, idempotencyKey string) (request, error) {
	r := request{method: http.MethodPost, path: path, idempotencyKey: mint(idempotencyKey)}
	if body == nil {
		return r, nil
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return r, fmt.Errorf("client: the parameters can't be written as JSON: %w", err)
	}
	r.body, r.contentType = raw, "application/json"
	return r, nil
}
