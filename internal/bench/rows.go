package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
)

// The rows of files, in order. A file that can't be read yields its error last.

// lineRows are the rows of NDJSON files whose records nest as the platform's do, or, with flat, whose members are
// called as the columns.
func lineRows(columns []column, flat bool, names ...string) iter.Seq2[[]cell, error] {
	return func(yield func([]cell, error) bool) {
		for _, name := range names {
			if !eachLine(name, func(line []byte) bool { return yield(recordRow(columns, flat, line)) }, yield) {
				return
			}
		}
	}
}

// eachLine reports whether there may be more: nobody has broken off, and the file was read to its end.
func eachLine(name string, line func([]byte) bool, yield func([]cell, error) bool) bool {
	f, err := os.Open(name)
	if err != nil {
		return yield(nil, err) && false
	}
	defer func() { _ = f.Close() }() // it was read
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		if !line(lines.Bytes()) {
			return false
		}
	}
	if err := lines.Err(); err != nil {
		return yield(nil, err) && false
	}
	return true
}

// arrayRows are the rows of a JSON document: the elements of the array that it is, or of its member "results".
func arrayRows(columns []column, name string) iter.Seq2[[]cell, error] {
	return func(yield func([]cell, error) bool) {
		f, err := os.Open(name)
		if err != nil {
			yield(nil, err)
			return
		}
		defer func() { _ = f.Close() }() // it was read
		dec := json.NewDecoder(bufio.NewReaderSize(f, 1<<20))
		if err := enter(dec); err != nil {
			yield(nil, err)
			return
		}
		for dec.More() {
			var record json.RawMessage
			if err := dec.Decode(&record); err != nil {
				yield(nil, err)
				return
			}
			if !yield(recordRow(columns, false, record)) {
				return
			}
		}
	}
}

// enter reads up to the first record.
func enter(dec *json.Decoder) error {
	first, err := dec.Token()
	if err != nil || first == json.Delim('[') {
		return err
	}
	for {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		if name == "results" {
			_, err := dec.Token()
			return err
		}
		var skipped json.RawMessage
		if err := dec.Decode(&skipped); err != nil {
			return err
		}
	}
}

func recordRow(columns []column, flat bool, record []byte) ([]cell, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(record, &members); err != nil {
		return nil, err
	}
	row := make([]cell, len(columns))
	opened := map[string]map[string]json.RawMessage{}
	for i, c := range columns {
		if flat {
			row[i].text = members[c.Name]
			continue
		}
		row[i].text = lookUp(members, "", c.Name, opened)
	}
	return row, nil
}

// lookUp finds a dotted name; opened keeps the objects on the way to others.
func lookUp(members map[string]json.RawMessage, above, name string, opened map[string]map[string]json.RawMessage) []byte {
	first, rest, nested := strings.Cut(name, ".")
	if !nested {
		return members[first]
	}
	at := above + "." + first
	inner, ok := opened[at]
	if !ok {
		_ = json.Unmarshal(members[first], &inner) // of what is no object every member is absent
		opened[at] = inner
	}
	return lookUp(inner, at, rest, opened)
}

// csvRows are the rows of an RFC 4180 file with a header. A field is null if it is empty and not quoted. Columns that
// the file has besides are passed over; one that it lacks is an error.
func csvRows(columns []column, name string) iter.Seq2[[]cell, error] {
	return func(yield func([]cell, error) bool) {
		f, err := os.Open(name)
		if err != nil {
			yield(nil, err)
			return
		}
		defer func() { _ = f.Close() }() // it was read
		r := bufio.NewReaderSize(f, 1<<20)
		header, err := csvRecord(r)
		if err != nil {
			yield(nil, err)
			return
		}
		at, err := positions(columns, header)
		for err == nil {
			var record, row []cell
			if record, err = csvRecord(r); err == nil {
				row, err = arranged(record, at, len(header))
			}
			if err == nil && !yield(row, nil) {
				return
			}
		}
		if !errors.Is(err, io.EOF) {
			yield(nil, err)
		}
	}
}

func arranged(record []cell, at []int, width int) ([]cell, error) {
	if len(record) != width {
		return nil, fmt.Errorf("a row of %d fields under a header of %d", len(record), width)
	}
	row := make([]cell, len(at))
	for i, k := range at {
		row[i] = record[k]
	}
	return row, nil
}

func positions(columns []column, header []cell) ([]int, error) {
	byName := map[string]int{}
	for k, h := range header {
		byName[string(h.text)] = k
	}
	at := make([]int, len(columns))
	for i, c := range columns {
		k, ok := byName[c.Name]
		if !ok {
			return nil, fmt.Errorf("there is no column %q", c.Name)
		}
		at[i] = k
	}
	return at, nil
}

// csvRecord reads one record; io.EOF if there is none.
func csvRecord(r *bufio.Reader) ([]cell, error) {
	if _, err := r.Peek(1); err != nil {
		return nil, err
	}
	var record []cell
	for {
		field, last, err := csvField(r)
		if err != nil {
			return nil, err
		}
		record = append(record, field)
		if last {
			return record, nil
		}
	}
}

// csvField reads a field and the comma or line end behind it.
func csvField(r *bufio.Reader) (c cell, last bool, err error) {
	f := field{text: []byte{}}
	for {
		b, err := r.ReadByte()
		if errors.Is(err, io.EOF) && !f.inside {
			b, err = '\n', nil
		}
		if err != nil {
			return c, false, err
		}
		if !f.inside && (b == ',' || b == '\n') {
			return f.cell(), b == '\n', nil
		}
		f.take(b, r)
	}
}

// field is one of a CSV file while it is read.
type field struct {
	text           []byte
	quoted, inside bool // it began with a quote; the quote is open
}

func (f *field) take(b byte, r *bufio.Reader) {
	switch {
	case b == '"' && !f.quoted && len(f.text) == 0:
		f.quoted, f.inside = true, true
	case b == '"' && f.inside:
		next, err := r.Peek(1)
		f.inside = err == nil && next[0] == '"'
		if f.inside {
			_, _ = r.Discard(1) // it was seen
			f.text = append(f.text, '"')
		}
	case f.quoted && !f.inside: // the carriage return of a line end
	default:
		f.text = append(f.text, b)
	}
}

func (f *field) cell() cell {
	if f.quoted {
		return cell{f.text, true}
	}
	if text := bytes.TrimSuffix(f.text, []byte{'\r'}); len(text) > 0 {
		return cell{text, true}
	}
	return cell{nil, true}
}
