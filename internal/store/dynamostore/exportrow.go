package dynamostore

import (
	"time"

	"github.com/videovector/exports/internal/export"
)

// exportRow is an export. OpenShard and DueAt are there as long as it is due at some time: they are what puts the item into
// the index of open exports, or beside them, of those that have ended.
type exportRow struct {
	ID          string             `dynamodbav:"export_id"`
	AccountID   string             `dynamodbav:"account_id"`
	UserID      string             `dynamodbav:"user_id"`
	Origin      export.Origin      `dynamodbav:"origin,omitempty"`
	Type        export.Type        `dynamodbav:"type"`
	TargetID    string             `dynamodbav:"target_id"`
	RunIDs      []string           `dynamodbav:"run_ids,omitempty"`
	Scope       export.ResultScope `dynamodbav:"result_scope"`
	Destination *destinationRow    `dynamodbav:"destination,omitempty"`
	Formats     []export.Format    `dynamodbav:"formats,omitempty"`
	Compression export.Compression `dynamodbav:"compression,omitempty"`
	TextField   string             `dynamodbav:"text_field,omitempty"`
	KeepHours   int                `dynamodbav:"keep_hours,omitempty"`

	Status            export.Status      `dynamodbav:"status"`
	QueueStatus       export.QueueStatus `dynamodbav:"queue_status"`
	Generation        int                `dynamodbav:"generation"`
	Revision          int64              `dynamodbav:"revision"`
	ClaimedGeneration int                `dynamodbav:"claimed_generation"`
	RetriedGeneration int                `dynamodbav:"retried_generation,omitempty"`
	FreshGeneration   int                `dynamodbav:"fresh_generation,omitempty"`
	Attempts          int                `dynamodbav:"attempts"`
	MaxAttempts       int                `dynamodbav:"max_attempts"`

	CreatedAt   time.Time `dynamodbav:"created_at,omitempty"`
	AvailableAt time.Time `dynamodbav:"available_at,omitempty"`
	StartedAt   time.Time `dynamodbav:"started_at,omitempty"`
	CompletedAt time.Time `dynamodbav:"completed_at,omitempty"`
	UpdatedAt   time.Time `dynamodbav:"updated_at,omitempty"`
	ExpiresAt   time.Time `dynamodbav:"artifact_expires_at,omitempty"`
	RetriedAt   time.Time `dynamodbav:"retried_at,omitempty"`
	DeletedAt   time.Time `dynamodbav:"deleted_at,omitempty"`
	OpenShard   string    `dynamodbav:"open_shard,omitempty"`
	DueAt       millis    `dynamodbav:"due_at,omitempty"`

	Progress     progressRow    `dynamodbav:"progress"`
	Artifact     *artifactRow   `dynamodbav:"artifact,omitempty"`
	Link         *linkRow       `dynamodbav:"link,omitempty"`
	Receipt      *receiptRow    `dynamodbav:"receipt,omitempty"`
	LastError    string         `dynamodbav:"last_error,omitempty"`
	ErrorMessage string         `dynamodbav:"error_message,omitempty"`
	Outcome      export.Outcome `dynamodbav:"outcome,omitempty"`
	EventMark    string         `dynamodbav:"event_mark,omitempty"`
	Ended        []endRow       `dynamodbav:"ended,omitempty"`

	// TTL lets DynamoDB clear away what has ended long ago, days later perhaps: export.Forgotten decides.
	TTL int64 `dynamodbav:"ttl,omitempty"`
	// WriteToken is the writer's own, new with every write: who finds it in the item knows that the write was done.
	WriteToken string `dynamodbav:"write_token"`
}

type endRow struct {
	Generation   int                `dynamodbav:"generation"`
	Mark         string             `dynamodbav:"mark"`
	QueueStatus  export.QueueStatus `dynamodbav:"queue_status"`
	Outcome      export.Outcome     `dynamodbav:"outcome,omitempty"`
	Attempts     int                `dynamodbav:"attempts"`
	LastError    string             `dynamodbav:"last_error,omitempty"`
	ErrorMessage string             `dynamodbav:"error_message,omitempty"`
	CompletedAt  time.Time          `dynamodbav:"completed_at,omitempty"`
}

type destinationRow struct {
	ConnectorID string `dynamodbav:"connector_id"`
	BasePath    string `dynamodbav:"base_path"`
	Subpath     string `dynamodbav:"subpath"`
}

type progressRow struct {
	Phase        export.Phase `dynamodbav:"phase"`
	RecordsDone  int64        `dynamodbav:"records_done"`
	RecordsTotal int64        `dynamodbav:"records_total"`
	BytesWritten int64        `dynamodbav:"bytes_written"`
	BytesTotal   int64        `dynamodbav:"bytes_total"`

	BytesDelivered int64     `dynamodbav:"bytes_delivered,omitempty"`
	Since          time.Time `dynamodbav:"since,omitempty"`
	NotedAt        time.Time `dynamodbav:"noted_at,omitempty"`
	Shards         int       `dynamodbav:"shards,omitempty"`
}

type artifactRow struct {
	Bucket         string        `dynamodbav:"bucket"`
	Key            string        `dynamodbav:"key"`
	ManifestKey    string        `dynamodbav:"manifest_key"`
	Bytes          int64         `dynamodbav:"bytes"`
	SHA256         string        `dynamodbav:"sha256"`
	ManifestSHA256 string        `dynamodbav:"manifest_sha256"`
	Counts         export.Counts `dynamodbav:"counts"`
	Files          []fileRow     `dynamodbav:"files,omitempty"`
	CommittedAt    time.Time     `dynamodbav:"committed_at,omitempty"`
}

