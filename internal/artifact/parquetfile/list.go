package parquetfile

import (
	"bytes"

	"github.com/videovector/exports/internal/artifact/columns"
)

// Definition levels of a list's elements.
const (
	listNull    = iota // the list is null
	listEmpty          // it holds nothing
	elementNull        // the element is null
	elementSet
)

// isList reports whether values of the type are arrays.
func isList(t columns.Type) bool { return element(t) != t }

// element is the type of an array's elements; of what is none, the type itself.
func element(t columns.Type) columns.Type {
	switch t {
	case columns.TextList:
		return columns.Text
	case columns.IntegerList:
		return columns.Integer
	case columns.NumberList:
		return columns.Number
	case columns.BooleanList:
		return columns.Boolean
	}
	return t
}

// addList appends the elements of a JSON array of scalars, nil for null.
func (g *gathered) addList(raw []byte) {
	if raw == nil {
		g.level(0, listNull)
		return
	}
	rest := afterBlanks(raw[1:])
	if rest[0] == ']' {
		g.level(0, listEmpty)
		return
	}
	for rep := byte(0); ; rep = 1 {
		n := scalarLength(rest)
		g.addElement(rep, rest[:n])
		rest = afterBlanks(rest[n:])
		if rest[0] == ']' {
			return
		}
		rest = afterBlanks(rest[1:])
	}
}

func (g *gathered) addElement(rep byte, raw []byte) {
	if raw[0] == 'n' {
		g.level(rep, elementNull)
		return
	}
	g.level(rep, elementSet)
	g.data = appendScalar(g.data, element(g.kind), raw)
}

func (g *gathered) level(rep, def byte) {
	g.reps, g.defs = append(g.reps, rep), append(g.defs, def)
}

// afterBlanks is b from its first byte on that is no blank of JSON.
func afterBlanks(b []byte) []byte {
	for b[0] == ' ' || b[0] == '\t' || b[0] == '\n' || b[0] == '\r' {
		b = b[1:]
	}
	return b
}

// scalarLength is the length of the JSON scalar that b begins with, inside of an array.
func scalarLength(b []byte) int {
	if b[0] != '"' {
		return bytes.IndexAny(b, ",] \t\n\r")
	}
	n := 1
	for b[n] != '"' {
		if b[n] == '\\' {
			n++
		}
		n++
	}
	return n + 1
}
