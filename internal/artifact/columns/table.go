package columns

import (
	"encoding/json"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxMetadata is how many columns come from schemas; what else they declare stands in metadata_extra. Parquet's readers
// slow down beyond some thousands of columns, and spreadsheets end at 16,384 (Excel).
const MaxMetadata = 1000

// Names of the columns for the rest. They hold null if there is no rest.
const (
	metadataExtra = "metadata_extra" // members of metadata, by their dotted names below it
	recordExtra   = "record_extra"   // members of the record
)

// Table is the columns of a selection of runs. It is immutable and safe for concurrent use.
type Table struct {
	columns  []Column
	metadata *object
	slots    int // of all objects
}

// object is an object within metadata, or metadata itself.
type object struct {
	path    string // of its members' dotted names below metadata: "" or "scene"
	quoted  string // the beginning of a plain member's name in metadata_extra: `"` or `"scene.`
	members []member
	index   map[string]int
	slot    int // the first of its len(members)+1 slots
}

// member is a member that has a column, or an object whose members have.
type member struct {
	text   string // what it is spelt as nearly always: `"name":`
	column int    // if below is nil
	below  *object
}

// New makes the table of runs with these JSON Schemas, nil for none, in the order of a document. It depends on nothing
// else. Of a schema that isn't understood, or not JSON at all, what is not understood becomes a column of type JSON or
// no column; no schema is refused.
//
// Runs that declare one name share its column: with one type it has that, as Integer and Number it is a Number, and
// else JSON, also where one run declares an object and another something else.
func New(schemas []json.RawMessage) *Table {
	t := &Table{}
	for _, f := range fixed {
		t.columns = append(t.columns, Column{f.member.String(), f.kind})
	}
	t.metadata = t.object(union(schemas), "")
	t.columns = append(t.columns, Column{metadataExtra, JSON}, Column{recordExtra, JSON})
	return t
}

// Columns lists them in order: those of every table, those below metadata as the schemas declare them, and the two for
// the rest.
func (t *Table) Columns() []Column { return t.columns }

// metadataExtra and recordExtra are the positions of the columns for the rest.
func (t *Table) metadataExtra() int { return len(t.columns) - 2 }
func (t *Table) recordExtra() int   { return len(t.columns) - 1 }

// object makes columns of the shape's members, as long as there is room.
func (t *Table) object(s *shape, path string) *object {
	o := &object{path: path, quoted: `"`, index: map[string]int{}}
	if path != "" {
		o.quoted = quote(path + ".")
		o.quoted = o.quoted[:len(o.quoted)-1]
	}
	for _, m := range s.members {
		if made, some := t.member(m, join(path, m.name)); some {
			o.index[m.name] = len(o.members)
			o.members = append(o.members, made)
		}
	}
	o.slot = t.slots
	t.slots += len(o.members) + 1
	return o
}

// member reports whether there is room for anything of it.
func (t *Table) member(m named, path string) (made member, some bool) {
	made = member{text: quote(m.name) + ":", column: len(t.columns)}
	switch {
	case len(t.columns) >= len(fixed)+MaxMetadata:
		return made, false
	case m.shape.object():
		made.below = t.object(m.shape, path)
		return made, len(made.below.members) > 0
	}
	t.columns = append(t.columns, Column{below("metadata", path), m.shape.kind})
	return made, true
}

// quote is the text as a JSON string.
func quote(text string) string {
	quoted, _ := jsontext.AppendQuote(nil, text) // what isn't UTF-8 is replaced, and no schema has it
	return string(quoted)
}
