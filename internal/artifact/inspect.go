package artifact

import (
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/videovector/exports/internal/export"
)

// Contents is what a document holds, read back from its bytes.
type Contents struct {
	Head   Head
	Found  export.Counts // counted anew, record by record
	Stated export.Counts // as the document says at its end
}

// Inspect reads a document to its end and counts what it holds. Whatever isn't one strict JSON object of the
// documented members is an error, and so is a bad record. Members that later versions may add are passed over. Memory
// holds one record.
func Inspect(r io.Reader) (Contents, error) {
	i := inspection{dec: jsontext.NewDecoder(r), parser: NewParser(), seen: map[string]bool{}}
	err := i.document()
	if err == nil {
		err = i.whole()
	}
	return i.contents, err
}

// inspection is a document being read.
type inspection struct {
	dec      *jsontext.Decoder
	parser   *Parser
	contents Contents
	seen     map[string]bool // members
}

func (i *inspection) document() error {
	if err := i.expect('{', "the document"); err != nil {
		return err
	}
	for i.dec.PeekKind() != '}' {
		name, err := i.dec.ReadToken()
		if err != nil {
			return i.broken(err)
		}
		member := name.String()
		i.seen[member] = true
		if err := i.member(member); err != nil {
			return err
		}
	}
	if _, err := i.dec.ReadToken(); err != nil {
		return i.broken(err)
	}
	if _, err := i.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return errors.New("something stands behind the document's end")
	}
	return nil
}

func (i *inspection) member(name string) error {
	switch name {
	case "kind":
		var kind string
		if err := i.value(name, &kind); err != nil || kind != Kind {
			return errors.Join(err, fmt.Errorf("the document's kind is not %q", Kind))
		}
		return nil
	case "export":
		return i.value(name, &i.contents.Head)
	case "counts":
		return i.value(name, &i.contents.Stated)
	case "runs":
		return i.each(name, func(jsontext.Value) error { i.contents.Found.Runs++; return nil })
	case "results":
		return i.each(name, i.record)
	}
	return i.broken(i.dec.SkipValue())
}

func (i *inspection) record(raw jsontext.Value) error {
	r, err := i.parser.Parse(raw)
	if err != nil {
		return fmt.Errorf("result %d: %w", i.contents.Found.Results+1, err)
	}
	i.contents.Found = i.contents.Found.Add(r.Counts())
	return nil
}

// each reads an array, value by value.
func (i *inspection) each(name string, take func(jsontext.Value) error) error {
	if err := i.expect('[', fmt.Sprintf("%q", name)); err != nil {
		return err
	}
	for i.dec.PeekKind() != ']' {
		raw, err := i.dec.ReadValue()
		if err != nil {
			return i.broken(err)
		}
		if err := take(raw); err != nil {
			return err
		}
	}
	_, err := i.dec.ReadToken()
	return i.broken(err)
}

func (i *inspection) value(name string, into any) error {
	raw, err := i.dec.ReadValue()
	if err != nil {
		return i.broken(err)
	}
	if json.Unmarshal(raw, into) != nil {
		return fmt.Errorf("%q is not what the document's format says", name)
	}
	return nil
}

func (i *inspection) expect(kind jsontext.Kind, what string) error {
	token, err := i.dec.ReadToken()
	if err == nil && token.Kind() != kind {
		return fmt.Errorf("%s does not begin with %q", what, byte(kind))
	}
	return i.broken(err)
}

// broken says where the document stops being strict JSON, without quoting it. A failure of the reader stays what it is.
func (i *inspection) broken(err error) error {
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		return fmt.Errorf("the document is not strict JSON at byte %d", syntax.ByteOffset)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the document ends in its middle, at byte %d", i.dec.InputOffset())
	}
	return err
}

// whole holds the document's parts against each other.
func (i *inspection) whole() error {
	for _, name := range []string{"kind", "export", "runs", "results", "counts"} {
		if !i.seen[name] {
			return fmt.Errorf("the document has no member %q", name)
		}
	}
	i.contents.Found.Rejected = i.contents.Stated.Rejected // they left no trace but their number
	if i.contents.Found != i.contents.Stated {
		return fmt.Errorf("the document holds %+v, and says %+v", i.contents.Found, i.contents.Stated)
	}
	return nil
}

// InspectLines reads a file of records to its end and counts them. Whatever isn't strict NDJSON is an error, and so is a
// bad record.
func InspectLines(r io.Reader) (export.Counts, error) {
	var found export.Counts
	lines, parser := NewLines(r), NewParser()
	for {
		raw, err := lines.Next()
		switch {
		case lines.Irregular():
			return found, fmt.Errorf("line %d: it is not a record and a line feed", lines.Number())
		case errors.Is(err, io.EOF):
			return found, nil
		case errors.Is(err, ErrRecordTooLong):
			return found, fmt.Errorf("line %d: %w", lines.Number(), err)
		case err != nil:
			return found, err
		}
		record, err := parser.Parse(raw)
		if err != nil {
			return found, fmt.Errorf("line %d: %w", lines.Number(), err)
		}
		found = found.Add(record.Counts())
	}
}
