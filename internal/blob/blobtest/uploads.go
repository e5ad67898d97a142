package blobtest

import (
	"bytes"
	"slices"
	"sync"
	"testing"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/fault"
)

func testUploadWhole(t *testing.T, bench Bench) {
	b := bench.Bucket
	id := mustStart(t, b, "up/a")
	one, two := part('a', blob.MinPartBytes), part('b', 400)
	parts := []blob.UploadedPart{mustUpload(t, b, "up/a", id, 1, one), mustUpload(t, b, "up/a", id, 2, two)}
	_, err := b.Head(t.Context(), "up/a")
	refused(t, "Head before completion", err, fault.NotFound)
	page, err := b.List(t.Context(), "", "", 10)
	if err != nil || len(page) != 0 {
		t.Errorf("List before completion = %v, %v", page, err)
	}
	done, err := b.CompleteUpload(t.Context(), "up/a", id, parts, true)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "CompleteUpload", done, blob.Info{Key: "up/a", ETag: done.ETag})
	content(t, b, "up/a", slices.Concat(one, two))
	info, err := b.Head(t.Context(), "up/a")
	if err != nil || info.ETag != done.ETag || info.ContentType != "application/json" {
		t.Errorf("Head = %+v, %v; completed as %+v", info, err, done)
	}
}

// testUploadNumbers uploads out of order and leaves numbers out: the object is in number order.
func testUploadNumbers(t *testing.T, bench Bench) {
	b := bench.Bucket
	id := mustStart(t, b, "a")
	first, mid, last := part('a', blob.MinPartBytes), part('b', blob.MinPartBytes), part('c', 40)
	high := mustUpload(t, b, "a", id, blob.MaxParts, last)
	low := mustUpload(t, b, "a", id, 2, first)
	between := mustUpload(t, b, "a", id, 17, mid)
	if _, err := b.CompleteUpload(t.Context(), "a", id, []blob.UploadedPart{low, between, high}, false); err != nil {
		t.Fatal(err)
	}
	content(t, b, "a", slices.Concat(first, mid, last))
}

func testUploadPartAgain(t *testing.T, bench Bench) {
	b := bench.Bucket
	id := mustStart(t, b, "a")
	stale := mustUpload(t, b, "a", id, 1, part('x', 4000))
	fresh := mustUpload(t, b, "a", id, 1, part('y', 400))
	if stale.ETag == fresh.ETag {
		t.Fatal("another content has the same ETag")
	}
	if again := mustUpload(t, b, "a", id, 1, part('y', 400)); again != fresh {
		t.Errorf("the same part again = %+v, before %+v", again, fresh)
	}
	if _, err := b.CompleteUpload(t.Context(), "a", id, []blob.UploadedPart{stale}, true); err == nil {
		t.Error("completed with a part that was replaced")
	}
	if _, err := b.CompleteUpload(t.Context(), "a", id, []blob.UploadedPart{fresh}, true); err != nil {
		t.Fatal(err)
	}
	content(t, b, "a", part('y', 400))
}

func testUploadIfAbsent(t *testing.T, bench Bench) {
	b := bench.Bucket
	mustPut(t, b, "a", "first")
	id := mustStart(t, b, "a")
	parts := []blob.UploadedPart{mustUpload(t, b, "a", id, 1, []byte("second"))}
	_, err := b.CompleteUpload(t.Context(), "a", id, parts, true)
	refused(t, "CompleteUpload over an object", err, fault.Conflict)
	content(t, b, "a", []byte("first"))
	if _, err := b.CompleteUpload(t.Context(), "a", id, parts, false); err != nil {
		t.Fatalf("CompleteUpload that may replace: %v", err)
	}
	content(t, b, "a", []byte("second"))
}

