package client

import (
	"encoding/json"
	"time"
)

// Status is how far an export is. A client must expect values that it doesn't know.
type Status string

// The values of Status.
const (
	StatusPending    Status = "pending"
	StatusProcessing Status = "processing"
	StatusCompleted  Status = "completed"
	StatusFailed     Status = "failed"
)

// Terminal reports whether the export has ended.
func (s Status) Terminal() bool { return s == StatusCompleted || s == StatusFailed }

// ExportType is what was exported.
type ExportType string

// The values of ExportType.
const (
	ExportIndex     ExportType = "index"
	ExportPromptRun ExportType = "prompt_run"
)

// ResultScope is which results an export holds.
type ResultScope string

// The values of ResultScope.
const (
	ResultsAll     ResultScope = "all"
	ResultsMatches ResultScope = "matches" // only what the prompt's selection filter selected
)

// The values of Export.DestinationType.
const (
	DestinationDownload  = "download"
	DestinationConnector = "connector"
)

// DeliveryReceipt is what the service read back at a connector's destination.
type DeliveryReceipt struct {
	URI            string    `json:"uri"`
	ManifestURI    string    `json:"manifest_uri"`
	Bytes          int64     `json:"bytes"`
	SHA256         string    `json:"sha256"` // in hex
	ETag           string    `json:"etag"`
	VersionID      string    `json:"version_id"`      // S3's or Azure's version, Cloud Storage's generation; "" where none is kept
	AlreadyPresent bool      `json:"already_present"` // an equal object stood there before
	DeliveredAt    time.Time `json:"delivered_at"`
	LatestURI      string    `json:"latest_uri"` // of an automation's export: latest.json, which names the latest delivery
}

// Export is one export as the API tells of it. What is null there is the zero value here.
type Export struct {
	ID          string     `json:"export_id"`
	TargetID    string     `json:"target_id"`
	Type        ExportType `json:"export_type"`
	Status      Status     `json:"status"`
	QueueStatus string     `json:"queue_status"`
	Attempts    int        `json:"attempts"`
	MaxAttempts int        `json:"max_attempts"`

	CreatedAt   time.Time `json:"created_at,omitzero"`
	AvailableAt time.Time `json:"available_at,omitzero"`
	StartedAt   time.Time `json:"started_at,omitzero"`
	CompletedAt time.Time `json:"completed_at,omitzero"`
	UpdatedAt   time.Time `json:"updated_at,omitzero"`
	ExpiresAt   time.Time `json:"expires_at,omitzero"` // from then on no file is given out; zero before completion
	ExpiresIn   string    `json:"expires_in"`          // how long files are kept after completion, such as "7d"; not every service tells it

	DownloadURL   string `json:"download_url"` // the path of the download route, where it gives the document
	FileSizeBytes *int64 `json:"file_size_bytes"`
	ErrorMessage  string `json:"error_message"`
	LastError     string `json:"last_error"`

	DestinationType        string        `json:"destination_type"`
	DestinationConnectorID string        `json:"destination_connector_id"`
	DestinationBasePath    string        `json:"destination_base_path"`
	DestinationSubpath     string        `json:"destination_subpath"`
	DestinationURI         string        `json:"destination_uri"` // the delivered document
	GCSURI                 string        `json:"gcs_uri"`         // the document; the name is kept whatever the store is
	Params                 *ExportParams `json:"export_params"`

	UserID                string           `json:"user_id"`
	ResultScope           ResultScope      `json:"result_scope"`
	PresignedURL          string           `json:"presigned_url"` // opens the document for whoever has it; Retrieve only
	PresignedURLExpiresAt time.Time        `json:"presigned_url_expires_at,omitzero"`
	Progress              *Progress        `json:"progress"`
	Counts                map[string]int64 `json:"counts"`
	SHA256                string           `json:"sha256"` // of the document, in hex; not every service tells it
	ManifestSHA256        string           `json:"manifest_sha256"`
	DeliveryReceipt       *DeliveryReceipt `json:"delivery_receipt"` // nil until the document is delivered to a connector
	Formats               []Format         `json:"formats"`
	Compression           Compression      `json:"compression"`
	Files                 []ExportFile     `json:"files"`   // empty until packaging is done; the manifest stands last
	Outcome               string           `json:"outcome"` // OutcomeCancelled, or "" where the status tells
	Origin                string           `json:"origin"`  // request or automation

	raw json.RawMessage
}

