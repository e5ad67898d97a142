package dynamostore

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// Codes of a cancelled transaction, one per item.
const (
	reasonCondition = "ConditionalCheckFailed"
	reasonConflict  = "TransactionConflict"
)

// failure turns an error of the SDK, which has spent its retries, into one of the contract's. What the SDK would try
// again is throttled or unavailable; the rest is broken.
func failure(err error) error {
	var known *fault.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case throttled(err):
		return overloaded(err)
	case passing(err):
		return store.Busy(err)
	}
	return store.Broken(err)
}

func overloaded(cause error) *fault.Error {
	f := fault.Wrap(cause, fault.Throttled, "store_throttled", "The record store is under load. Try again in a moment.")
	f.RetryAfter = time.Second
	return f
}

func throttled(err error) bool {
	if retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) == aws.TrueTernary {
		return true
	}
	return reason(err, "ThrottlingError") || reason(err, "ProvisionedThroughputExceeded") || reason(err, "RequestLimitExceeded")
}

func passing(err error) bool {
	var api smithy.APIError
	var conflict *types.TransactionConflictException
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.As(err, &conflict):
		return true
	case errors.As(err, &api) && api.ErrorFault() == smithy.FaultServer:
		return true
	}
	return reason(err, reasonConflict) || retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) == aws.TrueTernary
}

// reason reports whether err is a transaction that was cancelled for the code.
func reason(err error, code string) bool {
	for _, r := range reasons(err) {
		if aws.ToString(r.Code) == code {
			return true
		}
	}
	return false
}

// reasons is why a transaction was cancelled, one per item in the order of its writes; nil for any other error.
func reasons(err error) []types.CancellationReason {
	var cancelled *types.TransactionCanceledException
	if !errors.As(err, &cancelled) {
		return nil
	}
	return cancelled.CancellationReasons
}