// testUploadRace completes several uploads of one key at once: one wins, and the object is the winner's whole.
func testUploadRace(t *testing.T, bench Bench) {
	b := bench.Bucket
	won := make([]error, 6)
	var group sync.WaitGroup
	for i := range won {
		id := mustStart(t, b, "race")
		parts := []blob.UploadedPart{mustUpload(t, b, "race", id, 1, part('a'+byte(i), 1<<20))}
		group.Go(func() { _, won[i] = b.CompleteUpload(t.Context(), "race", id, parts, true) })
	}
	group.Wait()
	winner := slices.IndexFunc(won, func(err error) bool { return err == nil })
	if winner < 0 {
		t.Fatalf("nobody won: %v", won)
	}
	for i, err := range won {
		if i != winner && !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Unavailable) {
			t.Errorf("completion %d: %v, while %d won", i, err, winner)
		}
	}
	content(t, b, "race", part('a'+byte(winner), 1<<20))
}

func testUploadCompletedAgain(t *testing.T, bench Bench) {
	b := bench.Bucket
	id := mustStart(t, b, "a")
	parts := []blob.UploadedPart{mustUpload(t, b, "a", id, 1, []byte("content"))}
	if _, err := b.CompleteUpload(t.Context(), "a", id, parts, true); err != nil {
		t.Fatal(err)
	}
	if _, err := b.CompleteUpload(t.Context(), "a", id, parts, true); err != nil {
		refused(t, "completing again", err, fault.NotFound)
	}
	content(t, b, "a", []byte("content"))
	_, err := b.UploadPart(t.Context(), "a", id, 1, bytes.NewReader([]byte("late")), 4)
	refused(t, "a part of a completed upload", err, fault.NotFound)
	content(t, b, "a", []byte("content"))
}

// testUploadTwins completes one upload from several sides at once: whoever is told of success finds the object.
func testUploadTwins(t *testing.T, bench Bench) {
	b := bench.Bucket
	want := part('a', 4*blob.MinPartBytes)
	id := mustStart(t, b, "a")
	parts := []blob.UploadedPart{mustUpload(t, b, "a", id, 1, want)}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			_, err := b.CompleteUpload(t.Context(), "a", id, parts, true)
			if err != nil {
				if !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Unavailable) {
					t.Errorf("a twin: %v", err)
				}
				return
			}
			if info, err := b.Head(t.Context(), "a"); err != nil || info.Bytes != int64(len(want)) {
				t.Errorf("Head after success = %+v, %v", info, err)
			}
		})
	}
	group.Wait()
	content(t, b, "a", want)
}

func testUploadAbort(t *testing.T, bench Bench) {
	b := bench.Bucket
	mustPut(t, b, "a", "stays")
	id := mustStart(t, b, "a")
	parts := []blob.UploadedPart{mustUpload(t, b, "a", id, 1, []byte("dropped"))}
	for range 2 { // an unknown one is success
		if err := b.AbortUpload(t.Context(), "a", id); err != nil {
			t.Fatal(err)
		}
	}
	_, err := b.UploadPart(t.Context(), "a", id, 2, bytes.NewReader([]byte("late")), 4)
	refused(t, "a part of a dropped upload", err, fault.NotFound)
	_, err = b.CompleteUpload(t.Context(), "a", id, parts, false)
	refused(t, "completing a dropped upload", err, fault.NotFound)
	content(t, b, "a", []byte("stays"))
}

func testUploadUnknown(t *testing.T, bench Bench) {
	b := bench.Bucket
	id := mustStart(t, b, "known")
	p := mustUpload(t, b, "known", id, 1, []byte("x"))
	_, err := b.CompleteUpload(t.Context(), "other", id, []blob.UploadedPart{p}, true)
	refused(t, "completing under another key", err, fault.NotFound)
	_, err = b.UploadPart(t.Context(), "other", id, 1, bytes.NewReader([]byte("x")), 1)
	refused(t, "a part under another key", err, fault.NotFound)
	if err := b.AbortUpload(t.Context(), "other", id); err != nil {
		t.Errorf("AbortUpload under another key: %v", err)
	}
	if _, err := b.CompleteUpload(t.Context(), "known", id, []blob.UploadedPart{p}, true); err != nil {
		t.Errorf("CompleteUpload: %v", err)
	}
}

