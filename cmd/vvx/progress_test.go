package main

import (
	"strings"
	"testing"
	"time"

	"github.com/videovector/exports/client"
)

// watch shows an export's progress at one look each second.
func watch(terminal bool, looks ...client.Progress) string {
	var out strings.Builder
	now := time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
	p := newProgress(&out, terminal, func() time.Time { return now })
	for _, look := range looks {
		p.see(&client.Export{ID: "exp_1", Status: client.StatusProcessing, Progress: &look})
		now = now.Add(time.Second)
	}
	p.end()
	return out.String()
}

func packaging(done int64) client.Progress {
	return client.Progress{Phase: "packaging", RecordsDone: done, RecordsTotal: 1000, BytesWritten: done * 1_000_000}
}

func TestProgressInLines(t *testing.T) {
	looks := []client.Progress{{Phase: "planning"}, {Phase: "planning"}}
	for i := range int64(12) {
		looks = append(looks, packaging(100+i*50))
	}
	looks = append(looks, client.Progress{Phase: "assembling", RecordsDone: 1000, RecordsTotal: 1000, BytesWritten: 1_000_000_000})
	want := `exp_1  processing  planning
exp_1  processing  packaging  100/1000 records
exp_1  processing  packaging  600/1000 records  50.0 MB/s  ETA 8s
exp_1  processing  assembling  1000/1000 records  75.0 MB/s
`
	if got := watch(false, looks...); got != want {
		t.Errorf("printed\n%s\nwant\n%s", got, want)
	}
}

// TestProgressTellsTheServicesEstimate: it knows more than two looks do.
func TestProgressTellsTheServicesEstimate(t *testing.T) {
	left := int64(95)
	delivering := client.Progress{Phase: "delivering", RecordsDone: 1000, RecordsTotal: 1000, BytesWritten: 1, SecondsLeft: &left}
	if got, want := watch(false, delivering), "exp_1  processing  delivering  1000/1000 records  ETA 1m35s\n"; got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
	if got := watch(true, delivering); !strings.Contains(got, "delivering  ETA 1m35s") {
		t.Errorf("the bar never showed the estimate: %q", got)
	}
}

func TestProgressAsABar(t *testing.T) {
	got := watch(true, client.Progress{Phase: "planning"}, packaging(100), packaging(300), packaging(900))
	for _, want := range []string{"planning", "packaging", "(300/1000", "200.0 MB/s", "90%"} {
		if !strings.Contains(got, want) {
			t.Errorf("the bar never showed %q: %q", want, got)
		}
	}
	if strings.Contains(got, "\n") {
		t.Errorf("the bar left its line: %q", got)
	}
	if last := got[strings.LastIndex(got, "\r")+1:]; strings.TrimSpace(last) != "" {
		t.Errorf("the bar is still there: %q", last)
	}
}

func TestProgressOfAnOddServer(t *testing.T) {
	for _, terminal := range []bool{false, true} {
		watch(terminal, client.Progress{Phase: "x\n\x1b[2J", RecordsDone: 5, RecordsTotal: 3}, client.Progress{RecordsDone: -4, RecordsTotal: -2, BytesWritten: -9}, packaging(2000))
	}
	if got := watch(false, client.Progress{Phase: "x\n\x1b[2J"}); strings.Count(got, "\n") != 1 || strings.Contains(got, "\x1b") {
		t.Errorf("printed %q", got)
	}
}

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 1234567: "1.2 MB", 5e9: "5.0 GB", 7e12: "7.0 TB", 9e18: "9000000.0 TB"} {
		if got := size(n); got != want {
			t.Errorf("size(%d) = %s, want %s", n, got, want)
		}
	}
}
