package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/artifact/columns"
	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// Results opens the objects that the catalogue names.
type Results interface {
	Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, blob.Info, error)
}

const (
	sampleRecords = 3
	sampleBytes   = 1 << 20 // of the first part, in which records for the sample are looked for
)

// dryRunView is what an export would be.
type dryRunView struct {
	DryRun      bool              `json:"dry_run"`
	Rows        int64             `json:"rows"`
	Bytes       int64             `json:"bytes"`
	Files       []estimateView    `json:"files"`
	Columns     []columnView      `json:"columns"`
	Sample      []json.RawMessage `json:"sample"`
	Destination *destinationView  `json:"destination"`
}

type estimateView struct {
	Format        export.Format `json:"format"`
	BytesEstimate int64         `json:"bytes_estimate"`
}

type columnView struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

type destinationView struct {
	ConnectorID   string  `json:"connector_id"`
	Provider      string  `json:"provider"`
	Path          string  `json:"path"`
	OK            bool    `json:"ok"`
	LastTestedAt  *string `json:"last_tested_at"`
	LastTestError *string `json:"last_test_error"`
}

// tryOut answers what the order would make. It refuses what the order would be refused for, and writes nothing.
func (s creator) tryOut(ctx context.Context, p auth.Principal, o order) (dryRunView, error) {
	now := s.Clock()
	request, f, err := resolve(ctx, s.Records, p.AccountID, o, now)
	if err != nil {
		return dryRunView{}, err
	}
	runs := f.selected(o, now)
	slices.SortFunc(runs, export.CompareRuns)
	v := dryRunView{DryRun: true, Columns: tableOf(runs), Destination: destination(request.Destination, f.connector)}
	for _, r := range runs {
		v.Rows, v.Bytes = v.Rows+r.Rows, v.Bytes+r.Bytes
	}
	for _, format := range request.Files() {
		v.Files = append(v.Files, estimateView{format, estimate(format, request.Compression, v.Bytes)})
	}
	v.Sample, err = s.sample(ctx, runs, request.Scope)
	return v, err
}

func tableOf(runs []export.Run) []columnView {
	var schemas []json.RawMessage
	for _, r := range runs {
		schemas = append(schemas, r.Schema)
	}
	var views []columnView
	for _, c := range columns.New(schemas).Columns() {
		views = append(views, columnView{c.Name, typeNames[c.Type]})
	}
	return views
}

var typeNames = map[columns.Type]string{
	columns.Text: "text", columns.Integer: "integer", columns.Number: "number", columns.Boolean: "boolean",
	columns.Timestamp: "timestamp", columns.JSON: "json", columns.TextList: "list of text",
	columns.IntegerList: "list of integer", columns.NumberList: "list of number", columns.BooleanList: "list of boolean",
}

// estimate is about how large a file of that many bytes of records becomes. Records alone are exact; the rest are shares
// that typical results come to.
func estimate(f export.Format, c export.Compression, bytes int64) int64 {
	percent := int64(100)
	switch {
	case f == export.CSV:
		percent = 80
	case f == export.Parquet:
		percent = 25
	case f.Captions():
		percent = 10
	}
	if c = c.Of(f); c != export.None {
		percent = percent * 30 / 100
	}
	return max(1, bytes*percent/100)
}

func destination(d *export.Destination, c store.Connector) *destinationView {
	if d == nil {
		return nil
	}
	return &destinationView{
		ConnectorID: d.ConnectorID, Provider: c.Provider, Path: export.JoinPath(d.BasePath, d.Subpath),
		OK: c.LastTestResult != "failed", LastTestedAt: stamp(c.LastTestedAt), LastTestError: given(c.LastTestError),
	}
}

// sample gives the first records of the first run, as they are.
func (s creator) sample(ctx context.Context, runs []export.Run, scope export.ResultScope) ([]json.RawMessage, error) {
	parts, err := s.Records.Parts(ctx, runs[0].AccountID, runs[0].ID)
	if err != nil || len(parts) == 0 {
		return []json.RawMessage{}, err
	}
	body, _, err := s.Results.Open(ctx, parts[0].Key, 0, min(parts[0].Bytes, sampleBytes))
	if fault.Is(err, fault.NotFound) {
		return nil, fault.Wrap(err, fault.Invalid, "results_missing", "Results of run "+runs[0].ID+" are no longer in storage.")
	}
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return firstRecords(body, scope)
}

func firstRecords(r io.Reader, scope export.ResultScope) ([]json.RawMessage, error) {
	records, lines, parser := []json.RawMessage{}, artifact.NewLines(r), artifact.NewParser()
	for len(records) < sampleRecords {
		raw, err := lines.Next()
		if errors.Is(err, io.EOF) || errors.Is(err, artifact.ErrRecordTooLong) {
			break
		}
		if err != nil {
			return nil, fault.Wrap(err, fault.Unavailable, "results_unreadable", "The results could not be read. Try again.")
		}
		record, err := parser.Parse(raw)
		if err == nil && record.Incomplete() == nil && (scope == export.ScopeAll || record.Selected) {
			records = append(records, slices.Clone(raw))
		}
	}
	return records, nil
}