// ExportParams are what the export was asked for with.
type ExportParams struct {
	PromptRunIDs           []string `json:"prompt_run_ids"`
	DestinationConnectorID string   `json:"destination_connector_id"`
	DestinationBasePath    string   `json:"destination_base_path"`
	DestinationSubpath     string   `json:"destination_subpath"`
}

// Progress is how far the export is.
type Progress struct {
	Phase        string  `json:"phase"`
	RecordsDone  int64   `json:"records_done"`
	RecordsTotal int64   `json:"records_total"` // 0 until it is known
	BytesWritten int64   `json:"bytes_written"`
	Percent      float64 `json:"percent"`
	// BytesDelivered counts a byte half when it was sent to the connector and half when it was read back there; nil of
	// downloads.
	BytesDelivered *int64 `json:"bytes_delivered"`
	// SecondsLeft is about how long the phase goes on; nil where there is nothing to go by. See Left.
	SecondsLeft *int64 `json:"seconds_left"`
}

// Left is the service's estimate of how long the present phase goes on; ok is false without one.
func (p Progress) Left() (left time.Duration, ok bool) {
	if p.SecondsLeft == nil || *p.SecondsLeft < 0 || *p.SecondsLeft > maxLeft {
		return 0, false
	}
	return time.Duration(*p.SecondsLeft) * time.Second, true
}

// maxLeft is a year, in seconds: nobody means more.
const maxLeft = 365 * 24 * 60 * 60

// UnmarshalJSON implements json.Unmarshaler.
func (e *Export) UnmarshalJSON(raw []byte) error {
	type plain Export
	if err := json.Unmarshal(raw, (*plain)(e)); err != nil {
		return err
	}
	e.raw = append(json.RawMessage(nil), raw...)
	return nil
}

// RawJSON is the export as the API sent it, with what this package doesn't know.
func (e *Export) RawJSON() json.RawMessage { return e.raw }

// FileParams say which files to make. The zero value is one JSON document.
type FileParams struct {
	Formats     []Format    `json:"formats,omitempty"` // out of one reading of the results; the first is what DownloadURL gives
	Compression Compression `json:"compression,omitempty"`
	TextField   string      `json:"text_field,omitempty"` // of captions: the dotted name of their text
	ExpiresIn   string      `json:"expires_in,omitempty"` // how long they are kept: a number of hours or days from "1h" to "30d"; "7d" unless given
}

// CreateIndexExportParams say what to export of an index. The zero value is every finished run, for download.
type CreateIndexExportParams struct {
	PromptRunIDs           []string    `json:"prompt_run_ids,omitempty"`
	DestinationConnectorID string      `json:"destination_connector_id,omitempty"`
	DestinationSubpath     string      `json:"destination_subpath,omitempty"` // below the connector's base path
	ResultScope            ResultScope `json:"result_scope,omitempty"`
	FileParams

	// IdempotencyKey makes two calls one: the second gives the first one's export. A call without one is given a key
	// of its own, for its retries.
	IdempotencyKey string `json:"-"`
}

// CreatePromptRunExportParams say how to export a prompt run. The zero value is the whole run, for download.
type CreatePromptRunExportParams struct {
	DestinationConnectorID string      `json:"destination_connector_id,omitempty"`
	DestinationSubpath     string      `json:"destination_subpath,omitempty"`
	ResultScope            ResultScope `json:"result_scope,omitempty"`
	FileParams
	IdempotencyKey string `json:"-"` // see CreateIndexExportParams
}

// CreatedExport is an export that was accepted: it will end, whatever happens to the connection.
type CreatedExport struct {
	ID       string `json:"export_id"`
	Status   Status `json:"status"`
	Replayed bool   `json:"-"` // the idempotency key was used before, and this is the first call's export

	raw json.RawMessage
}

// RawJSON is the reply as the API sent it.
func (e *CreatedExport) RawJSON() json.RawMessage { return e.raw }

// DownloadLink opens an export's document without a key, for 15 minutes.
type DownloadLink struct {
	ExportID               string `json:"export_id"`
	Status                 Status `json:"status"`
	DestinationType        string `json:"destination_type"`
	DestinationConnectorID string `json:"destination_connector_id"`
	URL                    string `json:"download_url"` // "" unless the export is completed and a download
}
