package s3blob

import (
	"errors"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/videovector/exports/internal/blob/s3get"
	"github.com/videovector/exports/internal/fault"
)

// kinds are the S3 error codes that say more than their status does.
var kinds = map[string]fault.Kind{
	"NoSuchKey": fault.NotFound, "NotFound": fault.NotFound, "NoSuchUpload": fault.NotFound,
	"NoSuchBucket":       fault.Internal,
	"PreconditionFailed": fault.Conflict, "InvalidRange": fault.Invalid,
	// S3 answers this when two conditional writes of a key race; one of them may be repeated.
	"ConditionalRequestConflict": fault.Unavailable, "OperationAborted": fault.Unavailable,
	"InvalidPart":    fault.Unavailable,                                                                      // it was replaced, by a worker that woke up late
	"RequestTimeout": fault.Unavailable, "IncompleteBody": fault.Unavailable, "BadDigest": fault.Unavailable, // cut or changed on the way
	"SlowDown": fault.Throttled, "Throttling": fault.Throttled, "RequestLimitExceeded": fault.Throttled,
}

// Failure gives a client's error a kind. A reply that never came is fault.Unavailable: the call may have had its
// effect.
func Failure(err error) error {
	if err == nil {
		return nil
	}
	kind := fault.Unavailable
	var api smithy.APIError
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) && response.HTTPStatusCode() != 0 {
		kind = s3get.StatusKind(response.HTTPStatusCode())
	}
	if errors.As(err, &api) {
		if k, ok := kinds[api.ErrorCode()]; ok {
			kind = k
		}
	}
	return fault.Wrap(err, kind, "storage_failed", "The object storage did not do what was asked. Try again.")
}
