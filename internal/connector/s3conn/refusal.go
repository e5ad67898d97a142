package s3conn

import (
	"errors"
	"net/http"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/videovector/exports/internal/blob/s3blob"
	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/connector/guard"
	"github.com/videovector/exports/internal/fault"
)

// reasons are S3's error codes in words for the connector's owner.
var reasons = map[string]*fault.Error{
	"NoSuchBucket":                 fault.New(fault.Invalid, "destination_bucket_missing", "The connector's bucket does not exist."),
	"InvalidBucketName":            fault.New(fault.Invalid, "destination_bucket_missing", "The connector's bucket can't exist under its name."),
	"InvalidAccessKeyId":           fault.New(fault.Invalid, "destination_credentials_refused", "The connector's access key does not exist any more."),
	"SignatureDoesNotMatch":        fault.New(fault.Invalid, "destination_credentials_refused", "The connector's secret access key is not the one of its access key id."),
	"InvalidToken":                 fault.New(fault.Invalid, "destination_credentials_refused", "The connector's credentials were taken back."),
	"ExpiredToken":                 fault.New(fault.Unavailable, "destination_credentials_expired", "The credentials of the connector's role ended before the work did."),
	"InvalidSecurity":              fault.New(fault.Invalid, "destination_credentials_refused", "The connector's credentials are not valid."),
	"AccountProblem":               fault.New(fault.Invalid, "destination_account_problem", "AWS refuses the bucket's account: look at its billing and its state."),
	"AllAccessDisabled":            fault.New(fault.Invalid, "destination_account_problem", "AWS has disabled all access to the connector's bucket."),
	"NotSignedUp":                  fault.New(fault.Invalid, "destination_account_problem", "The bucket's account is not signed up for S3."),
	"InvalidObjectState":           fault.New(fault.Invalid, "destination_archived", "The object at the destination is archived and can't be read back."),
	"KeyTooLongError":              fault.New(fault.Invalid, "destination_key_refused", "The object's key is too long for the bucket."),
	"KMS.DisabledException":        fault.New(fault.Invalid, "destination_encryption_refused", "The KMS key of the connector's bucket is disabled."),
	"KMS.NotFoundException":        fault.New(fault.Invalid, "destination_encryption_refused", "The KMS key of the connector's bucket does not exist."),
	"RequestTimeTooSkewed":         fault.New(fault.Unavailable, "clock_skewed", "The destination's clock and ours differ too much."),
	"NoSuchUpload":                 fault.New(fault.Unavailable, "destination_upload_lost", "The upload was dropped before it was whole; perhaps another try of the same delivery did it."),
	"InvalidPart":                  fault.New(fault.Unavailable, "destination_upload_lost", "The upload lost a part before it was whole."),
	"BadDigest":                    fault.New(fault.Unavailable, "destination_damaged", "What arrived at the destination was not what was sent."),
	"XAmzContentSHA256Mismatch":    fault.New(fault.Unavailable, "destination_damaged", "What arrived at the destination was not what was sent."),
	"QuotaExceeded":                fault.New(fault.Invalid, "destination_full", "The connector's bucket has no room."),
	"ObjectLockConfigurationError": fault.New(fault.Invalid, "destination_locked", "The connector's bucket refuses the object by its lock rules."),
}

// permissions are what each call needs, for whoever wrote the policy.
var permissions = map[string]string{
	"GetObject":               "s3:GetObject, and s3:ListBucket, without which an absent object looks like a forbidden one",
	"PutObject":               "s3:PutObject",
	"CreateMultipartUpload":   "s3:PutObject",
	"UploadPart":              "s3:PutObject",
	"CompleteMultipartUpload": "s3:PutObject",
	"AbortMultipartUpload":    "s3:AbortMultipartUpload",
	"ListMultipartUploads":    "s3:ListBucketMultipartUploads",
	"ListObjectsV2":           "s3:ListBucket",
	"DeleteObject":            "s3:DeleteObject",
}

// others are the words for what has none of its own, by kind.
var others = map[fault.Kind]*fault.Error{
	fault.NotFound:    fault.New(fault.NotFound, "object_not_found", "There is no such object."),
	fault.Conflict:    fault.New(fault.Conflict, "destination_exists", "An object stands there."),
	fault.Unavailable: fault.New(fault.Unavailable, "destination_unavailable", "The destination did not answer, or failed."),
}

// explain says what the owner can do, where S3 said it; every other failure keeps its kind.
func (t target) explain(err error) error {
	if err == nil {
		return nil
	}
	if known := within(err); known != nil {
		return known
	}
	if region := regionOf(err); region != "" && region != t.region {
		return fault.Wrap(err, fault.Invalid, "destination_region_wrong", "The connector's bucket is in the region "+region+", not in "+t.region+".")
	}
	if busy := busy(err); busy != nil {
		return busy
	}
	if refusal := refusal(err); refusal != nil {
		return refusal
	}
	kind := fault.KindOf(s3blob.Failure(err))
	if o, ok := others[kind]; ok {
		return fault.Wrap(err, kind, o.Code, o.Message)
	}
	return fault.Wrap(err, fault.Internal, "destination_unexpected", "The destination refused the request for a reason that we don't know.")
}

// refusal is S3's own in words, nil where there are none.
func refusal(err error) error {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return nil
	}
	if r, ok := reasons[api.ErrorCode()]; ok {
		return fault.Wrap(err, r.Kind, r.Code, r.Message)
	}
	switch status(err) {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fault.Wrap(err, fault.Invalid, "destination_access_denied",
			"The connector's key or role may not do this in its bucket. It needs "+permission(err)+" there, and the use of the bucket's KMS key if it has one.")
	case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return fault.Wrap(err, fault.Unavailable, "destination_redirected", "The destination answered with a redirect, which is never followed.")
	}
	return nil
}

func permission(err error) string {
	var call *smithy.OperationError
	if errors.As(err, &call) && permissions[call.Operation()] != "" {
		return permissions[call.Operation()]
	}
	return "more permissions"
}

// within is a failure of ours that the SDK handed through: a refused address, or a role that can't be taken.
func within(err error) *fault.Error {
	var outer, inner *fault.Error
	if !errors.As(err, &outer) {
		return nil
	}
	if outer.Code != "storage_failed" { // s3blob's own, around everything
		return outer
	}
	if errors.As(outer.Unwrap(), &inner) {
		return inner
	}
	return nil
}

// busy is a refusal for now, with the wait that came with it.
func busy(err error) error {
	response := response(err)
	if response == nil {
		return nil
	}
	wait, busy := guard.AsksToWait(response.StatusCode, response.Header, time.Now())
	if busy || fault.KindOf(s3blob.Failure(err)) == fault.Throttled {
		return guard.Busy(err, wait)
	}
	return nil
}

// regionOf is the region that S3 says the bucket is in, "" where it doesn't.
func regionOf(err error) string {
	if r := response(err); r != nil {
		if region := r.Header.Get("x-amz-bucket-region"); connector.CheckRegion(region) == nil {
			return region
		}
	}
	return ""
}

func status(err error) int {
	if r := response(err); r != nil {
		return r.StatusCode
	}
	return 0
}

func response(err error) *smithyhttp.Response {
	var r *smithyhttp.ResponseError
	if errors.As(err, &r) && r.Response != nil && r.Response.Response != nil {
		return r.Response
	}
	return nil
}
