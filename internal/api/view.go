package api

import (
	"cmp"
	"time"

	"github.com/videovector/exports/internal/export"
)

// exportView is the export object on the wire. Published clients check it strictly: every one of the first 23 fields
// is always there, and the rules that bind them together hold at every moment of an export's life. What is ours
// stands after them.
type exportView struct {
	ExportID               string      `json:"export_id"`
	TargetID               string      `json:"target_id"`
	ExportType             string      `json:"export_type"`
	Status                 string      `json:"status"`
	QueueStatus            *string     `json:"queue_status"`
	Attempts               int         `json:"attempts"`
	MaxAttempts            int         `json:"max_attempts"`
	CreatedAt              *string     `json:"created_at"`
	AvailableAt            *string     `json:"available_at"`
	StartedAt              *string     `json:"started_at"`
	CompletedAt            *string     `json:"completed_at"`
	UpdatedAt              *string     `json:"updated_at"`
	DownloadURL            *string     `json:"download_url"`
	FileSizeBytes          *int64      `json:"file_size_bytes"`
	ErrorMessage           *string     `json:"error_message"`
	LastError              *string     `json:"last_error"`
	DestinationType        string      `json:"destination_type"`
	DestinationConnectorID *string     `json:"destination_connector_id"`
	DestinationBasePath    *string     `json:"destination_base_path"`
	DestinationSubpath     *string     `json:"destination_subpath"`
	DestinationURI         *string     `json:"destination_uri"`
	GCSURI                 *string     `json:"gcs_uri"`
	ExportParams           *paramsView `json:"export_params"`

	UserID                *string          `json:"user_id"`
	ResultScope           string           `json:"result_scope"`
	PresignedURL          *string          `json:"presigned_url"`
	PresignedURLExpiresAt *string          `json:"presigned_url_expires_at"`
	Progress              progressView     `json:"progress"`
	Counts                *export.Counts   `json:"counts"`
	SHA256                *string          `json:"sha256"`
	ManifestSHA256        *string          `json:"manifest_sha256"`
	DeliveryReceipt       *receiptView     `json:"delivery_receipt"`
	ExpiresAt             *string          `json:"expires_at"`
	ExpiresIn             string           `json:"expires_in"`
	Formats               []string         `json:"formats"`
	Compression           string           `json:"compression"`
	Files                 []exportFileView `json:"files"`
	Outcome               *string          `json:"outcome"` // "cancelled", or nothing that the status doesn't tell
	Origin                string           `json:"origin"`
}

// paramsView echoes what the caller gave. It may hold these four keys and no other, each equal to its top-level field.
type paramsView struct {
	PromptRunIDs           []string `json:"prompt_run_ids,omitempty"`
	DestinationConnectorID *string  `json:"destination_connector_id,omitempty"`
	DestinationBasePath    *string  `json:"destination_base_path,omitempty"`
	DestinationSubpath     *string  `json:"destination_subpath,omitempty"`
}

// receiptView is what was read back at the connector's destination.
type receiptView struct {
	URI            string  `json:"uri"`
	ManifestURI    string  `json:"manifest_uri"`
	Bytes          int64   `json:"bytes"`
	SHA256         string  `json:"sha256"`
	ETag           *string `json:"etag"`
	VersionID      *string `json:"version_id"`
	AlreadyPresent bool    `json:"already_present"`
	DeliveredAt    *string `json:"delivered_at"`
	LatestURI      *string `json:"latest_uri"`
}

func receipt(r *export.Receipt) *receiptView {
	if r == nil {
		return nil
	}
	return &receiptView{r.URI, r.ManifestURI, r.Bytes, r.SHA256, given(r.ETag), given(r.VersionID), r.AlreadyPresent, stamp(r.DeliveredAt), given(r.LatestURI)}
}

type progressView struct {
	Phase        export.Phase `json:"phase"`
	RecordsDone  int64        `json:"records_done"`
	RecordsTotal int64        `json:"records_total"`
	BytesWritten int64        `json:"bytes_written"`
	Percent      int          `json:"percent"` // 100 means completed, and nothing else does
	// BytesDelivered is null of downloads; SecondsLeft, of the present phase, where there is nothing to go by.
	BytesDelivered *int64 `json:"bytes_delivered"`
	SecondsLeft    *int64 `json:"seconds_left"`
}

