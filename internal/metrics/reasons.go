package metrics

import "slices"

// Reasons of failed exports that are no code of a failure of ours.
const (
	ReasonTimeout  = "step_timed_out"
	ReasonPlatform = "platform_error" // Lambda or Step Functions failed, or killed the function
	ReasonSilent   = "no_progress"    // the sweeper gave up
	ReasonOther    = "other"          // none of Reasons
)

// Reasons are the values of the dimension Reason, in order: the codes of failures that a step can meet, and the four
// above. A test holds them against the source.
var Reasons = []string{
	"address_invalid", "api_key_exists", "api_key_not_found", "api_key_revoked", "artifact_differs", "artifact_missing",
	"artifact_unreadable", "automation_not_found", "browse_too_long", "captions_too_large", "catalogue_inconsistent",
	"clock_skewed", "concurrent_write", "connector_exists", "connector_not_found", "connector_provider_unsupported",
	"connector_role_unsupported", "connector_scope_missing", "connector_unusable", "counts_differ",
	"credentials_missing", "delivery_not_found", "destination_access_denied", "destination_account_missing",
	"destination_account_problem",
	"destination_address_refused", "destination_archived", "destination_bucket_missing", "destination_busy",
	"destination_changed", "destination_credentials_expired", "destination_credentials_refused", "destination_damaged",
	"destination_encryption_refused", "destination_exists", "destination_full", "destination_key_refused",
	"destination_locked", "destination_network_refused", "destination_object_too_large", "destination_occupied",
	"destination_redirected", "destination_region_wrong", "destination_reply_too_long", "destination_requester_pays",
	"destination_role_refused", "destination_unavailable", "destination_unexpected", "destination_unsettled",
	"destination_upload_lost", "ending_not_found", "event_unreadable", "export_exists", "export_incomplete",
	"export_kept", "export_not_found", "export_superseded", "export_too_large", "file_too_large_to_deliver",
	"idempotency_not_found", "index_not_found", "internal_error", "invalid_id", "key_unavailable", "latest_unwritable",
	"manifest_unreadable", "no_progress", "not_signed", "nothing_to_deliver", "nothing_to_export", "object_not_found",
	"other", "part_unreadable", "platform_error", "prompt_run_not_found", "record_too_new", "report_missing",
	"results_changed", "results_invalid", "results_irregular", "results_missing", "role_region_disabled",
	"role_unavailable", "secret_unreadable", "secret_unwritable", "shard_unknown", "step_timed_out", "storage_failed",
	"store_failed", "store_throttled", "store_unavailable", "superseded", "webhook_exists", "webhook_not_found",
	"work_lost",
}

// bounded is the reason, or ReasonOther for one that is not listed.
func bounded(reason string) string {
	if _, ok := slices.BinarySearch(Reasons, reason); ok {
		return reason
	}
	return ReasonOther
}
