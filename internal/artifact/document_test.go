package artifact

import (
	"bytes"
	"testing"
	"time"

	"github.com/videovector/exports/internal/export"
)

func TestCounts(t *testing.T) {
	for line, want := range map[string]export.Counts{
		segment: {Runs: 1, Results: 1, Segments: 1},
		lost:    {Runs: 1, Results: 1, Segments: 1, Failed: 1},
		video:   {Runs: 1, Results: 1, Videos: 1, Failed: 1},
		novel:   {Runs: 1, Results: 1},
		`{"result_type":"video","field_extraction_succeeded":false}`: {Runs: 1, Results: 1, Videos: 1},
		`{"result_type":"segment","status":"failed"}`:                {Runs: 1, Results: 1, Segments: 1},
	} {
		document, _ := planned(1).with(t, line)
		if got, err := Inspect(bytes.NewReader(document)); err != nil || got.Stated != want {
			t.Errorf("%s counts as %+v, %v; want %+v", line, got.Stated, err, want)
		}
	}
}

func TestStamp(t *testing.T) {
	at := time.Date(2026, 3, 1, 1, 2, 3, 4_999_999, time.FixedZone("", 3600))
	if got := Stamp(at); got != "2026-03-01T00:02:03.004Z" {
		t.Errorf("Stamp = %s", got)
	}
}
