package steps_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/export"
)

// TestStrayUploads: what an ended export has open is dropped within the hour, whatever opened it so late; what an open
// export has open stays, and so does what is nobody's. Trouble with one fails no sweep, keeps no other from being dropped,
// and the next hour mends it.
func TestStrayUploads(t *testing.T) {
	all := []string{
		"artifacts/acct_1/exp_completed/x.json", "artifacts/acct_1/exp_failed/x.json", "artifacts/acct_1/exp_gone/x.json",
		"artifacts/acct_1/exp_open/x.json", "artifacts/stray", "work/acct_1/exp_failed/g1/chunk",
	}
	stay := []string{"artifacts/acct_1/exp_open/x.json", "artifacts/stray"}
	oneKept := append(slices.Clone(stay), all[5])
	for name, c := range map[string]struct {
		spoil mishaps
		want  []string // the keys of what is open after the first full hour
	}{
		"all goes well":               {nil, stay},
		"the listing fails":           {at(call{"artifacts.Uploads work/", 1}, lostBefore), oneKept},
		"a record can't be read":      {at(call{"records.Export", 1}, lostBefore), oneKept},
		"an upload can't be dropped":  {at(call{"artifacts.AbortUpload upload-000006", 1}, lostBefore), oneKept},
		"the first can't be dropped":  {at(call{"artifacts.AbortUpload upload-000001", 1}, lostBefore), append([]string{all[0]}, stay...)},
		"that it was dropped is lost": {at(call{"artifacts.AbortUpload upload-000006", 1}, lostAfter), stay},
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

// TestStraysBehindMany: more exports at work than a sweep looks at, with their pieces under way, keep nobody from the document
// of one that has ended.
func TestStraysBehindMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, scenario{request: wholeIndex})
		open := func(id, key string, move func(export.Export) export.Export) {
			w.putExport(id, move)
			if _, err := w.artifacts.CreateUpload(t.Context(), key, blob.PutOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		for n := range 400 {
			id := fmt.Sprintf("exp_%03d", n)
			open(id, "work/acct_1/"+id+"/g1/chunk", func(e export.Export) export.Export { return e.Claim(time.Now().Add(10 * time.Hour)) })
		}
		open("exp_ended", "artifacts/acct_1/exp_ended/x.json", completed)
		time.Sleep(time.Hour)
		w.swept(event("Scheduled Event", nil))
		if got := w.openKeys(); len(got) != 400 || !strings.HasPrefix(got[0], "work/") {
			t.Errorf("%d uploads are open, the first is %s", len(got), got[0])
		}
	})
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
