package columns

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// value is a JSON value whose members are in order. Of two members of one name the later one counts, as
// encoding/json has it.
type value struct {
	kind    jsontext.Kind
	text    string // of a string what it reads as, of a number as it stands
	members []pair
	index   map[string]*value
	items   []*value
}

type pair struct {
	name  string
	value *value
}

var errSecond = errors.New("a second value follows")

// parse reads a text of one value. It nests no deeper than jsontext allows, 10,000 levels.
func parse(raw []byte) (*value, error) {
	dec := jsontext.NewDecoder(bytes.NewReader(raw), jsontext.AllowDuplicateNames(true))
	v, err := parseValue(dec)
	if err != nil {
		return nil, err
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errSecond
	}
	return v, nil
}

func parseValue(dec *jsontext.Decoder) (*value, error) {
	token, err := dec.ReadToken()
	if err != nil {
		return nil, err
	}
	v := &value{kind: token.Kind()}
	switch v.kind {
	case '"', '0':
		v.text = token.String()
	case '{':
		err = v.parseMembers(dec)
	case '[':
		err = v.parseItems(dec)
	}
	return v, err
}

func (v *value) parseMembers(dec *jsontext.Decoder) error {
	v.index = map[string]*value{}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return err
		}
		p := pair{name: name.String()}
		if p.value, err = parseValue(dec); err != nil {
			return err
		}
		v.members = append(v.members, p)
		v.index[p.name] = p.value
	}
	_, err := dec.ReadToken()
	return err
}

func (v *value) parseItems(dec *jsontext.Decoder) error {
	for dec.PeekKind() != ']' {
		item, err := parseValue(dec)
		if err != nil {
			return err
		}
		v.items = append(v.items, item)
	}
	_, err := dec.ReadToken()
	return err
}

// member is the member of that name if it is of that kind, else nil.
func (v *value) member(name string, kind jsontext.Kind) *value {
	if m := v.index[name]; m != nil && m.kind == kind {
		return m
	}
	return nil
}

// has reports whether there is a member of one of these names.
func (v *value) has(names ...string) bool {
	for _, name := range names {
		if v.index[name] != nil {
			return true
		}
	}
	return false
}

// at is what a JSON Pointer (RFC 6901) leads to through objects, nil if to nothing.
func (v *value) at(pointer string) *value {
	for pointer != "" && v != nil {
		var step string
		step, pointer, _ = strings.Cut(pointer[1:], "/")
		if pointer != "" {
			pointer = "/" + pointer
		}
		v = v.index[unescapePointer.Replace(step)]
	}
	return v
}

var unescapePointer = strings.NewReplacer("~1", "/", "~0", "~")
