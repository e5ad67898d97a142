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

// sluggish is an artifacts bucket whose objects come a little at a time.
type sluggish struct {
	blob.Bucket
	wait time.Duration
}

func (s sluggish) Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, blob.Info, error) {
	body, info, err := s.Bucket.Open(ctx, key, offset, length)
	if err == nil && strings.HasPrefix(key, "artifacts/") {
		body = trickle{body, s.wait}
	}
	return body, info, err
}

// longDelivery is of some 300 KB, which take half a minute to send.
func longDelivery() scenario {
	content := strings.Repeat(lines("run_b", 100, 100), 300)
	request := oneRun
	request.Destination = delivered.Destination
	return scenario{
		request: request, archive: []run{{"run_b", time.Hour, export.RunCompleted, []string{content}}},
		around: func(_ *world, b blob.Bucket) blob.Bucket { return sluggish{b, 250 * time.Millisecond} },
	}
}

// watchDelivery looks at the record each second until the export has ended, and gives what it said of the delivery.
func (w *world) watchDelivery() (seen []int64) {
	w.t.Helper()
	for time.Sleep(time.Second); w.export().Open(); time.Sleep(time.Second) {
		e := w.export()
		if e.Progress.Phase != export.PhaseDelivering || e.Progress.BytesDelivered == 0 {
			continue
		}
		seen = append(seen, e.Progress.BytesDelivered)
		if total := e.BytesToDeliver(); e.Progress.BytesDelivered > total || time.Until(e.DueAt) < export.Lease-time.Minute {
			w.t.Errorf("delivered %d of %d, due in %s", e.Progress.BytesDelivered, total, time.Until(e.DueAt))
		}
	}
	return seen
}

// TestDelivery tells how far it is, and its own last write stands, whatever befalls the writes before.
func TestDeliveryTellsHowFarItIs(t *testing.T) {
	for _, m := range []mishap{none, lostBefore, lostAfter, throttled, refused} {
		t.Run(string(m), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := longDelivery()
				if m != none {
					s = s.with(each(map[call]mishap{{"records.SaveExport", 12}: m, {"records.SaveExport", 15}: m}))
				}
				w := newWorld(t, s)
				w.order()
				began := time.Now()
				seen := w.watchDelivery()
				if len(seen) < 5 || !slices.IsSorted(seen) {
					t.Errorf("delivered %v", seen)
				}
				e := w.settle()
				if e.Progress.BytesDelivered != e.BytesToDeliver() || e.Receipt == nil {
					t.Errorf("in the end %d of %d bytes are delivered, receipt %+v", e.Progress.BytesDelivered, e.BytesToDeliver(), e.Receipt)
				}
				if most := int(time.Since(began)/time.Second) + 12; len(w.records.saves) > most {
					t.Errorf("the record was written %d times in %s", len(w.records.saves), time.Since(began))
				}
				w.checkEnd(e)
			})
		})
	}
}

// TestDeliveryEndsWhenTheExportIsLost: in the middle of a file, which then doesn't appear.
func TestDeliveryEndsWhenTheExportIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, longDelivery())
		w.create()
		for _, step := range []string{"plan", "package", "assemble", "presign"} {
			w.mustCall(stage{step, -1})
		}
		ended := make(chan string)
		go func() { ended <- w.call(stage{"deliver", -1}) }()
		time.Sleep(5 * time.Second)
		for lost := false; !lost; { // the delivery writes as well
			e := w.export()
			_, err := w.records.Store.SaveExport(t.Context(), e.Restart(time.Now()), e.Fence())
			lost = err == nil
		}
		began := time.Now()
		if failed := <-ended; failed != "Export.Superseded" || time.Since(began) > 3*time.Second {
			t.Errorf("the delivery ended with %q after %s, want Export.Superseded within seconds", failed, time.Since(began))
		}
		if held := w.customer.holds(); len(held) > 0 {
			t.Errorf("the destination holds %d objects", len(held))
		}
	})
}

// TestShardsNoteHowFarTheyAre: in items of their own; the record stays as it is.
func TestShardsNoteHowFarTheyAre(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		part := strings.Repeat(lines("run_b", 1000, 1000), 120) // of about 8 KB each, of which some 30 are told at once
		w := newWorld(t, scenario{
			request: oneRun, sharded: true, slow: 250 * time.Millisecond,
			archive: []run{{"run_b", time.Hour, export.RunCompleted, []string{part, part, part}}},
		})
		w.order()
		var seen, revisions []int64
		for time.Sleep(5 * time.Second); w.export().ByShards(); time.Sleep(5 * time.Second) {
			e := w.export()
			notes, err := w.records.ShardNotes(t.Context(), account, exportID, e.Generation)
			if err != nil {
				t.Fatal(err)
			}
			seen, revisions = append(seen, e.Noted(notes).Progress.RecordsDone), append(revisions, e.Revision)
		}
		if len(seen) < 3 || !slices.IsSorted(seen) || seen[len(seen)-1] > 360 || len(slices.Compact(slices.Clone(seen))) < 3 {
			t.Errorf("shards were at %v", seen)
		}
		if len(slices.Compact(revisions)) != 1 {
			t.Errorf("the record was written while shards were at work: revisions %v", revisions)
		}
		e := w.settle()
		notes, err := w.records.ShardNotes(t.Context(), account, exportID, 1)
		var records int64
		for _, n := range notes {
			records += n.Records
		}
		if err != nil || len(notes) != 3 || records != 360 {
			t.Errorf("%d notes of %d records in the end, %v; want 3 of 360", len(notes), records, err)
		}
		w.checkEnd(e)
	})
}

// TestNoLinkOutlivesItsDocument of an hour, whose links live for six otherwise.
func TestNoLinkOutlivesItsDocument(t *testing.T) {
	for _, hours := range []int{1, 0} {
		synctest.Test(t, func(t *testing.T) {
			request := oneRun
			request.KeepHours = hours
			w := newWorld(t, scenario{request: request})
			w.order()
			e := w.settle()
			w.checkEnd(e)
			life := e.Link.ExpiresAt.Sub(e.CompletedAt)
			if e.Link.ExpiresAt.After(e.ExpiresAt) || !e.ExpiresAt.Equal(e.CompletedAt.Add(request.Life())) || hours == 0 && life < 5*time.Hour {
				t.Errorf("kept for %s: the link ends at %s, the document at %s", request.Life(), e.Link.ExpiresAt, e.ExpiresAt)
			}
		})
	}
}
