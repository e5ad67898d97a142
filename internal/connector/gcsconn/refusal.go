package gcsconn

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/videovector/exports/internal/connector/guard"
	"github.com/videovector/exports/internal/fault"
)

// reasons are Cloud Storage's, where they say more than the status does, in words for the connector's owner.
var reasons = map[string]*fault.Error{
	"accountDisabled":           fault.New(fault.Invalid, "destination_account_problem", "Google has disabled the bucket's project: look at its billing and its state."),
	"UserProjectAccountProblem": fault.New(fault.Invalid, "destination_account_problem", "Google has disabled the bucket's project: look at its billing and its state."),
	"billingDisabled":           fault.New(fault.Invalid, "destination_account_problem", "The bucket's project has no billing."),
	"required":                  fault.New(fault.Invalid, "destination_requester_pays", "The connector's bucket lets the requester pay, which exports don't do."),
	"retentionPolicyNotMet":     fault.New(fault.Invalid, "destination_locked", "The object at the destination is kept by the bucket's retention policy."),
	"objectUnderActiveHold":     fault.New(fault.Invalid, "destination_locked", "The object at the destination is under a hold."),
	"rateLimitExceeded":         nil, // busy
	"userRateLimitExceeded":     nil,
	"quotaExceeded":             nil,
	"dailyLimitExceeded":        nil,
}

// permissions are what each call needs, for whoever grants roles. Storage Object User has all of them.
const (
	toCreate  = "storage.objects.create"
	toReplace = "storage.objects.create and storage.objects.delete"
	toRead    = "storage.objects.get"
	toDelete  = "storage.objects.delete"
	toList    = "storage.objects.list"
)

// refusal reads a reply that isn't what was asked for, and says what the owner can do.
func (t *target) refusal(reply *http.Response, permission string) error {
	defer reply.Body.Close()
	text, err := io.ReadAll(guard.Bounded(reply.Body, guard.MaxRefusal))
	if err != nil {
		return guard.Unanswered(err)
	}
	reason := reasonOf(text)
	cause := fmt.Errorf("status %d, %s", reply.StatusCode, word(reason))
	known, listed := reasons[reason]
	wait, busy := guard.AsksToWait(reply.StatusCode, reply.Header, time.Now())
	switch status := reply.StatusCode; {
	case known != nil:
		return fault.Wrap(cause, known.Kind, known.Code, known.Message)
	case listed || busy:
		return guard.Busy(cause, wait)
	case status == http.StatusUnauthorized:
		t.tokens.Drop()
		return fault.Wrap(cause, fault.Invalid, "destination_credentials_refused", "Google refuses the connector's service account: it was deleted or disabled.")
	case status == http.StatusForbidden:
		return fault.Wrap(cause, fault.Invalid, "destination_access_denied",
			"The connector's service account may not do this in its bucket. It needs "+permission+" there; the role Storage Object User has all that is needed.")
	case status == http.StatusNotFound || status == http.StatusGone:
		return t.absent(cause, text, permission)
	case status == http.StatusPreconditionFailed:
		return fault.Wrap(cause, fault.Conflict, "destination_exists", "An object stands there.")
	}
	return other(cause, reply.StatusCode)
}

// absent tells a bucket that isn't there from an object that isn't: creating and listing find no object missing, and for
// the others Google's text is all there is.
func (t *target) absent(cause error, text []byte, permission string) error {
	if permission == toCreate || permission == toReplace || permission == toList || bytes.Contains(text, []byte("bucket does not exist")) {
		return fault.Wrap(cause, fault.Invalid, "destination_bucket_missing", "The connector's bucket does not exist.")
	}
	return fault.Wrap(cause, fault.NotFound, "object_not_found", "There is no such object.")
}

func other(cause error, status int) error {
	switch {
	case status/100 == 3:
		return fault.Wrap(cause, fault.Unavailable, "destination_redirected", "The destination answered with a redirect, which is never followed.")
	case status >= 500 || status == http.StatusRequestTimeout || status == http.StatusConflict:
		return fault.Wrap(cause, fault.Unavailable, "destination_unavailable", "The destination did not answer, or failed.")
	}
	return fault.Wrap(cause, fault.Internal, "destination_unexpected", "The destination refused the request for a reason that we don't know.")
}

// reasonOf is the reason of Google's error, "" where there is none.
func reasonOf(text []byte) string {
	var said struct {
		Error struct {
			Errors []struct {
				Reason string `json:"reason"`
			} `json:"errors"`
		} `json:"error"`
	}
	if json.Unmarshal(text, &said) != nil || len(said.Error.Errors) == 0 {
		return ""
	}
	return said.Error.Errors[0].Reason
}

var codeWord = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\A[A-Za-z0-9_.]{1,64}\z`) })

// word is a code that may be shown: whatever else stands in its place is not repeated.
func word(code string) string {
	if !codeWord().MatchString(code) {
		return "no code"
	}
	return code
}