// testUploadWrongParts holds that a refused completion makes no object and leaves the upload usable.
func testUploadWrongParts(t *testing.T, bench Bench) {
	b := bench.Bucket
	id := mustStart(t, b, "a")
	one := mustUpload(t, b, "a", id, 1, part('a', blob.MinPartBytes))
	two := mustUpload(t, b, "a", id, 2, part('b', 40))
	missing := blob.UploadedPart{Number: 3, ETag: two.ETag}
	for what, parts := range map[string][]blob.UploadedPart{
		"no part": nil, "a missing part": {one, two, missing}, "parts out of order": {two, one},
	} {
		if _, err := b.CompleteUpload(t.Context(), "a", id, parts, true); err == nil || fault.Is(err, fault.NotFound) || fault.Is(err, fault.Conflict) {
			t.Errorf("completing with %s: %v", what, err)
		}
	}
	_, err := b.Head(t.Context(), "a")
	refused(t, "Head", err, fault.NotFound)
	if _, err := b.CompleteUpload(t.Context(), "a", id, []blob.UploadedPart{one, two}, true); err != nil {
		t.Errorf("CompleteUpload: %v", err)
	}
}

func testUploads(t *testing.T, bench Bench) {
	b := bench.Bucket
	open := map[blob.Upload]bool{}
	for _, key := range []string{"x/a", "x/a", "x/a.json", "y/a"} {
		open[blob.Upload{Key: key, ID: mustStart(t, b, key)}] = true
	}
	for prefix, want := range map[string]int{"": 4, "x/": 3, "x/a": 3, "x/a.": 1, "z": 0} {
		listed, err := b.Uploads(t.Context(), prefix)
		if err != nil || len(listed) != want {
			t.Errorf("Uploads(%q) = %v, %v; want %d", prefix, listed, err, want)
		}
		for _, u := range listed {
			if !open[u] {
				t.Errorf("Uploads(%q) has %v, which was never opened", prefix, u)
			}
		}
	}
	for u := range open {
		if err := b.AbortUpload(t.Context(), u.Key, u.ID); err != nil {
			t.Error(err)
		}
	}
	if listed, err := b.Uploads(t.Context(), ""); err != nil || len(listed) != 0 {
		t.Errorf("Uploads after all were dropped = %v, %v", listed, err)
	}
}

// testParts holds that a listing tells of what there is: the latest part of each number, as UploadPart told of it.
func testParts(t *testing.T, bench Bench) {
	b := bench.Bucket
	id := mustStart(t, b, "a")
	if listed, err := b.Parts(t.Context(), "a", id, 1, 10); err != nil || len(listed) != 0 {
		t.Errorf("Parts of a new upload = %v, %v", listed, err)
	}
	mustUpload(t, b, "a", id, 2, part('x', 80))
	var want []blob.Part
	for _, n := range []int{2, 3, 11, 100} {
		content := part('a', 8*n)
		want = append(want, blob.Part{UploadedPart: mustUpload(t, b, "a", id, n, content), Bytes: int64(len(content))})
	}
	for _, c := range []struct{ first, limit, from, to int }{{1, 10, 0, 4}, {2, 2, 0, 2}, {3, 3, 1, 4}, {4, 1, 2, 3}, {100, 10, 3, 4}, {101, 10, 4, 4}} {
		listed, err := b.Parts(t.Context(), "a", id, c.first, c.limit)
		if err != nil || !slices.Equal(listed, want[c.from:c.to]) {
			t.Errorf("Parts from %d on, %d at most = %v, %v; want %v", c.first, c.limit, listed, err, want[c.from:c.to])
		}
	}
	_, err := b.Parts(t.Context(), "other", id, 1, 10)
	refused(t, "Parts under another key", err, fault.NotFound)
	if err := b.AbortUpload(t.Context(), "a", id); err != nil {
		t.Error(err)
	}
	_, err = b.Parts(t.Context(), "a", id, 1, 10)
	refused(t, "Parts of a dropped upload", err, fault.NotFound)
}
