package main

import (
	"fmt"
	"strconv"

	"github.com/videovector/exports/internal/artifact"
)

// check is one comparison.
type check struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Want string `json:"want"`
	Got  string `json:"got"`
}

func equal(name, want, got string) check { return check{name, want == got, want, got} }

func equalNumber(name string, want, got int64) check {
	return equal(name, strconv.FormatInt(want, 10), strconv.FormatInt(got, 10))
}

// compare holds what was read of a file against what the manifest says.
func compare(m artifact.Manifest, f artifact.File, got artifact.Digests, c contents) []check {
	checks := []check{equalNumber("size", f.Bytes, got.Bytes)}
	if f.SHA256 != "" || got.SHA256 != "" {
		checks = append(checks, equal("sha256", f.SHA256, got.SHA256))
	}
	checks = append(checks,
		parts(f.Digests, got),
		equal("tree sha256", f.TreeSHA256, got.TreeSHA256),
		equal("crc64nvme", f.CRC64NVME, got.CRC64NVME),
		readable(f.Format, c.err),
	)
	if c.err != nil {
		return checks
	}
	return append(checks, compareRows(m, f, c)...)
}

// compareRows holds the records of a file against what the manifest says of them, as far as its format tells.
func compareRows(m artifact.Manifest, f artifact.File, c contents) (checks []check) {
	document := f.Format == artifact.JSON || f.Format == ""
	if document {
		checks = append(checks, equal("export", m.Export.ExportID, c.head.ExportID))
	}
	if c.rows >= 0 {
		checks = append(checks, equalNumber("rows", f.Rows, c.rows))
	}
	if document {
		checks = append(checks, equalNumber("runs", m.Counts.Runs, c.found.Runs), equalNumber("rejected", m.Counts.Rejected, c.found.Rejected))
	}
	if n := c.found; n != nil {
		checks = append(checks,
			equalNumber("segments", m.Counts.Segments, n.Segments),
			equalNumber("videos", m.Counts.Videos, n.Videos),
			equalNumber("failed", m.Counts.Failed, n.Failed),
			equalNumber("selected", m.Counts.Selected, n.Results+m.Counts.Rejected+m.Counts.Filtered),
		)
	}
	return checks
}

// parts compares the digests of the parts and names the first that differs.
func parts(want, got artifact.Digests) check {
	c := check{Name: "parts", OK: true, Want: fmt.Sprintf("%d equal", len(want.PartSHA256))}
	for i, w := range want.PartSHA256 {
		if i >= len(got.PartSHA256) || got.PartSHA256[i] != w {
			c.OK, c.Got = false, fmt.Sprintf("part %d differs, from byte %d on", i+1, int64(i)*want.PartBytes)
			return c
		}
	}
	if extra := len(got.PartSHA256) - len(want.PartSHA256); extra > 0 {
		c.OK, c.Got = false, fmt.Sprintf("%d more", extra)
		return c
	}
	c.Got = c.Want
	return c
}

// readable is whether the file is what its format says.
func readable(f artifact.Format, err error) check {
	want := "strict JSON that adds up"
	switch {
	case f == artifact.NDJSON:
		want = "strict NDJSON"
	case f == artifact.CSV:
		want = "a table with a header"
	case f == artifact.Parquet:
		want = "a Parquet file"
	case f.Captions():
		want = "an archive whose checksums hold"
	}
	c := check{Name: "contents", OK: err == nil, Want: want, Got: want}
	if err != nil {
		c.Got = err.Error()
	}
	return c
}

// checkFields is a line for each check.
func checkFields(checks []check) []field {
	var fields []field
	for _, c := range checks {
		value := "ok   " + c.Got
		if !c.OK {
			value = "BAD  " + c.Got + ", want " + c.Want
		}
		fields = append(fields, field{c.Name, value})
	}
	return fields
}
