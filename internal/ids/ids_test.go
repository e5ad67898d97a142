package ids

import (
	"testing"
	"time"

	"github.com/videovector/exports/internal/export"
)

func TestExportIDsSortByTime(t *testing.T) {
	at := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	earlier, later := NewExport(at), NewExport(at.Add(time.Millisecond))
	if earlier >= later || !export.ValidID(earlier) || len(earlier) != len("exp_")+26 {
		t.Errorf("%s, then %s", earlier, later)
	}
}
