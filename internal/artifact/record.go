package artifact

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/videovector/exports/internal/artifact/strictjson"
	"github.com/videovector/exports/internal/export"
)

// MaxDepth is how deeply the objects and arrays of a record may nest, the record itself being the first level.
const MaxDepth = 1000

// Record is what packaging and loading need to know of a result.
type Record struct {
	Type     string // result_type; "" unless it is a string
	Selected bool

	hasID        bool
	reversed     bool // start_time is after end_time
	statusFailed bool
	notExtracted bool
}

// Failed reports whether the processing that the record tells of has failed.
func (r Record) Failed() bool {
	return r.Type == "segment" && r.notExtracted || r.Type == "video" && r.statusFailed
}

// Incomplete reports what the catalogue demands of a record and this one lacks, in words for the person who wrote it.
func (r Record) Incomplete() error {
	switch {
	case r.Type == "":
		return errors.New(`"result_type" is missing or not a string ("segment" or "video")`)
	case !r.hasID:
		return errNoID
	}
	return nil
}

// Unfit reports why a record can't be exported though it is strict JSON, in words for the person who wrote it. A record
// of no type is carried as it is.
func (r Record) Unfit() error {
	switch {
	case !r.hasID:
		return errNoID
	case r.reversed:
		return errReversed
	}
	return nil
}

var (
	errNoID     = errors.New(`"result_id" is missing or not a string`)
	errReversed = errors.New(`"start_time" is after "end_time"`)
)

// Counts is the record's contribution to a document's counts.
func (r Record) Counts() export.Counts {
	c := export.Counts{Results: 1}
	switch r.Type {
	case "segment":
		c.Segments = 1
	case "video":
		c.Videos = 1
	}
	if r.Failed() {
		c.Failed = 1
	}
	return c
}

// Member is a top-level member that a Parser notes.
type Member int

// Members that packaging, loading and what is made of results ask for: all that the platform documents.
const (
	ResultType Member = iota
	ResultID
	Status
	FieldExtractionSucceeded
	Selected
	VideoID
	SegmentID
	RunID
	StartTime
	EndTime
	PromptID
	PromptRunID
	SourceIndexID
	VideoName
	ExecutedAt
	EmbeddingStatus
	TranscriptionSucceeded
	ImageEmbeddingSucceeded
	SuccessfulSegmentCount
	FailedSegmentCount
	PartsTotal
	PartsCompleted
	PartsFailed
	OmittedSegmentIDs
	SchemaUsed
	SourceFingerprint
	MetadataText
	ProcessingWarning
	ErrorMessage
	FieldExtractionError
	TranscriptionError
	ImageEmbeddingError
	EmbeddingError
	SegmentURI
	ThumbnailURI
	GIFURI
	Metadata
)

var memberNames = [...]string{
	ResultType: "result_type", ResultID: "result_id", Status: "status", FieldExtractionSucceeded: "field_extraction_succeeded",
	Selected: "selected", VideoID: "video_id", SegmentID: "segment_id", RunID: "run_id", StartTime: "start_time", EndTime: "end_time",
	PromptID: "prompt_id", PromptRunID: "prompt_run_id", SourceIndexID: "source_index_id", VideoName: "video_name", ExecutedAt: "executed_at",
	EmbeddingStatus: "embedding_status", TranscriptionSucceeded: "transcription_succeeded", ImageEmbeddingSucceeded: "image_embedding_succeeded",
	SuccessfulSegmentCount: "successful_segment_count", FailedSegmentCount: "failed_segment_count", PartsTotal: "parts_total",
	PartsCompleted: "parts_completed", PartsFailed: "parts_failed", OmittedSegmentIDs: "omitted_segment_ids", SchemaUsed: "schema_used",
	SourceFingerprint: "source_fingerprint", MetadataText: "metadata_text", ProcessingWarning: "processing_warning", ErrorMessage: "error_message",
	FieldExtractionError: "field_extraction_error", TranscriptionError: "transcription_error", ImageEmbeddingError: "image_embedding_error",
	EmbeddingError: "embedding_error", SegmentURI: "segment_uri", ThumbnailURI: "thumbnail_uri", GIFURI: "gif_uri", Metadata: "metadata",
}

