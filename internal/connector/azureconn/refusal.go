package azureconn

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"sync"

	"github.com/videovector/exports/internal/connector/guard"
	"github.com/videovector/exports/internal/fault"
)

var (
	containerMissing = fault.New(fault.Invalid, "destination_bucket_missing", "The connector's container does not exist in its storage account.")
	accountMissing   = fault.New(fault.Invalid, "destination_account_missing", "The connector's storage account does not exist.")
	credentials      = fault.New(fault.Invalid, "destination_credentials_refused",
		"The storage account refuses the connector's application: it was deleted or disabled, or its tenant is not the storage account's.")
	locked  = fault.New(fault.Invalid, "destination_locked", "The object at the destination can't be changed: a lease, a legal hold or an immutability policy keeps it.")
	exists  = fault.New(fault.Conflict, "destination_exists", "An object stands there.")
	lost    = fault.New(fault.Unavailable, "destination_upload_lost", "The upload lost a block before it was whole; perhaps another try of the same delivery did it.")
	damaged = fault.New(fault.Unavailable, "destination_damaged", "What arrived at the destination was not what was sent.")
	badKey  = fault.New(fault.Invalid, "destination_key_refused", "The object's key can't be used in Azure Storage.")
)

// reasons are Blob Storage's error codes, where they say more than the status does, in words for the connector's owner.
var reasons = map[string]*fault.Error{
	"ContainerNotFound":     containerMissing,
	"ContainerBeingDeleted": containerMissing,
	"ContainerDisabled":     containerMissing,
	"ResourceNotFound":      containerMissing,
	"AccountIsDisabled":     fault.New(fault.Invalid, "destination_account_problem", "The connector's storage account is disabled."),
	"AuthorizationFailure": fault.New(fault.Invalid, "destination_network_refused",
		"The storage account refuses the request: its firewall and network rules must let this service in, and the application needs the role Storage Blob Data Contributor."),
	"AuthenticationFailed":        credentials,
	"InvalidAuthenticationInfo":   credentials,
	"NoAuthenticationInformation": credentials,
	"BlobAlreadyExists":           exists,
	"InvalidBlobType":             exists, // one of another kind
	"BlobImmutableDueToPolicy":    locked,
	"BlobImmutableDueToLegalHold": locked,
	"LeaseIdMissing":              locked,
	"SnapshotsPresent":            locked,
	"BlobArchived":                fault.New(fault.Invalid, "destination_archived", "The object at the destination is archived and can't be read back."),
	"BlobBeingRehydrated":         fault.New(fault.Invalid, "destination_archived", "The object at the destination is archived and can't be read back."),
	"Md5Mismatch":                 damaged,
	"InvalidBlockList":            lost,
	"InvalidBlobOrBlock":          lost,
	"InvalidBlockId":              lost,
	"InvalidResourceName":         badKey,
	"InvalidUri":                  badKey,
	"OutOfRangeInput":             badKey,
	"RequestUrlFailedToParse":     badKey,
}

// What each call needs, for whoever assigns roles.
const (
	toWrite   = "write"
	toReplace = "overwrite"
	toRead    = "read"
	toDelete  = "delete"
	toList    = "list"
)

// refusal reads a reply that isn't what was asked for, and says what the owner can do.
func (t *target) refusal(reply *http.Response, permission string) error {
	_, _ = io.Copy(io.Discard, reply.Body) // so that the connection can be used again; it is bounded
	_ = reply.Body.Close()                 // its code is in its header
	code := reply.Header.Get("x-ms-error-code")
	cause := fmt.Errorf("status %d, %s", reply.StatusCode, word(code))
	wait, busy := guard.AsksToWait(reply.StatusCode, reply.Header, t.clock())
	known := reasons[code]
	switch {
	case known == credentials:
		t.tokens.Drop()
	case known == locked && permission == toWrite:
		known = exists // it stands there, and is looked at next
	}
	switch {
	case known != nil:
		return fault.Wrap(cause, known.Kind, known.Code, known.Message)
	case busy || code == "ServerBusy":
		return guard.Busy(cause, wait)
	}
	return t.byStatus(cause, reply.StatusCode, permission)
}

func (t *target) byStatus(cause error, status int, permission string) error {
	switch {
	case status == http.StatusUnauthorized:
		t.tokens.Drop()
		return fault.Wrap(cause, credentials.Kind, credentials.Code, credentials.Message)
	case status == http.StatusForbidden:
		return fault.Wrap(cause, fault.Invalid, "destination_access_denied",
			"The connector's application may not "+permission+" blobs in its container. It needs the role Storage Blob Data Contributor there.")
	case status == http.StatusNotFound && permission == toRead, status == http.StatusNotFound && permission == toDelete:
		return fault.Wrap(cause, fault.NotFound, "object_not_found", "There is no such object.")
	case status == http.StatusNotFound:
		return fault.Wrap(cause, containerMissing.Kind, containerMissing.Code, containerMissing.Message)
	case status == http.StatusPreconditionFailed:
		return fault.Wrap(cause, exists.Kind, exists.Code, exists.Message)
	case status/100 == 3:
		return fault.Wrap(cause, fault.Unavailable, "destination_redirected", "The destination answered with a redirect, which is never followed.")
	case status >= 500 || status == http.StatusRequestTimeout || status == http.StatusConflict:
		return fault.Wrap(cause, fault.Unavailable, "destination_unavailable", "The destination did not answer, or failed.")
	}
	return fault.Wrap(cause, fault.Internal, "destination_unexpected", "The destination refused the request for a reason that we don't know.")
}

// unanswered gives a request that got no reply a kind. Every account has a name of its own in Azure's DNS, and one that
// doesn't exist has none.
func (t *target) unanswered(err error) error {
	var dns *net.DNSError
	if t.azure && errors.As(err, &dns) && dns.IsNotFound {
		return fault.Wrap(dns, accountMissing.Kind, accountMissing.Code, accountMissing.Message)
	}
	return guard.Unanswered(err)
}

var codeWord = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\A[A-Za-z0-9]{1,64}\z`) })

// word is a code that may be shown: whatever else stands in its place is not repeated.
func word(code string) string {
	if !codeWord().MatchString(code) {
		return "no code"
	}
	return code
}
