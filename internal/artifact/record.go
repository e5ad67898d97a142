package artifact

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/videovector/exports/internal/export"
)

// record is what packaging needs to know of a result.
type record struct {
	kind     string // result_type
	failed   bool
	selected bool
}

// counts is the record's contribution to a document's counts.
func (r record) counts() export.Counts {
	c := export.Counts{Results: 1}
	switch r.kind {
	case "segment":
		c.Segments = 1
	case "video":
		c.Videos = 1
	}
	if r.failed {
		c.Failed = 1
	}
	return c
}

// parser checks records: strict JSON with unique names, valid UTF-8 and bounded nesting, one object each.
type parser struct {
	dec *jsontext.Decoder
	src bytes.Reader
}

func newParser() *parser {
	p := &parser{}
	p.dec = jsontext.NewDecoder(&p.src)
	return p
}

var errNotObject = errors.New("a result is a JSON object")

// parse reads the fields that packaging needs. The error says what is wrong in words for the person who wrote the
// record, and holds none of its values.
func (p *parser) parse(raw []byte) (record, error) {
	var r record
	p.src.Reset(raw)
	p.dec.Reset(&p.src)
	if p.dec.PeekKind() != '{' {
		return r, errNotObject
	}
	if _, err := p.dec.ReadToken(); err != nil {
		return r, problem(err)
	}
	for p.dec.PeekKind() != '}' {
		if err := p.member(&r); err != nil {
			return r, problem(err)
		}
	}
	if _, err := p.dec.ReadToken(); err != nil {
		return r, problem(err)
	}
	if _, err := p.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return r, errors.New("more than one JSON value in a line")
	}
	return r, nil
}

func (p *parser) member(r *record) error {
	name, err := p.dec.ReadToken()
	if err != nil {
		return err
	}
	switch field := name.String(); field {
	case "result_type":
		r.kind, err = p.text()
	case "status":
		var status string
		status, err = p.text()
		r.failed = r.failed || status == "failed"
	case "field_extraction_succeeded":
		var kind jsontext.Kind
		kind, err = p.scalar()
		r.failed = r.failed || kind == 'f'
	case "selected":
		var kind jsontext.Kind
		kind, err = p.scalar()
		r.selected = kind == 't'
	default:
		err = p.dec.SkipValue()
	}
	return err
}

// text is the next value if it is a string, else "".
func (p *parser) text() (string, error) {
	if p.dec.PeekKind() != '"' {
		return "", p.dec.SkipValue()
	}
	t, err := p.dec.ReadToken()
	if err != nil {
		return "", err
	}
	return t.String(), nil
}

func (p *parser) scalar() (jsontext.Kind, error) {
	kind := p.dec.PeekKind()
	return kind, p.dec.SkipValue()
}

func problem(err error) error {
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		return fmt.Errorf("not strict JSON at byte %d", syntax.ByteOffset)
	}
	return errors.New("not strict JSON: it ends too early")
}
