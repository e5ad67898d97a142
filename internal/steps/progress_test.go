package steps_test

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/export"
)

// slowly is a bucket whose objects come a little at a time.
type slowly struct {
	blob.Reader
	wait time.Duration
}

func (s slowly) Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, blob.Info, error) {
	body, info, err := s.Reader.Open(ctx, key, offset, length)
	if err == nil && s.wait > 0 {
		body = trickle{body, s.wait}
	}
	return body, info, err
}

type trickle struct {
	io.ReadCloser
	wait time.Duration
}

func (s trickle) Read(p []byte) (int, error) {
	time.Sleep(s.wait)
	return s.ReadCloser.Read(p[:min(len(p), 4<<10)])
}

// longRun takes some minutes to read slowly: 300 results of about 8 KB, of which some 30 are told at once.
func longRun() scenario {
	content := strings.Repeat(lines("run_b", 1000, 1000), 300)
	return scenario{request: oneRun, archive: []run{{"run_b", time.Hour, export.RunCompleted, []string{content}}}, slow: 250 * time.Millisecond}
}

// TestProgress: packaging tells how far it is, and each time extends the lease.
func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, longRun())
		w.order()
		seen := w.watchProgress()
		w.checkEnd(w.settle())
		if len(seen) < 5 || !slices.IsSorted(seen) {
			t.Errorf("progress was %v", seen)
		}
	})
}

// watchProgress looks at the record every ten seconds until the export has ended.
func (w *world) watchProgress() (seen []int64) {
	w.t.Helper()
	for time.Sleep(10 * time.Second); w.export().Open(); time.Sleep(10 * time.Second) {
		e := w.export()
		if e.Progress.RecordsDone == 0 {
			continue
		}
		if seen = append(seen, e.Progress.RecordsDone); time.Until(e.DueAt) < export.Lease-2*time.Minute || e.Progress.RecordsTotal != 300 || e.Progress.BytesWritten == 0 {
			w.t.Errorf("progress %+v, due in %s", e.Progress, time.Until(e.DueAt))
		}
	}
	return seen
}

// TestProgressThatIsLostIsLeftOut: a progress write whose reply is lost, and one that meets another writer, cost nothing:
// the next one starts from what stands in the record.
func TestProgressThatIsLostIsLeftOut(t *testing.T) {
	for _, m := range []mishap{lostBefore, lostAfter, throttled, refused} {
		t.Run(string(m), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, longRun().with(each(map[call]mishap{{"records.SaveExport", 4}: m, {"records.SaveExport", 6}: m})))
				w.order()
				if seen := w.watchProgress(); len(seen) < 3 || !slices.IsSorted(seen) {
					t.Errorf("progress was %v", seen)
				}
				w.checkEnd(w.settle())
			})
		})
	}
}

// TestPackagingEndsWhenTheExportIsLost: a worker whose generation is over notices at its next progress write.
func TestPackagingEndsWhenTheExportIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, longRun())
		w.create()
		w.mustCall(stage{"plan", -1})
		ended := make(chan string)
		go func() { ended <- w.call(stage{"package", -1}) }()
		time.Sleep(30 * time.Second)
		e := w.export()
		if _, err := w.records.Store.SaveExport(t.Context(), e.Restart(time.Now()), e.Fence()); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if failed := <-ended; failed != "Export.Superseded" || time.Since(began) > time.Minute {
			t.Errorf("packaging ended with %q after %s, want Export.Superseded within a minute", failed, time.Since(began))
		}
		if _, ok := w.artifacts.Content("work/acct_1/exp_1/g1/report-2.json"); ok {
			t.Error("a report was written all the same")
		}
	})
}
