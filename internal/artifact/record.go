package artifact

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/videovector/exports/internal/export"
)

// MaxDepth is how deeply the objects and arrays of a record may nest, the record itself being the first level.
const MaxDepth = 1000

// Record is what packaging and loading need to know of a result.
type Record struct {
	Type     string // result_type; "" unless it is a string
	Selected bool

	hasID        bool
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
		return errors.New(`"result_id" is missing or not a string`)
	}
	return nil
}

// counts is the record's contribution to a document's counts.
func (r Record) counts() export.Counts {
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

// Parser checks records: one strict JSON object each, with unique names, valid UTF-8 and bounded nesting.
type Parser struct {
	dec *jsontext.Decoder
	src bytes.Buffer // the decoder parses a Buffer in place
	rec Record
}

// NewParser makes a Parser for any number of records, one after the other.
func NewParser() *Parser {
	p := &Parser{}
	p.dec = jsontext.NewDecoder(&p.src)
	return p
}

var (
	errNotObject = errors.New("a result is a JSON object")
	errTooDeep   = fmt.Errorf("more than %d levels of nesting", MaxDepth)
)

// Parse reads a line. The error says what is wrong in words for the person who wrote the record, and holds none of
// its values.
func (p *Parser) Parse(raw []byte) (Record, error) {
	if tooDeep(raw) {
		return Record{}, errTooDeep
	}
	p.rec = Record{}
	p.src = *bytes.NewBuffer(raw)
	p.dec.Reset(&p.src)
	if p.dec.PeekKind() != '{' {
		return Record{}, errNotObject
	}
	if err := p.object(); err != nil {
		return Record{}, problem(raw, err)
	}
	if _, err := p.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return Record{}, errors.New("more than one JSON value in a line")
	}
	return p.rec, nil
}

func (p *Parser) object() error {
	if _, err := p.dec.ReadToken(); err != nil {
		return err
	}
	for p.dec.PeekKind() != '}' {
		if err := p.member(); err != nil {
			return err
		}
	}
	_, err := p.dec.ReadToken()
	return err
}

// member reads a name and its value.
func (p *Parser) member() error {
	name, err := p.dec.ReadValue()
	if err != nil {
		return err
	}
	note := field(name)
	value, err := p.dec.ReadValue()
	if err == nil && note != nil {
		note(&p.rec, value)
	}
	return err
}

// field is what to do with the value of the member, nil for nothing.
func field(name jsontext.Value) func(*Record, jsontext.Value) {
	if bytes.IndexByte(name, '\\') >= 0 {
		plain, _ := jsontext.AppendUnquote(nil, name) // the decoder has accepted it
		name = fmt.Appendf(nil, "%q", plain)
	}
	switch string(name) {
	case `"result_type"`:
		return func(r *Record, v jsontext.Value) { r.Type = text(v) }
	case `"result_id"`:
		return func(r *Record, v jsontext.Value) { r.hasID = v.Kind() == '"' && len(bytes.Trim(v, "\" \t")) > 0 }
	case `"status"`:
		return func(r *Record, v jsontext.Value) { r.statusFailed = text(v) == "failed" }
	case `"field_extraction_succeeded"`:
		return func(r *Record, v jsontext.Value) { r.notExtracted = v.Kind() == 'f' }
	case `"selected"`:
		return func(r *Record, v jsontext.Value) { r.Selected = v.Kind() == 't' }
	}
	return nil
}

// text is the value if it is a string, else "". The usual ones cost no memory.
func text(v jsontext.Value) string {
	switch string(v) {
	case `"segment"`:
		return "segment"
	case `"video"`:
		return "video"
	}
	if v.Kind() != '"' {
		return ""
	}
	plain, _ := jsontext.AppendUnquote(nil, v) // the decoder has accepted it
	return string(plain)
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

// problem says what the decoder refused, without quoting it.
func problem(raw []byte, err error) error {
	at := len(raw)
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		at = int(syntax.ByteOffset)
	}
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return fmt.Errorf("not strict JSON at byte %d: an object has two members of one name", at)
	case !utf8.Valid(raw):
		return fmt.Errorf("not strict JSON at byte %d: it is not UTF-8", at)
	}
	return fmt.Errorf("not strict JSON at byte %d", at)
}
