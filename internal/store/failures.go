package store

import (
	"slices"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
)

// The failures of the contract, alike in every implementation.
var (
	ErrExportNotFound = fault.New(fault.NotFound, "export_not_found", "There is no such export.")
	// ErrExportDeleted is alike for whoever asks for an export; who works on one learns that it was there.
	ErrExportDeleted       = fault.New(fault.NotFound, "export_not_found", "There is no such export.")
	ErrIdempotencyNotFound = fault.New(fault.NotFound, "idempotency_not_found", "No request was made under this key.")
	ErrIndexNotFound       = fault.New(fault.NotFound, "index_not_found", "There is no such index.")
	ErrRunNotFound         = fault.New(fault.NotFound, "prompt_run_not_found", "There is no such prompt run.")
	ErrConnectorNotFound   = fault.New(fault.NotFound, "connector_not_found", "There is no such connector.")
	ErrAutomationNotFound  = fault.New(fault.NotFound, "automation_not_found", "This index has no export automation.")
	ErrEndingNotFound      = fault.New(fault.NotFound, "ending_not_found", "No end of this run was noted.")
	ErrAPIKeyNotFound      = fault.New(fault.NotFound, "api_key_not_found", "There is no such API key.")
	// ErrAPIKeyExists refuses to create a key whose id or hash another one has.
	ErrAPIKeyExists = fault.New(fault.Conflict, "api_key_exists", "There is an API key with this id already.")
	// ErrAPIKeyRevoked refuses to replace a key that has ended.
	ErrAPIKeyRevoked = fault.New(fault.Conflict, "api_key_revoked", "This API key was revoked. Create another one.")
	// ErrExportExists refuses to create an export under an id that another one has.
	ErrExportExists = fault.New(fault.Conflict, "export_exists", "There is an export with this id already.")
	// ErrExportKept refuses to remove an export that was not deleted.
	ErrExportKept = fault.New(fault.Conflict, "export_kept", "The export was not deleted.")
	// ErrConnectorExists refuses to create a connector under an id that another one has.
	ErrConnectorExists = fault.New(fault.Conflict, "connector_exists", "There is a connector with this id already.")
)

// Busy is a passing failure of the store: the same call may succeed later.
func Busy(cause error) *fault.Error {
	f := fault.Wrap(cause, fault.Unavailable, "store_unavailable", "The record store did not answer. Try again.")
	f.RetryAfter = time.Second
	return f
}

// Broken is a failure that no repetition mends: a defect, or records that can't be read.
func Broken(cause error) *fault.Error {
	return fault.Wrap(cause, fault.Internal, "store_failed", "The record store failed. If it stays, report the request id.")
}

// TooNew refuses a record that a newer release of this service wrote, as long as this one runs: while a deployment is under
// way, or after it was taken back too far.
func TooNew(version, known int) *fault.Error {
	f := fault.New(fault.Unavailable, "record_too_new", "This was written by a newer release of the service. Try again in a while.")
	f.RetryAfter = time.Minute
	return f.With("version", version).With("known", known)
}

// Refused is why a write under the fence was not accepted over the stored record.
func Refused(stored export.Export, fence export.Fence) *fault.Error {
	if stored.Generation != fence.Generation || !slices.Contains(fence.Statuses, stored.Status) {
		return fault.Newf(fault.Superseded, "export_superseded",
			"The export moved on: it is %s in generation %d, the write was of generation %d.", stored.Status, stored.Generation, fence.Generation)
	}
	return Overtaken("export")
}

// Overtaken is why a write was not accepted over a record that someone else has written since it was read.
func Overtaken(what string) *fault.Error {
	f := fault.Newf(fault.Unavailable, "concurrent_write", "Someone else wrote the %s at the same time. Read it and try again.", what)
	f.RetryAfter = time.Second
	return f
}
