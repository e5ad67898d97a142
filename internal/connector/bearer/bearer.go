// Package bearer keeps the access token of a target until near its end, and reads what the clouds' sign-ins answer.
package bearer

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/videovector/exports/internal/connector/guard"
	"github.com/videovector/exports/internal/fault"
)

// expiryMargin is how long before its end a token is asked for again.
const expiryMargin = 5 * time.Minute

// Source gives tokens. It is safe for concurrent use.
type Source struct {
	// Ask asks the cloud for a token, at the clock's time.
	Ask   func(ctx context.Context, now time.Time) (Grant, error)
	Clock func() time.Time

	mu    sync.Mutex
	token string
	until time.Time
}

// Grant is a token and how long it lasts.
type Grant struct {
	Token string
	Life  time.Duration
}

// Token is one with some life left in it.
func (s *Source) Token(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Clock()
	if s.token != "" && now.Before(s.until) {
		return s.token, nil
	}
	g, err := s.Ask(ctx, now)
	if err != nil {
		return "", err
	}
	s.token, s.until = g.Token, now.Add(g.Life-expiryMargin)
	return s.token, nil
}

// Request is a call with a token. Its body is held, so that a connection which turns out to be closed can be made anew.
func (s *Source) Request(ctx context.Context, method, address string, body []byte) (*http.Request, error) {
	token, err := s.Token(ctx)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, fault.New(fault.Internal, "internal_error", "The destination's address can't be used.") // its cause quotes the address
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("User-Agent", guard.UserAgent)
	return r, nil
}

// Drop forgets a token that was refused.
func (s *Source) Drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = ""
}

// Reply is a sign-in's, read whole.
type Reply struct {
	Status int
	Header http.Header
	Text   []byte
}

// Post sends the form to a sign-in.
func Post(ctx context.Context, client *http.Client, address string, form url.Values) (Reply, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return Reply{}, fault.New(fault.Internal, "internal_error", "The sign-in's address can't be used.")
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("User-Agent", guard.UserAgent)
	reply, err := client.Do(request)
	if err != nil {
		return Reply{}, guard.Unanswered(err)
	}
	defer reply.Body.Close()
	text, err := guard.ReadReply(reply, guard.MaxRefusal)
	return Reply{reply.StatusCode, reply.Header, text}, err
}

// maxTokenBytes bounds a token, which goes into a header.
const maxTokenBytes = 16 << 10

// ReadGrant reads a sign-in's answer. What it can't read stays out of the failure, since a token may be in it.
func ReadGrant(text []byte) (Grant, error) {
	var g struct {
		Token string `json:"access_token"`
		Life  int64  `json:"expires_in"` // seconds
	}
	if json.Unmarshal(text, &g) != nil || g.Token == "" || len(g.Token) > maxTokenBytes || g.Life < 1 || strings.ContainsFunc(g.Token, notVisible) {
		return Grant{}, fault.New(fault.Unavailable, "destination_unavailable", "The destination's sign-in gave a token that can't be read.")
	}
	return Grant{g.Token, time.Duration(min(g.Life, 1<<20)) * time.Second}, nil
}

func notVisible(r rune) bool { return r <= ' ' || r > '~' }
