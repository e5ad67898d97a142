package api

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/seal"
)

// fieldType is what a field's value must be.
type fieldType uint8

const (
	textField   fieldType = iota // a string
	textsField                   // an array of strings; in a form, the field repeated
	secretField                  // a string that is kept as a seal.Secret; in a form, a file
	boolField                    // true or false
	numberField                  // a whole number in plain digits
	objectField                  // an object, kept as it is written but for blanks
)

// orderFields are the fields of a create request.
var orderFields = map[string]fieldType{
	"prompt_run_ids":           textsField,
	"destination_connector_id": textField,
	"destination_subpath":      textField,
	"result_scope":             textField,
	"formats":                  textsField,
	"compression":              textField,
	"text_field":               textField,
	"expires_in":               textField,
	"dry_run":                  boolField,
}

// fields are the values of a request body, with everything that is wrong with them: the caller hears of all of it, or of
// MaxProblems, in one answer. A value of null, "" or [] is the same as none; given tells the latter two from null and from absence.
type fields struct {
	values   map[string][]string
	secrets  seal.Secrets
	given    map[string]bool
	problems map[string]any
}

// anyGiven reports whether a field is given.
func (f *fields) anyGiven() bool { return slices.Contains(slices.Collect(maps.Values(f.given)), true) }

func newFields() *fields {
	return &fields{values: map[string][]string{}, secrets: seal.Secrets{}, given: map[string]bool{}, problems: map[string]any{}}
}

// readFields reads the request's JSON body; none is an object without fields.
func readFields(w http.ResponseWriter, r *http.Request, known map[string]fieldType) (*fields, error) {
	text, err := readBody(w, r)
	if err != nil {
		return nil, err
	}
	return decodeFields(text, known)
}

// decodeFields reads a JSON object strictly. What is not exactly one JSON text with unique names in valid UTF-8 is
// fault.Malformed; unknown names and values of the wrong type become problems.
func decodeFields(text []byte, known map[string]fieldType) (*fields, error) {
	f := newFields()
	if text == nil {
		return f, nil
	}
	dec := jsontext.NewDecoder(bytes.NewReader(text))
	if err := f.readObject(dec, known); err != nil {
		return nil, malformed(err)
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, malformed(err)
	}
	return f, nil
}

func (f *fields) readObject(dec *jsontext.Decoder, known map[string]fieldType) error {
	switch dec.PeekKind() {
	case '{':
	case 'n':
		return dec.SkipValue()
	default:
		f.wrong("body", "must be a JSON object")
		return dec.SkipValue()
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return err
		}
		if err := f.readField(dec, name.String(), known); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

func (f *fields) readField(dec *jsontext.Decoder, name string, known map[string]fieldType) error {
	kind, ok := known[name]
	if !ok {
		f.wrong(name, "is not a known field")
		return dec.SkipValue()
	}
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	f.given[name] = value.Kind() != 'n'
	if !isNothing(value) {
		f.readValue(name, value, kind)
	}
	return nil
}

func (f *fields) readValue(name string, value jsontext.Value, kind fieldType) {
	switch kind {
	case textsField:
		texts, ok := stringsOf(value)
		f.values[name] = texts
		f.must(ok, name, "must be an array of strings")
	case boolField:
		f.values[name] = []string{string(value)}
		f.must(value.Kind() == 't' || value.Kind() == 'f', name, "must be true or false")
	case numberField:
		f.values[name] = []string{string(value)}
		_, err := strconv.Atoi(string(value))
		f.must(err == nil, name, "must be a whole number")
	case objectField:
		f.must(value.Kind() == '{', name, "must be an object")
		err := value.Compact()
		f.must(err == nil, name, "must be an object")
		f.values[name] = []string{string(value)}
	default:
		var s string
		err := json.Unmarshal(value, &s)
		f.must(err == nil, name, "must be a string")
		if kind == secretField {
			f.secrets[name] = seal.NewSecret(s)
		} else {
			f.values[name] = []string{s}
		}
	}
}

// isNothing reports whether the value is null, "" or an empty array.
func isNothing(v jsontext.Value) bool {
	compact := v.Clone()
	if compact.Compact() != nil {
		return false
	}
	switch string(compact) {
	case `null`, `""`, `[]`:
		return true
	}
	return false
}

func stringsOf(v jsontext.Value) ([]string, bool) {
	var pointers []*string
	if v.Kind() != '[' || json.Unmarshal(v, &pointers) != nil {
		return nil, false
	}
	texts := make([]string, len(pointers))
	for i, p := range pointers {
		if p == nil {
			return nil, false
		}
		texts[i] = *p
	}
	return texts, true
}

// text is the value of a string field, "" for none.
func (f *fields) text(name string) string {
	if v := f.values[name]; len(v) == 1 {
		return v[0]
	}
	return ""
}

// flag is the value of a field that is true or false, false for none.
func (f *fields) flag(name string) bool { return f.text(name) == "true" }

// texts is the value of an array field, nil for none.
func (f *fields) texts(name string) []string { return f.values[name] }

// must notes the problem unless it is ok.
func (f *fields) must(ok bool, name, message string) {
	if !ok {
		f.wrong(name, message)
	}
}

// need is the text or the secret of a field that has to be given, which check finds nothing wrong with.
func (f *fields) need(name string, check func(string) error) string {
	text := f.text(name)
	if s, ok := f.secrets[name]; ok {
		text = s.Reveal()
	}
	if text == "" {
		f.wrong(name, "must be given")
		return ""
	}
	if err := check(text); err != nil {
		f.wrong(name, said(err))
	}
	return text
}

// said is what a check says to the caller.
func said(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Message
	}
	return err.Error()
}

// wrong notes a problem; the first one of a field is kept, and no more than MaxProblems are.
func (f *fields) wrong(name, message string) {
	name = cut(name, MaxShownName)
	if _, ok := f.problems[name]; !ok && len(f.problems) < MaxProblems {
		f.problems[name] = message
	}
}

// err is fault.Invalid with every problem, nil if there is none.
func (f *fields) err() error {
	if len(f.problems) == 0 {
		return nil
	}
	return invalid(f.problems)
}

// invalid is the failure of a readable request whose values can't be accepted; problems says which and why.
func invalid(problems map[string]any) *fault.Error {
	return fault.New(fault.Invalid, "validation_failed", "Some values of the request can't be accepted: see details.fields.").
		With("fields", problems)
}

func malformed(err error) error {
	if err == nil {
		err = errors.New("a second JSON text follows the first")
	}
	f := fault.Wrap(err, fault.Malformed, "malformed_json",
		"The body must be one JSON text in UTF-8, with no name twice in an object.")
	var s *jsontext.SyntacticError
	if errors.As(err, &s) {
		return f.With("byte_offset", s.ByteOffset)
	}
	return f
}
