package artifact

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// reference is a Parser made of jsontext. A Parser finds in every record what it finds, and refuses every other one in
// its words.
type reference struct {
	dec *jsontext.Decoder
	src bytes.Buffer // the decoder parses a Buffer in place
	rec Record
}

func newReference() *reference {
	p := &reference{}
	p.dec = jsontext.NewDecoder(&p.src)
	return p
}

func (p *reference) parse(raw []byte) (Record, error) {
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
		return Record{}, referenceProblem(raw, err)
	}
	if _, err := p.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return Record{}, errTrailing
	}
	return p.rec, nil
}

func (p *reference) object() error {
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
func (p *reference) member() error {
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
		return func(r *Record, v jsontext.Value) { r.Type = referenceText(v) }
	case `"result_id"`:
		return func(r *Record, v jsontext.Value) { r.hasID = v.Kind() == '"' && len(bytes.Trim(v, "\" \t")) > 0 }
	case `"status"`:
		return func(r *Record, v jsontext.Value) { r.statusFailed = referenceText(v) == "failed" }
	case `"field_extraction_succeeded"`:
		return func(r *Record, v jsontext.Value) { r.notExtracted = v.Kind() == 'f' }
	case `"selected"`:
		return func(r *Record, v jsontext.Value) { r.Selected = v.Kind() == 't' }
	}
	return nil
}

func referenceText(v jsontext.Value) string {
	if v.Kind() != '"' {
		return ""
	}
	plain, _ := jsontext.AppendUnquote(nil, v) // the decoder has accepted it
	return string(plain)
}

// referenceProblem says what the decoder refused.
func referenceProblem(raw []byte, err error) error {
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
