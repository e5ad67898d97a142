package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"unicode"

	"github.com/videovector/exports/client"
	"github.com/videovector/exports/internal/fault"
)

// Exit codes, as documented in --help and docs/cli.md.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitNotFound    = 3
	exitRefused     = 4
	exitInterrupted = 130
)

// failure is what a command failed with. Any other error is the command line's.
type failure struct{ cause error }

func (f *failure) Error() string { return f.cause.Error() }
func (f *failure) Unwrap() error { return f.cause }

// misused is a command line that can't be carried out as it stands.
type misused struct{ text string }

func (m *misused) Error() string { return m.text }

func misuse(format string, args ...any) error { return &misused{fmt.Sprintf(format, args...)} }

// stopped is a command that Ctrl-C ended, and what to say of it.
type stopped struct {
	say   string
	cause error
}

func (s *stopped) Error() string { return s.cause.Error() }
func (s *stopped) Unwrap() error { return s.cause }

// orStopped is err, with what to say if it comes from Ctrl-C.
func orStopped(ctx context.Context, err error, say string, args ...any) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	return &stopped{fmt.Sprintf(say, args...), err}
}

// report tells of the command's error and gives the exit code.
func (a *app) report(ctx context.Context, command string, err error) int {
	if err == nil {
		return exitOK
	}
	code, text := a.judge(command, err)
	if ctx.Err() != nil {
		code, text = exitInterrupted, "interrupted"
		var s *stopped
		if errors.As(err, &s) {
			text += "; " + s.say
		}
	}
	fmt.Fprintln(a.err, "vvx: "+printable(text))
	return code
}

// judge is the exit code of an error and its text.
func (a *app) judge(command string, err error) (code int, text string) {
	var wrong *misused
	var failed *failure
	var answer *client.Error
	var f *fault.Error
	switch {
	case errors.As(err, &wrong):
		return exitUsage, wrong.text
	case !errors.As(err, &failed):
		return exitUsage, fmt.Sprintf("%s; \"%s --help\" says what it takes", err, command)
	case errors.As(err, &answer):
		return answerCode(answer), a.explain(answer)
	case errors.As(err, &f):
		return map[bool]int{true: exitNotFound, false: exitFailed}[f.Kind == fault.NotFound], f.Message
	case unreachable(err):
		return exitFailed, fmt.Sprintf("nothing answers at %s (from %s): %s", a.place.baseURL, a.place.urlFrom, a.place.advice(err))
	}
	return exitFailed, strings.TrimPrefix(err.Error(), "client: ")
}

// answerCode is the exit code of the API's answer. What a proxy, a store or a missing route says is no such answer.
func answerCode(e *client.Error) int {
	switch {
	case e.Code == "unexpected_reply", e.Code == "link_refused", e.Code == "route_not_found":
		return exitFailed
	case e.StatusCode == http.StatusNotFound:
		return exitNotFound
	case e.StatusCode == http.StatusUnauthorized, e.StatusCode == http.StatusForbidden:
		return exitRefused
	}
	return exitFailed
}

// explain is the API's answer and what to do about it.
func (a *app) explain(e *client.Error) string {
	switch {
	case e.StatusCode == http.StatusUnauthorized:
		return fmt.Sprintf("%s does not know the key from %s. Give another one with --api-key-file, --api-key or %s. (%s)", a.place.baseURL, a.place.keyFrom, keyVariable, e.Code)
	case e.Code == "authorization_insufficient_scope":
		return fmt.Sprintf("the key from %s may not do this: %s", a.place.keyFrom, e)
	case e.StatusCode == http.StatusTooManyRequests && e.RetryAfter > 0:
		return fmt.Sprintf("%s; try again in %s", e, e.RetryAfter)
	}
	text := e.Error()
	if fields, ok := e.Details["fields"].(map[string]any); ok {
		for name, problem := range fields {
			text += fmt.Sprintf("\n  %s: %v", name, problem)
		}
	}
	return text
}

// unreachable reports whether no connection came about.
func unreachable(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return errors.As(err, &dns) || errors.As(err, &op) && op.Op == "dial"
}

// printable is text from elsewhere that can't drive the terminal. Line ends stay.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}
