package steps_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/export"
)

// TestStrayUploads: what an ended export has open is dropped within the hour, whatever opened it so late; what an open
// export has open stays, and so does what is nobody's. Trouble with it fails no sweep, and the next hour mends it.
func TestStrayUploads(t *testing.T) {
	all := []string{
		"artifacts/acct_1/exp_completed/x.json", "artifacts/acct_1/exp_failed/x.json", "artifacts/acct_1/exp_gone/x.json",
		"artifacts/acct_1/exp_open/x.json", "artifacts/stray", "work/acct_1/exp_failed/g1/chunk",
	}
	stay := []string{"artifacts/acct_1/exp_open/x.json", "artifacts/stray"}
	for name, c := range map[string]struct {
		spoil mishaps
		want  []string // the keys of what is open after the first full hour
	}{
		"all goes well":               {nil, stay},
		"the listing fails":           {at(call{"artifacts.Uploads work/", 1}, lostBefore), all},
		"a record can't be read":      {at(call{"records.Export", 1}, lostBefore), all},
		"an upload can't be dropped":  {at(call{"artifacts.AbortUpload upload-000006", 1}, lostBefore), all},
		"that it was dropped is lost": {at(call{"artifacts.AbortUpload upload-000006", 1}, lostAfter), all[:5]},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, scenario{request: wholeIndex, spoil: func(*world) mishaps { return c.spoil }})
				w.putExport("exp_completed", completed)
				w.putExport("exp_failed", failed)
				w.putExport("exp_open", func(e export.Export) export.Export { return e.Claim(time.Now().Add(10 * time.Hour)) })
				for _, key := range all {
					if _, err := w.artifacts.CreateUpload(t.Context(), key, blob.PutOptions{}); err != nil {
						t.Fatal(err)
					}
				}
				for _, step := range []struct {
					wait time.Duration
					want []string
				}{{59 * time.Minute, all}, {time.Minute, c.want}, {time.Hour, stay}} {
					time.Sleep(step.wait)
					if _, failed := w.swept(event("Scheduled Event", nil)); failed != "" {
						t.Errorf("the sweep failed with %s", failed)
					}
					if got := w.openKeys(); !slices.Equal(got, step.want) {
						t.Errorf("at %s these are open: %v, want %v", time.Now().Format("15:04"), got, step.want)
					}
				}
			})
		})
	}
}

// openKeys are the keys of the open uploads, in order.
func (w *world) openKeys() (keys []string) {
	w.t.Helper()
	open, err := w.artifacts.Uploads(w.t.Context(), "")
	if err != nil {
		w.t.Fatal(err)
	}
	for _, u := range open {
		keys = append(keys, u.Key)
	}
	return keys
}
