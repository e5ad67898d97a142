package strictjson

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

const depth = 1000

// noted are names that tests have their scanners note.
var noted = []string{
	"result_type", "result_id", "status", "field_extraction_succeeded", "selected", "video_id", "segment_id", "run_id",
	"start_time", "end_time", "a", "", "Ä😀", `"\`,
}

// found is the values of the noted members, and the other members' names and values.
type found struct {
	members [][]byte
	others  [][2]string
}

// reference is what jsontext says of a text: its members, or the failure.
func reference(text []byte) (found, *Failure) {
	src := bytes.NewBuffer(bytes.Clone(text))
	dec := jsontext.NewDecoder(src)
	if dec.PeekKind() != '{' {
		return found{}, &Failure{Reason: NotObject}
	}
	members, err := referenceObject(dec)
	if err != nil {
		return found{}, referenceFailure(text, err)
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return found{}, &Failure{Reason: Trailing}
	}
	return members, nil
}

func referenceObject(dec *jsontext.Decoder) (f found, err error) {
	f.members = make([][]byte, len(noted))
	if _, err := dec.ReadToken(); err != nil {
		return f, err
	}
	for dec.PeekKind() != '}' {
		quoted, err := dec.ReadValue()
		if err != nil {
			return f, err
		}
		spelt := string(quoted)
		name, _ := jsontext.AppendUnquote(nil, spelt)
		value, err := dec.ReadValue()
		if err != nil {
			return f, err
		}
		if at := slices.Index(noted, string(name)); at >= 0 {
			f.members[at] = bytes.Clone(value)
		} else {
			f.others = append(f.others, [2]string{spelt, string(value)})
		}
	}
	_, err = dec.ReadToken()
	return f, err
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
	all, want := reference(text)
	if !sameFailure(got, want, text) {
		t.Fatalf("%q: %v, want %v", text, got, want)
	}
	agreeOnOthers(t, s, text, got == nil, all.others)
	members := all.members
	for k, name := range noted {
		value := s.Member(k)
		if got != nil && value != nil {
			t.Fatalf("%q is refused and has the member %s", text, name)
		}
		if got == nil && (!bytes.Equal(value, members[k]) || (value == nil) != (members[k] == nil)) {
			t.Fatalf("%q: %s is %q, want %q", text, name, value, members[k])
		}
		if got == nil && len(value) > 0 && value[0] == '"' && s.Escaped(k) != bytes.Contains(value, []byte{'\\'}) {
			t.Fatalf("%q: %s is %q, with an escape: %v", text, name, value, s.Escaped(k))
		}
	}
}

// agreeOnOthers compares the members that are not noted, whatever blanks stand around their colon.
func agreeOnOthers(t *testing.T, s *Scanner, text []byte, accepted bool, want [][2]string) {
	t.Helper()
	if !accepted {
		want = nil
	}
	if s.Others() != len(want) {
		t.Fatalf("%q: %d other members, want %d", text, s.Others(), len(want))
	}
	for k, member := range want {
		name, isName := strings.CutPrefix(string(s.Other(k)), member[0])
		value, isValue := strings.CutSuffix(name, member[1])
		if !isName || !isValue || strings.Trim(value, " \t\r\n") != ":" {
			t.Fatalf("%q: the other member %d is %q, want %q", text, k, s.Other(k), member)
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