// view is the record as clients see it at the time now.
func view(e export.Export, now time.Time) exportView {
	v := exportView{
		ExportID: e.ID, TargetID: e.Request.TargetID, ExportType: string(e.Request.Type),
		Status: string(e.Status), QueueStatus: given(string(e.QueueStatus)),
		Attempts: e.Attempts, MaxAttempts: e.MaxAttempts,
		CreatedAt: stamp(e.CreatedAt), AvailableAt: stamp(e.AvailableAt), StartedAt: stamp(e.StartedAt),
		CompletedAt: stamp(e.CompletedAt), UpdatedAt: stamp(e.UpdatedAt), ExpiresAt: stamp(e.ExpiresAt),
		ExpiresIn:    export.FormatLife(e.Request.Life()),
		ErrorMessage: given(e.ErrorMessage), LastError: given(e.LastError),
		UserID: given(e.UserID), ResultScope: string(e.Request.Scope), Progress: progress(e, now), DeliveryReceipt: receipt(e.Receipt),
		Outcome: given(string(e.Outcome)), Origin: cmp.Or(string(e.Origin), "request"),
		Formats: formatsOf(e.Request), Compression: string(cmp.Or(e.Request.Compression, export.None)),
	}
	v.place(e, now)
	v.Files = filesOf(e, now)
	v.ExportParams = params(e.Request.RunIDs, &v)
	if a := e.Artifact; a != nil {
		v.FileSizeBytes, v.Counts, v.SHA256, v.ManifestSHA256 = &a.Bytes, &a.Counts, given(a.SHA256), given(a.ManifestSHA256)
	}
	return v
}

// place fills in where the document goes and where it can be had.
func (v *exportView) place(e export.Export, now time.Time) {
	v.DestinationType = destinationType(e)
	if d := e.Request.Destination; d != nil {
		v.DestinationConnectorID = given(d.ConnectorID)
		v.DestinationBasePath, v.DestinationSubpath = given(d.BasePath), given(d.Subpath)
		if e.Receipt != nil {
			v.DestinationURI = given(e.Receipt.URI)
		}
		v.GCSURI = v.DestinationURI
		return
	}
	if e.Status == export.StatusCompleted && e.Artifact != nil {
		v.GCSURI = given(e.Artifact.URI())
	}
	if downloadable(e, now) {
		v.DownloadURL = given(downloadPath(e.ID))
	}
}

func destinationType(e export.Export) string {
	if e.ToConnector() {
		return "connector"
	}
	return "download"
}

// kept reports whether the export's document is there: the export has completed and the document's time isn't up.
func kept(e export.Export, now time.Time) bool {
	return e.Status == export.StatusCompleted && e.Artifact != nil && !e.Expired(now)
}

// downloadable reports whether the download route gives the document out.
func downloadable(e export.Export, now time.Time) bool {
	return kept(e, now) && e.QueueStatus == export.QueueSucceeded && !e.ToConnector()
}

// params is nil when the caller gave nothing.
func params(runIDs []string, v *exportView) *paramsView {
	p := paramsView{runIDs, v.DestinationConnectorID, v.DestinationBasePath, v.DestinationSubpath}
	if len(p.PromptRunIDs) == 0 && p.DestinationConnectorID == nil {
		return nil
	}
	return &p
}

func progress(e export.Export, now time.Time) progressView {
	p := e.Progress
	v := progressView{Phase: p.Phase, RecordsDone: p.RecordsDone, RecordsTotal: p.RecordsTotal, BytesWritten: p.BytesWritten}
	if e.ToConnector() {
		v.BytesDelivered = &p.BytesDelivered
	}
	if left, ok := e.TimeLeft(now); ok {
		seconds := int64(left / time.Second)
		v.SecondsLeft = &seconds
	}
	switch {
	case e.Status == export.StatusCompleted:
		v.Percent = 100
	case p.RecordsTotal > 0:
		v.Percent = int(min(99, max(0, 100*float64(p.RecordsDone)/float64(p.RecordsTotal))))
	}
	return v
}

// given is a pointer to s, nil for the empty string.
func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// stamp is t as ISO 8601 in UTC with milliseconds, nil for the zero time.
func stamp(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return given(t.UTC().Format("2006-01-02T15:04:05.000Z"))
}