type fileRow struct {
	Name     string        `dynamodbav:"name"`
	Format   export.Format `dynamodbav:"format"`
	Bytes    int64         `dynamodbav:"bytes"`
	Rows     int64         `dynamodbav:"rows"`
	SHA256   string        `dynamodbav:"sha256"`
	Parts    int           `dynamodbav:"parts,omitempty"`
	Rejected bool          `dynamodbav:"rejected,omitempty"`
}

func artifactRowOf(a *export.Artifact) *artifactRow {
	if a == nil {
		return nil
	}
	r := &artifactRow{a.Bucket, a.Key, a.ManifestKey, a.Bytes, a.SHA256, a.ManifestSHA256, a.Counts, nil, a.CommittedAt}
	for _, f := range a.Files {
		r.Files = append(r.Files, fileRow(f))
	}
	return r
}

func (r *artifactRow) artifact() *export.Artifact {
	if r == nil {
		return nil
	}
	a := &export.Artifact{
		Bucket: r.Bucket, Key: r.Key, ManifestKey: r.ManifestKey, Bytes: r.Bytes, SHA256: r.SHA256,
		ManifestSHA256: r.ManifestSHA256, Counts: r.Counts, CommittedAt: r.CommittedAt,
	}
	for _, f := range r.Files {
		a.Files = append(a.Files, export.File(f))
	}
	return a
}

type linkRow struct {
	URL       string    `dynamodbav:"url"`
	ExpiresAt time.Time `dynamodbav:"expires_at,omitempty"`
}

type receiptRow struct {
	URI            string    `dynamodbav:"uri"`
	ManifestURI    string    `dynamodbav:"manifest_uri"`
	Bytes          int64     `dynamodbav:"bytes"`
	SHA256         string    `dynamodbav:"sha256"`
	ETag           string    `dynamodbav:"etag"`
	VersionID      string    `dynamodbav:"version_id"`
	DeliveredAt    time.Time `dynamodbav:"delivered_at,omitempty"`
	AlreadyPresent bool      `dynamodbav:"already_present"`
	LatestURI      string    `dynamodbav:"latest_uri,omitempty"`
}

func rowOf(e export.Export, token string) exportRow {
	r := exportRow{
		ID: e.ID, AccountID: e.AccountID, UserID: e.UserID, Origin: e.Origin,
		Type: e.Request.Type, TargetID: e.Request.TargetID, RunIDs: e.Request.RunIDs, Scope: e.Request.Scope,
		Destination: (*destinationRow)(e.Request.Destination),
		Formats:     e.Request.Formats, Compression: e.Request.Compression, TextField: e.Request.TextField, KeepHours: e.Request.KeepHours,
		Status: e.Status, QueueStatus: e.QueueStatus, Generation: e.Generation, Revision: e.Revision,
		ClaimedGeneration: e.ClaimedGeneration, RetriedGeneration: e.RetriedGeneration, FreshGeneration: e.FreshGeneration,
		Attempts: e.Attempts, MaxAttempts: e.MaxAttempts,
		CreatedAt: e.CreatedAt, AvailableAt: e.AvailableAt, StartedAt: e.StartedAt, CompletedAt: e.CompletedAt,
		UpdatedAt: e.UpdatedAt, ExpiresAt: e.ExpiresAt, RetriedAt: e.RetriedAt, DeletedAt: e.DeletedAt,
		Progress: progressRow(e.Progress), Artifact: artifactRowOf(e.Artifact), Link: (*linkRow)(e.Link), Receipt: (*receiptRow)(e.Receipt),
		LastError: e.LastError, ErrorMessage: e.ErrorMessage, Outcome: e.Outcome, EventMark: e.EventMark,
		WriteToken: token,
	}
	for _, end := range e.Ended {
		r.Ended = append(r.Ended, endRow(end))
	}
	switch {
	case e.DueAt.IsZero():
	case e.Open():
		r.OpenShard, r.DueAt = shardOf(e.ID), millis(e.DueAt)
	default:
		r.OpenShard, r.DueAt = closingShard, millis(e.DueAt)
	}
	if at := e.ForgottenAt(); !at.IsZero() {
		r.TTL = at.Unix() + 1
	}
	return r
}

func (r exportRow) export() export.Export {
	var ended []export.End
	for _, end := range r.Ended {
		ended = append(ended, export.End(end))
	}
	return export.Export{
		ID: r.ID, AccountID: r.AccountID, UserID: r.UserID, Origin: r.Origin,
		Request: export.Request{
			Type: r.Type, TargetID: r.TargetID, RunIDs: r.RunIDs, Scope: r.Scope, Destination: (*export.Destination)(r.Destination),
			Formats: r.Formats, Compression: r.Compression, TextField: r.TextField, KeepHours: r.KeepHours,
		},
		Status: r.Status, QueueStatus: r.QueueStatus, Generation: r.Generation, Revision: r.Revision,
		ClaimedGeneration: r.ClaimedGeneration, RetriedGeneration: r.RetriedGeneration, FreshGeneration: r.FreshGeneration,
		Attempts: r.Attempts, MaxAttempts: r.MaxAttempts,
		CreatedAt: r.CreatedAt, AvailableAt: r.AvailableAt, StartedAt: r.StartedAt, CompletedAt: r.CompletedAt,
		UpdatedAt: r.UpdatedAt, ExpiresAt: r.ExpiresAt, RetriedAt: r.RetriedAt, DeletedAt: r.DeletedAt, DueAt: time.Time(r.DueAt),
		Progress: export.Progress(r.Progress), Artifact: r.Artifact.artifact(), Link: (*export.Link)(r.Link), Receipt: (*export.Receipt)(r.Receipt),
		LastError: r.LastError, ErrorMessage: r.ErrorMessage, Outcome: r.Outcome, EventMark: r.EventMark, Ended: ended,
	}
}
