package guard

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/videovector/exports/internal/fault"
)

// MaxRefusal bounds the body of a reply that isn't content, in bytes.
const MaxRefusal = 1 << 20

// maxWait bounds the wait that a store may ask for.
const maxWait = time.Hour

var errTooLong = fault.New(fault.Unavailable, "destination_reply_too_long", "The destination's reply is longer than any that it should give.")

// Bounded is the body, but for a failure once it has given more than max bytes.
func Bounded(body io.ReadCloser, max int64) io.ReadCloser { return &bounded{body, max} }

type bounded struct {
	io.ReadCloser
	left int64
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left+1)])
	if b.left -= int64(n); b.left < 0 {
		return 0, errTooLong
	}
	return n, err
}

// ReadReply reads a reply's whole body of at most max bytes and closes it.
func ReadReply(r *http.Response, max int64) ([]byte, error) {
	body := Bounded(r.Body, max)
	defer body.Close()
	text, err := io.ReadAll(body)
	return text, Unanswered(err)
}

// Content is an object's body whose read failures have a kind: a connection that breaks off may be whole the next time.
func Content(body io.ReadCloser) io.ReadCloser { return content{body} }

type content struct{ io.ReadCloser }

// Read implements io.Reader.
func (c content) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = Unanswered(err)
	}
	return n, err
}

// Unanswered gives a request that got no whole reply a kind: its own where it has one, as a refused address has, and
// fault.Unavailable otherwise, since it may have had its effect. The URL stays out of it: that of an upload is a key to it.
func Unanswered(err error) error {
	if err == nil {
		return nil
	}
	var known *fault.Error
	if errors.As(err, &known) {
		return known
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return fault.Wrap(err, fault.Unavailable, "destination_unavailable", "The destination did not answer.")
}

// RetryAfter is the wait that a reply asks for, in seconds or as a date; 0 if it asks for none that can be read.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if n, err := strconv.ParseUint(text, 10, 31); err == nil {
		return min(time.Duration(n)*time.Second, maxWait)
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now).Round(time.Second), 0), maxWait)
}

// AsksToWait reports whether a refusal is for now only, by 429 or by 503 with a wait, and what wait it asks for.
func AsksToWait(status int, h http.Header, now time.Time) (time.Duration, bool) {
	wait := RetryAfter(h, now)
	return wait, status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable && wait > 0
}

// Busy is the refusal of a store that protects itself. It asks for a wait of at least a second.
func Busy(cause error, wait time.Duration) *fault.Error {
	f := fault.Wrap(cause, fault.Throttled, "destination_busy", "The destination asks for fewer requests.")
	f.RetryAfter = max(wait, time.Second)
	return f
}
