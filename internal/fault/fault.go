// Package fault is the one vocabulary of failure. Every error that leaves a layer is a *Error with a Kind, on which
// callers branch, a stable code and a message for the person who called, and a cause that only logs see. Two edge
// tables, one for HTTP (http.go) and one for Step Functions (step.go), turn a kind into what each protocol says.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what went wrong, in terms of what the caller can do about it.
type Kind uint8

const (
	// Internal is a defect or an unexpected reply of a dependency; its cause is never shown to the caller.
	Internal Kind = iota
	// Malformed is a request that can't be read: not JSON, a bad cursor, a wrong content type.
	Malformed
	// TooLarge is a request beyond a documented limit on size.
	TooLarge
	// Unauthenticated is a missing or wrong credential.
	Unauthenticated
	// Forbidden is a valid credential without the needed scope, or a download token that doesn't open this export.
	Forbidden
	// NotFound is an unknown resource, or one of another account.
	NotFound
	// MethodNotAllowed is a known path under another method.
	MethodNotAllowed
	// Gone is a resource that was there and is no longer given to anybody.
	Gone
	// Conflict is a request that the present state of the resource refuses, or an object that must not be overwritten.
	Conflict
	// Invalid is a readable request whose values can't be accepted, or results that can't be exported as they stand.
	Invalid
	// Throttled is a refusal for now, to protect the service or by a dependency that protects itself.
	Throttled
	// Unavailable is a passing failure of a dependency; the same call may succeed later.
	Unavailable
	// Superseded is a write by a worker whose generation is no longer the export's: it must stop and change nothing.
	Superseded
	// Irregular is an input part that breaks the strict NDJSON rule on which sharding rests; the single-task path takes it.
	Irregular
)

// Error is a failure with a kind. The zero value is an internal failure without a message.
type Error struct {
	Kind    Kind
	Code    string // stable, snake_case; read by clients
	Message string // for the caller; holds no secret, no link and no cause
	Details map[string]any
	// RetryAfter is the wait the caller is asked for; used with Throttled and Unavailable, at least one second there.
	RetryAfter time.Duration
	cause      error
}

// New makes a failure without a cause.
func New(kind Kind, code, message string) *Error {
	return &Error{Kind: kind, Code: code, Message: message}
}

// Newf is New with a formatted message.
func Newf(kind Kind, code, format string, args ...any) *Error {
	return New(kind, code, fmt.Sprintf(format, args...))
}

// Wrap makes a failure of the given kind that keeps err as its cause, for logs and errors.Is.
func Wrap(err error, kind Kind, code, message string) *Error {
	return &Error{Kind: kind, Code: code, Message: message, cause: err}
}

// With returns a copy that carries one more detail for the caller.
func (e *Error) With(key string, value any) *Error {
	c := *e
	c.Details = make(map[string]any, len(e.Details)+1)
	for k, v := range e.Details {
		c.Details[k] = v
	}
	c.Details[key] = value
	return &c
}

// Error is for logs: code, message and cause.
func (e *Error) Error() string {
	if e.cause != nil {
		return e.Code + ": " + e.Message + ": " + e.cause.Error()
	}
	return e.Code + ": " + e.Message
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.cause }

// KindOf is the kind of the first *Error in err's chain; any other error is Internal.
func KindOf(err error) Kind { return As(err).Kind }

// Is reports whether err is a failure of the kind; a nil err is of none.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

// As gives the first *Error in err's chain, or wraps err as an internal failure.
func As(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return Wrap(err, Internal, "internal_error", "Something went wrong on our side. Try again; if it stays, report the request id.")
}
