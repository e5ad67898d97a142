package parquetfile

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/videovector/exports/internal/artifact/columns"
)

// everyType is a table with a column of each type that the format has a column for, and some that hold little.
var everyType = []columns.Column{
	{Name: "text", Type: columns.Text}, {Name: "integer", Type: columns.Integer}, {Name: "number", Type: columns.Number},
	{Name: "boolean", Type: columns.Boolean}, {Name: "timestamp", Type: columns.Timestamp}, {Name: "json", Type: columns.JSON},
	{Name: "metadata.texts", Type: columns.TextList}, {Name: "metadata.integers", Type: columns.IntegerList},
	{Name: `metadata["a.b"]`, Type: columns.NumberList}, {Name: "Wörter 人物", Type: columns.BooleanList},
	{Name: "null", Type: columns.Text}, {Name: "nulls", Type: columns.TextList},
}

// special are values that trip careless code.
var special = map[columns.Type][]string{
	columns.Text: {`""`, `" "`, `"\u0000"`, `"NULL"`, `"é"`, `"\u00e9"`, `"😀"`, `"\ud83d\ude00"`, `"人物 über"`, `"a\"b\\c\/d\n\r\t\b\f"`, `"` + strings.Repeat("ü", 40) + `"`,
		`"` + strings.Repeat("\U0010ffff", 20) + `"`, `"` + strings.Repeat("x", 64) + `"`, `"` + strings.Repeat("x", 65) + `"`, `"z` + strings.Repeat("\ud7ff", 30) + `"`},
	columns.Integer:   {"0", "-0", "1", "-1", "9223372036854775807", "-9223372036854775808"},
	columns.Number:    {"0", "-0.0", "0.1", "5e-324", "1.7e308", "-1.7E+308", "1173.10", "123456789012345", "9007199254740993", "0.30000000000000004", "1e22", "1e23", "-12.5e-7", "999999999999999.9"},
	columns.Boolean:   {"true", "false"},
	columns.Timestamp: {`"1969-12-31T23:59:59.999Z"`, `"0001-01-01T00:00:00Z"`, `"9999-12-31T23:59:59.999Z"`, `"2026-03-01T12:00:00.123+02:00"`, `"1970-01-01T00:00:00Z"`},
	columns.JSON:      {`{}`, `[]`, `""`, `0`, `false`, `{"a":[1, 2.50,null ],"b":"\u00e9"}`, `"text"`},
}

// randomValue is a value that fits the type, now and then null; of few there are few.
func randomValue(r *rand.Rand, kind columns.Type, few bool) string {
	if r.IntN(8) == 0 {
		return "null"
	}
	if isList(kind) {
		return randomList(r, element(kind), few)
	}
	if s := special[kind]; few || r.IntN(4) == 0 {
		return s[r.IntN(len(s))]
	}
	switch kind {
	case columns.Integer:
		return strconv.FormatInt(int64(r.Uint64())>>r.IntN(64), 10)
	case columns.Number:
		return strconv.FormatFloat(r.NormFloat64()*1e3, "efg"[r.IntN(3)], r.IntN(20)-1, 64)
	case columns.Boolean:
		return strconv.FormatBool(r.IntN(2) == 0)
	case columns.Timestamp:
		return time.UnixMilli(r.Int64N(4e12) - 2e12).UTC().Format(`"2006-01-02T15:04:05.000Z07:00"`)
	}
	return fmt.Sprintf(`"%x %s"`, r.Uint64(), strings.Repeat("word ", r.IntN(9)))
}

func randomList(r *rand.Rand, kind columns.Type, few bool) string {
	var elements []string
	for range r.IntN(5) {
		elements = append(elements, randomValue(r, kind, few))
	}
	if r.IntN(3) == 0 {
		return "[ " + strings.Join(elements, " ,\t") + " ]"
	}
	return "[" + strings.Join(elements, ",") + "]"
}

// randomRows are the JSON values of n rows of these columns. A column named as one that is null is.
func randomRows(r *rand.Rand, cols []columns.Column, n int) [][]string {
	few := make([]bool, len(cols))
	for i := range few {
		few[i] = r.IntN(2) == 0
	}
	rows := make([][]string, n)
	for i := range rows {
		for k, c := range cols {
			v := "null"
			if !strings.HasPrefix(c.Name, "null") {
				v = randomValue(r, c.Type, few[k])
			}
			rows[i] = append(rows[i], v)
		}
	}
	return rows
}

// cells are the row's cells as a splitter would hand them over.
func cells(tb testing.TB, cols []columns.Column, row []string) []columns.Cell {
	all := make([]columns.Cell, len(cols))
	for i, c := range cols {
		all[i] = cell(tb, c.Type, row[i])
	}
	return all
}

// cell is the cell of a value that fits its column; "" and null are no value.
func cell(tb testing.TB, kind columns.Type, raw string) columns.Cell {
	if raw == "" || raw == "null" {
		return columns.Cell{}
	}
	c := columns.Cell{Raw: []byte(raw), Plain: kind == columns.Text && !strings.Contains(raw, `\`)}
	var err error
	switch kind {
	case columns.Integer:
		c.Int, err = strconv.ParseInt(raw, 10, 64)
	case columns.Timestamp:
		c.Int, err = milliseconds(raw)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func milliseconds(raw string) (int64, error) {
	at, err := time.Parse(time.RFC3339Nano, strings.Trim(raw, `"`))
	return at.UnixMilli(), err
}

// want is what the test's reader must make of a value.
func want(tb testing.TB, kind columns.Type, raw string) any {
	tb.Helper()
	if raw == "null" {
		return nil
	}
	if isList(kind) {
		var elements []json.RawMessage
		if err := json.Unmarshal([]byte(raw), &elements); err != nil {
			tb.Fatal(err)
		}
		list := []any{}
		for _, e := range elements {
			list = append(list, want(tb, element(kind), string(e)))
		}
		return list
	}
	var text string
	var err error
	switch kind {
	case columns.Text:
		err = json.Unmarshal([]byte(raw), &text)
	case columns.Integer:
		n, bad := strconv.ParseInt(raw, 10, 64)
		text, err = fmt.Sprint(n), bad
	case columns.Timestamp:
		n, bad := milliseconds(raw)
		text, err = fmt.Sprint(n), bad
	case columns.Number:
		f, bad := strconv.ParseFloat(raw, 64)
		text, err = doubleWords(f), bad
	default:
		text = raw
	}
	if err != nil {
		tb.Fatalf("%s: %v", raw, err)
	}
	return text
}
