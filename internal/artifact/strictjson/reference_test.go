package strictjson

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

const depth = 1000

// noted are names that tests have their scanners note.
var noted = []string{
	"result_type", "result_id", "status", "field_extraction_succeeded", "selected", "video_id", "segment_id", "run_id",
	"start_time", "end_time", "a", "", "Ä😀", `"\`,
}

// reference is what jsontext says of a text: the values of the noted members, or the failure.
func reference(text []byte) ([][]byte, *Failure) {
	src := bytes.NewBuffer(bytes.Clone(text))
	dec := jsontext.NewDecoder(src)
	if dec.PeekKind() != '{' {
		return nil, &Failure{Reason: NotObject}
	}
	members, err := referenceObject(dec)
	if err != nil {
		return nil, referenceFailure(text, err)
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, &Failure{Reason: Trailing}
	}
	return members, nil
}

func referenceObject(dec *jsontext.Decoder) ([][]byte, error) {
	members := make([][]byte, len(noted))
	if _, err := dec.ReadToken(); err != nil {
		return nil, err
	}
	for dec.PeekKind() != '}' {
		quoted, err := dec.ReadValue()
		if err != nil {
			return nil, err
		}
		name, _ := jsontext.AppendUnquote(nil, quoted)
		value, err := dec.ReadValue()
		if err != nil {
			return nil, err
		}
		if at := slices.Index(noted, string(name)); at >= 0 {
			members[at] = bytes.Clone(value)
		}
	}
	_, err := dec.ReadToken()
	return members, err
}

func referenceFailure(text []byte, err error) *Failure {
	f := &Failure{Reason: Syntax, Offset: len(text)}
	if errors.Is(err, jsontext.ErrDuplicateName) {
		f.Reason = DuplicateName
	}
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		f.Offset = int(syntax.ByteOffset)
	}
	return f
}

// levels is how deeply the valid beginning of a text nests.
func levels(text []byte) (deepest int) {
	level, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{', c == '[':
			level++
			deepest = max(deepest, level)
		case c == '}', c == ']':
			level--
		}
	}
	return deepest
}

// agree holds a scanner against the reference: verdict, members, reason and offset.
func agree(t *testing.T, s *Scanner, text []byte) {
	t.Helper()
	before := bytes.Clone(text)
	got := scan(t, s, text)
	if !bytes.Equal(text, before) {
		t.Fatalf("%q was changed", before)
	}
	members, want := reference(text)
	if !sameFailure(got, want, text) {
		t.Fatalf("%q: %v, want %v", text, got, want)
	}
	for k, name := range noted {
		value := s.Member(k)
		if got != nil && value != nil {
			t.Fatalf("%q is refused and has the member %s", text, name)
		}
		if got == nil && (!bytes.Equal(value, members[k]) || (value == nil) != (members[k] == nil)) {
			t.Fatalf("%q: %s is %q, want %q", text, name, value, members[k])
		}
	}
}

func scan(t *testing.T, s *Scanner, text []byte) *Failure {
	t.Helper()
	err := s.Scan(text)
	var f *Failure
	if err != nil && !errors.As(err, &f) {
		t.Fatalf("%q: %T %v is no *Failure", text, err, err)
	}
	return f
}

// sameFailure reports whether the reference allows the verdict. It does not say where something else than an object
// begins or where what follows one does, and it knows no limit of levels that matters here: beyond the limit any
// failure will do that comes no later than the level.
func sameFailure(got, want *Failure, text []byte) bool {
	switch {
	case got == nil || want == nil && got.Reason != TooDeep:
		return got == nil && want == nil && levels(text) <= depth
	case got.Reason == TooDeep:
		return levels(text) > depth
	case got.Reason == NotObject, got.Reason == Trailing:
		return got.Reason == want.Reason
	}
	return *got == *want
}
