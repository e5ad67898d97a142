package client

import (
	"context"
	"encoding/json"
	"time"
)

// Format is what a file of an export is made as. A client must expect values that it doesn't know.
type Format string

// The values of Format. The last two stand for files that no request asks for.
const (
	FormatJSON        Format = "json"
	FormatNDJSON      Format = "ndjson"
	FormatCSV         Format = "csv"
	FormatParquet     Format = "parquet"
	FormatVTT         Format = "vtt"
	FormatSRT         Format = "srt"
	FormatVTTChapters Format = "vtt_chapters"
	FormatRejects     Format = "rejects"  // records that could not be exported, and why
	FormatManifest    Format = "manifest" // what describes and proves all other files
)

// Compression is how files of JSON, NDJSON and CSV are packed.
type Compression string

// The values of Compression.
const (
	CompressionNone Compression = "none"
	CompressionGzip Compression = "gzip"
	CompressionZstd Compression = "zstd"
)

// ExportFile is one file of an export, or a folder of them. What is null on the wire is the zero value here.
type ExportFile struct {
	Name   string `json:"name"` // a folder's ends with a slash
	Format Format `json:"format"`
	Bytes  int64  `json:"bytes"`
	Rows   int64  `json:"rows"`
	SHA256 string `json:"sha256"` // in hex; "" of a folder, and of files beyond 32 GiB
	Parts  int    `json:"parts"`  // of a folder: how many files, which the manifest lists
	Href   string `json:"href"`   // a path of the API, or the address at a connector's destination
}

// DryRun is what an export would be.
type DryRun struct {
	Rows  int64 `json:"rows"`
	Bytes int64 `json:"bytes"` // of the records
	Files []struct {
		Format        Format `json:"format"`
		BytesEstimate int64  `json:"bytes_estimate"`
	} `json:"files"`
	Columns []struct {
		Name string `json:"name"`
		Type string `json:"type"`
	} `json:"columns"` // of CSV and Parquet
	Sample      []json.RawMessage `json:"sample"` // the first records
	Destination *struct {
		ConnectorID   string    `json:"connector_id"`
		Provider      string    `json:"provider"`
		Path          string    `json:"path"`
		OK            bool      `json:"ok"`
		LastTestedAt  time.Time `json:"last_tested_at,omitzero"`
		LastTestError string    `json:"last_test_error"`
	} `json:"destination"`

	raw json.RawMessage
}

// RawJSON is the reply as the API sent it.
func (d *DryRun) RawJSON() json.RawMessage { return d.raw }

// DryRunIndexExport says what CreateIndexExport would make, and makes nothing.
func (s *ExportsService) DryRunIndexExport(ctx context.Context, indexID string, p CreateIndexExportParams) (*DryRun, error) {
	id, err := segment("index", indexID)
	if err != nil {
		return nil, err
	}
	return s.dryRun(ctx, "/exports/index"+id, struct {
		CreateIndexExportParams
		DryRun bool `json:"dry_run"`
	}{p, true})
}

// DryRunPromptRunExport says what CreatePromptRunExport would make, and makes nothing.
func (s *ExportsService) DryRunPromptRunExport(ctx context.Context, runID string, p CreatePromptRunExportParams) (*DryRun, error) {
	id, err := segment("run", runID)
	if err != nil {
		return nil, err
	}
	return s.dryRun(ctx, "/exports/prompt-run"+id, struct {
		CreatePromptRunExportParams
		DryRun bool `json:"dry_run"`
	}{p, true})
}

func (s *ExportsService) dryRun(ctx context.Context, path string, body any) (*DryRun, error) {
	r, err := post(path, body, "")
	if err != nil {
		return nil, err
	}
	var d DryRun
	rep, err := s.caller.fetch(ctx, r, &d)
	if err != nil {
		return nil, err
	}
	if d.Rows == 0 {
		return nil, rep.unexpected()
	}
	d.raw = rep.body
	return &d, nil
}