// String is the member's name.
func (m Member) String() string { return memberNames[m] }

// Parser checks records: one strict JSON object each, with unique names, valid UTF-8 and bounded nesting.
type Parser struct{ scan *strictjson.Scanner }

// NewParser makes a Parser for any number of records, one after the other.
func NewParser() *Parser { return &Parser{strictjson.New(MaxDepth, memberNames[:]...)} }

var (
	errNotObject = errors.New("a result is a JSON object")
	errTrailing  = errors.New("more than one JSON value in a line")
	errTooDeep   = fmt.Errorf("more than %d levels of nesting", MaxDepth)
)

// Parse reads a line. The error says what is wrong in words for the person who wrote the record, and holds none of
// its values.
func (p *Parser) Parse(raw []byte) (Record, error) {
	if err := p.scan.Scan(raw); err != nil {
		return Record{}, problem(raw, err)
	}
	return Record{
		Type:         text(p.Value(ResultType)),
		Selected:     begins(p.Value(Selected), 't'),
		hasID:        begins(p.Value(ResultID), '"') && len(bytes.Trim(p.Value(ResultID), "\" \t")) > 0,
		reversed:     after(p.Value(StartTime), p.Value(EndTime)),
		statusFailed: text(p.Value(Status)) == "failed",
		notExtracted: begins(p.Value(FieldExtractionSucceeded), 'f'),
	}, nil
}

// Value is the member's value as it stands in the record that was parsed last, nil if that has none or was refused. It
// is part of the record and changes with it.
func (p *Parser) Value(m Member) []byte { return p.scan.Member(int(m)) }

// Plain reports whether the member's value, if it is a string, holds no escape. Of other values it tells nothing.
func (p *Parser) Plain(m Member) bool { return !p.scan.Escaped(int(m)) }

// Others is how many members the record that was parsed last has besides those noted.
func (p *Parser) Others() int { return p.scan.Others() }

// Other is the k-th of them as it stands in the record: name, colon and value. It is part of the record, too.
func (p *Parser) Other(k int) []byte { return p.scan.Other(k) }

// begins reports whether the value is there and of the kind that begins so.
func begins(value []byte, c byte) bool { return len(value) > 0 && value[0] == c }

// text is the value if it is a string, else "". The usual ones cost no memory.
func text(value []byte) string {
	switch string(value) {
	case `"segment"`:
		return "segment"
	case `"video"`:
		return "video"
	}
	if !begins(value, '"') {
		return ""
	}
	return string(strictjson.Unquote(nil, value))
}

// problem says what the scanner refused, without quoting it. Whatever else is wrong with a record, too many levels
// are named first.
func problem(raw []byte, err error) error {
	var refused *strictjson.Failure
	if !errors.As(err, &refused) {
		return err
	}
	switch {
	case refused.Reason == strictjson.TooDeep, tooDeep(raw):
		return errTooDeep
	case refused.Reason == strictjson.NotObject:
		return errNotObject
	case refused.Reason == strictjson.Trailing:
		return errTrailing
	case refused.Reason == strictjson.DuplicateName:
		return fmt.Errorf("not strict JSON at byte %d: an object has two members of one name", refused.Offset)
	case !utf8.Valid(raw):
		return fmt.Errorf("not strict JSON at byte %d: it is not UTF-8", refused.Offset)
	}
	return fmt.Errorf("not strict JSON at byte %d", refused.Offset)
}

// tooDeep reports whether objects and arrays nest beyond MaxDepth. Counting the brackets settles it for all but odd
// records.
func tooDeep(raw []byte) bool {
	if bytes.Count(raw, []byte{'{'})+bytes.Count(raw, []byte{'['}) <= MaxDepth {
		return false
	}
	depth, quoted := 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{', c == '[':
			if depth++; depth > MaxDepth {
				return true
			}
		case c == '}', c == ']':
			depth--
		}
	}
	return false
}
