package artifact

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
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

// Progress hears the records and input bytes read so far, after every record; it must be cheap. Its error ends the
// writing.
type Progress func(records, bytes int64) error

// Write writes the whole document and gives what it holds. A nil progress means nobody listens.
func (d *Document) Write(ctx context.Context, w io.Writer, open Source, progress Progress) (export.Counts, error) {
	opening, err := d.Opening()
	if err != nil {
		return export.Counts{}, err
	}
	if _, err := w.Write(opening); err != nil {
		return export.Counts{}, err
	}
	c := newCopier(d, w, open)
	c.progress = progress
	for _, in := range d.Inputs {
		if err := c.copy(ctx, in); err != nil {
			return export.Counts{}, err
		}
	}
	c.counts.Runs = int64(len(d.Runs))
	closing, err := d.Closing(c.counts)
	if err != nil {
		return export.Counts{}, err
	}
	_, err = w.Write(closing)
	return c.counts, err
}

// copier takes records from inputs to the document.
type copier struct {
	document *Document
	out      io.Writer
	open     Source
	parser   *Parser
	lines    *Lines
	digest   hash.Hash // of the input
	progress Progress
	strict   bool // refuse irregular input with fault.Irregular

	counts   export.Counts
	records  int64 // read
	bytes    int64 // read
	begun    bool  // a record was written
	position int64 // of the next byte written, kept for ranges
	from, to int64 // only records that begin in [from, to) are counted; to 0 means all
}

func newCopier(d *Document, w io.Writer, open Source) *copier {
	return &copier{document: d, out: w, open: open, parser: NewParser(), lines: NewLines(nil), digest: sha256.New()}
}

// copy copies one input and checks it against what the catalogue says of it.
func (c *copier) copy(ctx context.Context, in Input) error {
	body, err := c.open(ctx, in)
	if err != nil {
		return err
	}
	defer body.Close()
	c.digest.Reset()
	c.lines.reset(io.TeeReader(body, c.digest))
	rows := int64(0)
	for {
		raw, err := c.lines.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err := c.take(ctx, in, raw, err); err != nil {
			return err
		}
		rows++
	}
	c.bytes += c.lines.Bytes()
	if c.strict && c.lines.Irregular() {
		return errIrregular(in)
	}
	if rows != in.Rows || c.lines.Bytes() != in.Bytes || hex.EncodeToString(c.digest.Sum(nil)) != in.SHA256 {
		return ErrChanged(in)
	}
	return nil
}

// ErrChanged tells of an input that its catalogue doesn't describe.
func ErrChanged(in Input) error {
	return fault.Newf(fault.Invalid, "results_changed", "Part %d of run %s is not what the catalogue describes: its results were changed after the run ended.", in.Number, in.RunID)
}

func errIrregular(in Input) error {
	return fault.Newf(fault.Irregular, "results_irregular", "Part %d of run %s is not strict NDJSON.", in.Number, in.RunID)
}

// take checks one line and writes it.
func (c *copier) take(ctx context.Context, in Input, raw []byte, err error) error {
	if errors.Is(err, ErrRecordTooLong) {
		return badRecord(in, c.lines.Number(), err)
	}
	if err != nil {
		return err
	}
	if c.strict && c.lines.Irregular() {
		return errIrregular(in)
	}
	r, err := c.parser.Parse(raw)
	if err != nil {
		return badRecord(in, c.lines.Number(), err)
	}
	c.records++
	if c.progress != nil {
		if err := c.progress(c.records, c.bytes+c.lines.Bytes()); err != nil {
			return err
		}
	}
	if c.document.MatchesOnly && !r.Selected {
		return ctx.Err()
	}
	if c.to == 0 || (c.position >= c.from && c.position < c.to) {
		c.counts = c.counts.Add(r.Counts())
	}
	return c.write(raw)
}

func (c *copier) write(raw []byte) error {
	if c.begun {
		c.position += int64(len(Separator))
		if _, err := io.WriteString(c.out, Separator); err != nil {
			return err
		}
	}
	c.begun = true
	c.position += int64(len(raw))
	_, err := c.out.Write(raw)
	return err
}

func badRecord(in Input, line int, err error) error {
	return fault.Wrap(err, fault.Invalid, "results_invalid",
		fmt.Sprintf("Run %s, part %d, line %d: %s.", in.RunID, in.Number, line, err))
}
