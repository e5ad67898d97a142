package conntest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/fault"
)

// info is what the store says of the object.
func info(t *testing.T, target connector.Target, key string) connector.Info {
	t.Helper()
	body, info, err := target.Open(t.Context(), key)
	must(t, err)
	_, err = io.Copy(io.Discard, body)
	must(t, err)
	must(t, body.Close())
	return info
}

// testReplace: an object is written over if it is the one that was read, and never else.
func testReplace(t *testing.T, h Harness) {
	for _, key := range []string{"a/latest.json", "with space+%2F", "ünï/漢"} {
		refused(t, "replacing nothing", h.Target.Replace(t.Context(), Object(key, []byte("new")), connector.Info{ETag: "00000000000000000000000000000000", VersionID: "1"}), fault.Conflict)
		holds(t, h.Target, key, nil)
		create(t, h.Target, key, []byte("first"))
		first := info(t, h.Target, key)
		must(t, h.Target.Replace(t.Context(), Object(key, []byte("the second")), first))
		holds(t, h.Target, key, []byte("the second"))
		second := info(t, h.Target, key)
		if first.ETag == second.ETag {
			t.Errorf("%s: both are %s", key, first.ETag)
		}
		refused(t, "replacing what was replaced", h.Target.Replace(t.Context(), Object(key, []byte("late")), first), fault.Conflict)
		holds(t, h.Target, key, []byte("the second"))
		must(t, h.Target.Remove(t.Context(), key))
		refused(t, "replacing what was removed", h.Target.Replace(t.Context(), Object(key, []byte("late")), second), fault.Conflict)
		holds(t, h.Target, key, nil)
	}
}

// testReplaceRace: of all who replace the same object, one does.
func testReplaceRace(t *testing.T, h Harness) {
	const writers = 8
	create(t, h.Target, "race", []byte("first"))
	old := info(t, h.Target, "race")
	ended := make(chan error, writers)
	for n := range writers {
		go func() { ended <- h.Target.Replace(t.Context(), Object("race", fmt.Append(nil, "writer ", n)), old) }()
	}
	won := 0
	for range writers {
		switch err := <-ended; {
		case err == nil:
			won++
		case !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Unavailable):
			t.Errorf("a replacement ended with %v", err)
		}
	}
	if got := read(t, h.Target, "race"); won != 1 || !bytes.HasPrefix(got, []byte("writer ")) {
		t.Errorf("%d of %d won, and %q stands there", won, writers, got)
	}
}

// latest is the pointer to the n-th export.
func latest(n int) connector.Latest {
	l := connector.Latest{
		ExportID: fmt.Sprintf("exp_%03d", n), TargetID: "idx_1", AsOf: time.Date(2026, 5, 1, 12, 0, n, 0, time.UTC),
		Manifest: connector.LatestFile{Name: "m.json", URI: "mem://m.json", Bytes: 1, SHA256: "00"},
	}
	for f := range 20 {
		l.Files = append(l.Files, connector.LatestFile{Name: fmt.Sprintf("%03d-%02d.json", n, f), URI: "mem://f", Bytes: 2, SHA256: "11"})
	}
	return l
}

// pointsAt fails unless the pointer names the n-th export, whole; 0 is for none.
func pointsAt(t *testing.T, target connector.Target, key string, n int) {
	t.Helper()
	if got := pointer(t, target, key); got != n {
		t.Errorf("%s names export %d, want %d", key, got, n)
	}
}

// pointer is the number of the export that the pointer names, whole; 0 without one.
func pointer(t *testing.T, target connector.Target, key string) (n int) {
	t.Helper()
	text := read(t, target, key)
	if text == nil {
		return 0
	}
	var got connector.Latest
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatalf("%s is half a pointer: %v\n%s", key, err, text)
	}
	if _, err := fmt.Sscanf(got.ExportID, "exp_%d", &n); err != nil || len(got.Files) != 20 || got.Files[19].Name != fmt.Sprintf("%03d-19.json", n) || got.Kind != "videovector.latest" {
		t.Fatalf("%s holds %+v", key, got)
	}
	return n
}

// testLatest: the pointer follows time, in whatever order deliveries end.
func testLatest(t *testing.T, h Harness) {
	const key = "out/latest.json"
	named := 0
	for _, n := range []int{2, 1, 2, 5, 3, 4, 5, 6} {
		must(t, connector.Point(t.Context(), h.Target, key, latest(n)))
		named = max(named, n)
		pointsAt(t, h.Target, key, named)
	}
	sameTime := latest(7)
	sameTime.AsOf = latest(6).AsOf // the ids decide
	must(t, connector.Point(t.Context(), h.Target, key, sameTime))
	pointsAt(t, h.Target, key, 7)

	other := latest(9)
	other.TargetID = "idx_2"
	refused(t, "the pointer of another index", connector.Point(t.Context(), h.Target, key, other), fault.Conflict)
	pointsAt(t, h.Target, key, 7)
	for name, text := range map[string]string{"empty": "", "text": "mine", "object": `{"export_id":"exp_001"}`, "array": `[]`} {
		create(t, h.Target, "theirs/"+name, []byte(text))
		err := connector.Point(t.Context(), h.Target, "theirs/"+name, latest(1))
		refused(t, "somebody's object, "+name, err, fault.Conflict)
		if fault.As(err).Code != "destination_occupied" {
			t.Errorf("%s: %v", name, err)
		}
		holds(t, h.Target, "theirs/"+name, []byte(text))
	}
}

// testLatestRace: of deliveries that end at the same time the latest is named in the end.
func testLatestRace(t *testing.T, h Harness) {
	const exports = 8
	ended := make(chan error, exports)
	for _, n := range rand.Perm(exports) {
		go func() {
			var err error
			for range 60 {
				if err = connector.Point(t.Context(), h.Target, "latest.json", latest(n+1)); !fault.Is(err, fault.Unavailable) {
					break
				}
			}
			ended <- err
		}()
	}
	for range exports {
		if err := <-ended; err != nil {
			t.Errorf("a pointer ended with %v", err)
		}
	}
	pointsAt(t, h.Target, "latest.json", exports)
}

// testLatestFault breaks the pointing at its first request, at its second and so on, where nothing stands and where an
// older pointer does. At no time is half a pointer seen, and the repetition ends well.
func testLatestFault(t *testing.T, h Harness, f Fault) {
	for _, before := range []int{0, 1} {
		whole := false
		for n := 1; n <= maxRequests && !whole; n++ {
			key := fmt.Sprintf("after-%d/try-%d/latest.json", before, n)
			if before > 0 {
				must(t, connector.Point(t.Context(), h.Target, key, latest(before)))
			}
			h.Line.Break(n, f)
			err := connector.Point(t.Context(), h.Target, key, latest(2))
			whole = !h.Line.Broke()
			h.Line.Mend()
			if whole {
				must(t, err)
				if n == 1 {
					t.Error("nothing was broken")
				}
			}
			f.check(t, n, err)
			if got := pointer(t, h.Target, key); got != before && got != 2 {
				t.Errorf("request %d: export %d is named", n, got)
			}
			must(t, connector.Point(t.Context(), h.Target, key, latest(2)))
			pointsAt(t, h.Target, key, 2)
		}
		if !whole {
			t.Errorf("pointing made more than %d requests", maxRequests)
		}
	}
}
