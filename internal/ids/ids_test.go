package ids

import (
	"strings"
	"testing"
	"time"

	"github.com/videovector/exports/internal/export"
)

func TestIDsSortByTime(t *testing.T) {
	at := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	for prefix, mint := range map[string]func(time.Time) string{"exp_": NewExport, "conn_": NewConnector, "wh_": NewWebhook, "evt_": NewEvent} {
		earlier, later := mint(at), mint(at.Add(time.Millisecond))
		if earlier >= later || !export.ValidID(earlier) || !strings.HasPrefix(earlier, prefix) || len(earlier) != len(prefix)+26 {
			t.Errorf("%s, then %s", earlier, later)
		}
	}
}

func TestExternalIDs(t *testing.T) {
	a, b := NewExternal(), NewExternal()
	if a == b || len(a) < 26 || !export.ValidID(a) { // 26 characters of base32 are 130 bits
		t.Errorf("%s and %s", a, b)
	}
}
