package client

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// Codes of an *Error that the API didn't send.
const (
	codeUnexpectedReply    = "unexpected_reply"
	codeUnexpectedRedirect = "unexpected_redirect"
	codeLinkRefused        = "link_refused"
)

// Error is what the API answered instead of what was asked for. Code is stable and for programs; Message is for people.
type Error struct {
	StatusCode int
	Code       string
	Message    string
	Details    map[string]any // never nil
	RequestID  string         // "" if the reply named none
	RetryAfter time.Duration  // 0 if the reply asked for no wait
}

// Error implements error.
func (e *Error) Error() string {
	text := fmt.Sprintf("%s (%d %s)", e.Message, e.StatusCode, e.Code)
	if e.RequestID != "" {
		text += ", request " + e.RequestID
	}
	return text
}

// newError reads the API's error body. Whatever else a proxy may have sent is not repeated.
func newError(res *http.Response, body []byte) *Error {
	e := &Error{StatusCode: res.StatusCode, Details: map[string]any{}, RetryAfter: retryAfter(res.Header, time.Now())}
	var envelope struct {
		Error struct {
			Code      string          `json:"code"`
			Message   string          `json:"message"`
			Details   json.RawMessage `json:"details"`
			RequestID string          `json:"request_id"`
		} `json:"error"`
	}
	switch err := json.Unmarshal(body, &envelope); {
	case res.StatusCode >= 300 && res.StatusCode < 400:
		e.Code, e.Message = codeUnexpectedRedirect, "The server redirects, which this API never does; it was not followed. Is the base URL right?"
	case err != nil || envelope.Error.Code == "":
		e.Code, e.Message = codeUnexpectedReply, fmt.Sprintf("The server answered %s without the API's error body. Is the base URL right?", http.StatusText(res.StatusCode))
	default:
		e.Code, e.Message, e.RequestID = envelope.Error.Code, envelope.Error.Message, envelope.Error.RequestID
		if json.Unmarshal(envelope.Error.Details, &e.Details) != nil || e.Details == nil {
			e.Details = map[string]any{} // what isn't an object says nothing that can be relied on
		}
	}
	if e.RequestID == "" {
		e.RequestID = res.Header.Get("X-Request-ID")
	}
	return e
}

// linkError is the refusal of a presigned link. Its body is the object store's and may repeat the link.
func linkError(res *http.Response) *Error {
	return &Error{
		StatusCode: res.StatusCode, Code: codeLinkRefused, Details: map[string]any{}, RetryAfter: retryAfter(res.Header, time.Now()),
		Message: "The presigned link to the document was refused. It may have expired; a new one comes with the export.",
	}
}

// transportError is a call without a reply. Its text holds no key and no URL.
type transportError struct {
	text   string
	cause  error
	midway bool // a document had begun to arrive
}

func (e *transportError) Error() string { return e.text }
func (e *transportError) Unwrap() error { return e.cause }

// ExportFailedError is an export that ended without a document.
type ExportFailedError struct{ Export *Export }

// Error implements error.
func (e *ExportFailedError) Error() string {
	reason := e.Export.ErrorMessage
	if reason == "" {
		reason = "the API gave no reason"
	}
	return "export " + e.Export.ID + " failed: " + reason
}

// NotReadyError is a download of an export that has no document to give, or none yet.
type NotReadyError struct{ Export *Export }

// Error implements error.
func (e *NotReadyError) Error() string {
	if e.Export.Status.Terminal() {
		return "export " + e.Export.ID + " is " + string(e.Export.Status) + ", but its document can't be downloaded"
	}
	return "export " + e.Export.ID + " is " + string(e.Export.Status) + "; wait until it is completed"
}

// CorruptError is a document that isn't the one that was exported: What is "size", "sha256" or "ending".
type CorruptError struct {
	ExportID        string
	What, Want, Got string
}

// Error implements error.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("the document of export %s is damaged: its %s is %s, want %s", e.ExportID, e.What, e.Got, e.Want)
}
