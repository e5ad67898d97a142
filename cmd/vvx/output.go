package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// emit prints one result: as one line of JSON with --json, else as text does.
func (a *app) emit(result any, text func(w io.Writer) error) error {
	if !a.global.json {
		return text(a.out)
	}
	raw, err := json.Marshal(result)
	if err != nil {
		return err
	}
	var line bytes.Buffer
	if err := json.Compact(&line, raw); err != nil {
		return err
	}
	line.WriteByte('\n')
	_, err = a.out.Write(line.Bytes())
	return err
}

// field is one line of a description.
type field struct{ name, value string }

// describe prints the fields that have a value, in two columns.
func describe(w io.Writer, fields ...field) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range fields {
		if f.value != "" {
			fmt.Fprintf(t, "%s\t%s\n", f.name, cell(f.value))
		}
	}
	return t.Flush()
}

// table prints rows below a head, in columns.
func table(w io.Writer, head string, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.ReplaceAll(head, " ", "\t"))
	for _, row := range rows {
		for i, c := range row {
			row[i] = cell(c)
		}
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	return t.Flush()
}

// cell is text that stays in its cell.
func cell(s string) string { return strings.ReplaceAll(printable(s), "\n", " ") }

// stamp is a time for people, "" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateTime) + " UTC"
}

// size is a number of bytes for people.
func size(n int64) string {
	if n < 1000 {
		return strconv.FormatInt(n, 10) + " B"
	}
	v, unit := float64(n)/1000, "kB"
	for _, next := range []string{"MB", "GB", "TB"} {
		if v < 1000 {
			break
		}
		v, unit = v/1000, next
	}
	return fmt.Sprintf("%.1f %s", v, unit)
}

// terminal reports whether w is a screen on which a line can be drawn over.
func (a *app) terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || a.getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
