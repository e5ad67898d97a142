package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"iter"
	"strconv"
	"strings"
	"time"
)

// cell is one value of a file under comparison: JSON text where the file holds JSON, else bare text. No text is null.
type cell struct {
	text  []byte
	plain bool // as a CSV file holds it
}

func (c cell) null() bool { return c.text == nil || !c.plain && string(c.text) == "null" }

// meaning is the cell's value in a spelling that is the same for every format: numbers by what they come to, times in
// milliseconds, JSON without blanks. A value that is not of the column's type means its text.
func (c cell) meaning(kind string) string {
	if c.null() {
		return "null"
	}
	switch kind {
	case "integer", "number":
		if f, err := strconv.ParseFloat(string(c.text), 64); err == nil {
			return strconv.FormatFloat(f, 'g', -1, 64)
		}
	case "timestamp":
		if t, ok := instant(c.string()); ok {
			return strconv.FormatInt(t.UnixMilli(), 10)
		}
	case "boolean":
		return strings.ToLower(string(c.text))
	case "text_list":
		var v any
		if json.Unmarshal(c.text, &v) == nil {
			if raw, err := json.Marshal(v); err == nil {
				return string(raw)
			}
		}
	}
	return "text " + c.string()
}

// string is the cell's text without JSON's quotes and escapes.
func (c cell) string() string {
	var s string
	if c.plain || json.Unmarshal(c.text, &s) != nil {
		return string(c.text)
	}
	return s
}

// instant reads a time as the platform and the peers write it, which is UTC where they say nothing.
func instant(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07", "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// verdict is what a comparison of a file with its source found.
type verdict struct {
	rows, cells int64
	differing   int64 // cells that mean something else
	respelled   int64 // cells that mean the same in other bytes
	guarded     int64 // texts behind an apostrophe that keeps a spreadsheet from running them
	example     string
	digest      string // over what every cell means
}

func (v verdict) text() string {
	text := fmt.Sprintf("%d rows, %d cells, content %s", v.rows, v.cells, v.digest)
	for _, c := range []struct {
		n    int64
		what string
	}{{v.differing, "differing"}, {v.respelled, "respelled"}, {v.guarded, "guarded"}} {
		if c.n > 0 {
			text += fmt.Sprintf(", %d %s", c.n, c.what)
		}
	}
	return text + v.example
}

// judge holds a file's rows against its source's.
func judge(columns []column, source, file iter.Seq2[[]cell, error]) (v verdict, err error) {
	next, stop := iter.Pull2(file)
	defer stop()
	sum := sha256.New()
	for want, err := range source {
		if err != nil {
			return v, err
		}
		got, err, ok := next()
		if err != nil {
			return v, err
		}
		if !ok {
			return v, fmt.Errorf("the file ends after %d rows", v.rows)
		}
		v.rows++
		for i, c := range columns {
			v.take(c, want[i], got[i], sum)
		}
	}
	if _, err, ok := next(); err != nil {
		return v, err
	} else if ok {
		return v, fmt.Errorf("the file goes on after %d rows", v.rows)
	}
	v.digest = hex.EncodeToString(sum.Sum(nil))[:12]
	return v, nil
}

func (v *verdict) take(c column, want, got cell, sum hash.Hash) {
	v.cells++
	if guards(want, got) {
		v.guarded++
		got = want
	}
	meant, means := want.meaning(c.Type), got.meaning(c.Type)
	fmt.Fprintf(sum, "%d:%s", len(means), means)
	switch {
	case meant != means:
		if v.differing++; v.differing == 1 {
			v.example = fmt.Sprintf("; the first is %s, %.60q for %.60q", c.Name, got.text, want.text)
		}
	case !want.null() && !sameSpelling(want, got):
		v.respelled++
	}
}

// sameSpelling compares bytes where both cells are JSON, else what the bytes are made from.
func sameSpelling(want, got cell) bool {
	if want.plain == got.plain {
		return bytes.Equal(want.text, got.text)
	}
	return want.string() == got.string()
}

// guards reports whether got is want behind an apostrophe.
func guards(want, got cell) bool {
	return got.plain && !want.null() && len(got.text) > 0 && got.text[0] == '\'' && string(got.text[1:]) == want.string()
}
