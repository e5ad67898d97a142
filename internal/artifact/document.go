package artifact

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
)

// Kind and version of the document, as its first two members say.
const (
	Kind          = "videovector.export"
	SchemaVersion = "1.0"
)

// Head is what stands before the results.
type Head struct {
	ExportID  string    `json:"export_id"`
	Type      string    `json:"export_type"`
	TargetID  string    `json:"target_id"`
	AsOf      string    `json:"as_of"` // RFC 3339, UTC, milliseconds
	Selection Selection `json:"selection"`
}

// Selection is which results the caller asked for.
type Selection struct {
	RunIDs []string `json:"prompt_run_ids"` // null for every finished run
	Scope  string   `json:"result_scope"`
}

// Run describes a run in the document's head.
type Run struct {
	ID              string          `json:"run_id"`
	PromptID        string          `json:"prompt_id"`
	PromptName      string          `json:"prompt_name"`
	ProcessingModel string          `json:"processing_model"`
	ExecutedAt      string          `json:"executed_at"`
	Status          string          `json:"status"`
	Schema          json.RawMessage `json:"schema"` // null for none
}

// Input is one part of a run's results, in document order.
type Input struct {
	RunID  string `json:"run_id"`
	Number int    `json:"number"`
	Key    string `json:"key"`
	Bytes  int64  `json:"bytes"`
	Rows   int64  `json:"rows"`
	SHA256 string `json:"sha256"`
}

// Document is everything that determines a document's bytes.
type Document struct {
	Head        Head    `json:"head"`
	Runs        []Run   `json:"runs"`
	Inputs      []Input `json:"inputs"`
	MatchesOnly bool    `json:"matches_only"`
}

// Source opens an input's content.
type Source func(ctx context.Context, in Input) (io.ReadCloser, error)

// Stamp is how times stand in documents.
func Stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// Opening is the document up to the first record.
func (d *Document) Opening() ([]byte, error) {
	head, err := json.Marshal(d.Head)
	if err != nil {
		return nil, err
	}
	runs := d.Runs
	if runs == nil {
		runs = []Run{}
	}
	list, err := json.Marshal(runs)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "{\"kind\":%q,\"schema_version\":%q,\"export\":%s,\n\"runs\":%s,\n\"results\":[\n", Kind, SchemaVersion, head, list), nil
}

// Closing is the document after its last record.
func (d *Document) Closing(c export.Counts) ([]byte, error) {
	c.Runs = int64(len(d.Runs))
	counts, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "\n],\n\"counts\":%s}\n", counts), nil
}

// Separator stands between two records.
const Separator = ",\n"

// Rows and Bytes are the totals over the inputs, as the catalogue states them.
func (d *Document) Rows() (n int64) {
	for _, in := range d.Inputs {
		n += in.Rows
	}
	return n
}

// Bytes is the total size of the inputs.
func (d *Document) Bytes() (n int64) {
	for _, in := range d.Inputs {
		n += in.Bytes
	}
	return n
}

// Progress hears the records and input bytes read so far, now and then; it must be cheap. Its error ends the reading.
type Progress func(records, bytes int64) error

// ErrChanged tells of an input that its catalogue doesn't describe.
func ErrChanged(in Input) error {
	return fault.Newf(fault.Invalid, "results_changed", "Part %d of run %s is not what the catalogue describes: its results were changed after the run ended.", in.Number, in.RunID)
}
