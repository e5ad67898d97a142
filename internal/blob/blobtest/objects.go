package blobtest

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/fault"
)

func testPutAndRead(t *testing.T, bench Bench) {
	b := bench.Bucket
	put := mustPut(t, b, "dir/a.json", `{"a":1}`)
	head, err := b.Head(t.Context(), "dir/a.json")
	if err != nil {
		t.Fatal(err)
	}
	body, opened, err := b.Open(t.Context(), "dir/a.json", 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	body.Close()
	for what, got := range map[string]blob.Info{"Head": head, "Open": opened} {
		if since := time.Since(got.LastModified); since < -time.Minute || since > time.Hour {
			t.Errorf("%s: modified %v", what, got.LastModified)
		}
		got.LastModified = time.Time{}
		equal(t, what, got, blob.Info{Key: "dir/a.json", Bytes: 7, ETag: put.ETag, ContentType: "application/json"})
	}
	equal(t, "Put", put, blob.Info{Key: "dir/a.json", Bytes: 7, ETag: put.ETag})
	if put.ETag == "" || strings.Contains(put.ETag, `"`) {
		t.Errorf("ETag = %q, want it without quotes", put.ETag)
	}
	content(t, b, "dir/a.json", []byte(`{"a":1}`))
}

func testPutIfAbsent(t *testing.T, bench Bench) {
	b := bench.Bucket
	if _, err := b.Put(t.Context(), "a", []byte("first"), blob.PutOptions{IfAbsent: true}); err != nil {
		t.Fatal(err)
	}
	_, err := b.Put(t.Context(), "a", []byte("second"), blob.PutOptions{IfAbsent: true})
	refused(t, "second Put", err, fault.Conflict)
	content(t, b, "a", []byte("first"))

	// A server may refuse on sight of the headers, while most of the body is still on its way.
	large := bytes.Repeat([]byte("0123456\n"), 2<<20)
	for range 5 {
		_, err := b.Put(t.Context(), "a", large, blob.PutOptions{IfAbsent: true})
		refused(t, "Put of 16 MiB over an object", err, fault.Conflict)
	}
	content(t, b, "a", []byte("first"))
}

// testPutRace writes one key from many sides at once: one of them wins, and what is read is the winner's.
func testPutRace(t *testing.T, bench Bench) {
	b := bench.Bucket
	var group sync.WaitGroup
	won := make([]error, 8)
	for i := range won {
		group.Go(func() {
			_, won[i] = b.Put(t.Context(), "race", []byte(fmt.Sprint("writer ", i)), blob.PutOptions{IfAbsent: true})
		})
	}
	group.Wait()
	var winners []int
	for i, err := range won {
		if err == nil {
			winners = append(winners, i)
		} else if !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Unavailable) {
			t.Errorf("writer %d: %v", i, err)
		}
	}
	if len(winners) != 1 {
		t.Fatalf("winners = %v, want one", winners)
	}
	content(t, b, "race", []byte(fmt.Sprint("writer ", winners[0])))
}

func testPutReplaces(t *testing.T, bench Bench) {
	b := bench.Bucket
	first := mustPut(t, b, "a", "long first content")
	second := mustPut(t, b, "a", "second")
	if first.ETag == second.ETag {
		t.Error("another content has the same ETag")
	}
	content(t, b, "a", []byte("second"))
}

func testEmptyObject(t *testing.T, bench Bench) {
	b := bench.Bucket
	mustPut(t, b, "empty", "")
	content(t, b, "empty", nil)
	info, err := b.Head(t.Context(), "empty")
	if err != nil || info.Bytes != 0 {
		t.Errorf("Head = %+v, %v", info, err)
	}
	_, err = b.Put(t.Context(), "empty", []byte("x"), blob.PutOptions{IfAbsent: true})
	refused(t, "Put over an empty object", err, fault.Conflict)
}

func testRanges(t *testing.T, bench Bench) {
	b := bench.Bucket
	mustPut(t, b, "a", "0123456789")
	for _, c := range []struct {
		offset, length int64
		want           string
	}{
		{0, -1, "0123456789"}, {3, -1, "3456789"}, {0, 4, "0123"}, {2, 3, "234"}, {9, 1, "9"},
		{8, 100, "89"}, {0, 0, ""}, {4, 0, ""},
	} {
		if got := mustRead(t, b, "a", c.offset, c.length); got != c.want {
			t.Errorf("range (%d, %d) = %q, want %q", c.offset, c.length, got, c.want)
		}
	}
	_, info, err := b.Open(t.Context(), "a", 2, 3)
	if err != nil || info.Bytes != 10 {
		t.Errorf("a range's Info = %+v, %v; want the whole object's 10 bytes", info, err)
	}
	for _, offset := range []int64{10, 11} {
		_, _, err := b.Open(t.Context(), "a", offset, -1)
		refused(t, fmt.Sprint("Open from ", offset), err, fault.Invalid)
	}
}

func testAbsence(t *testing.T, bench Bench) {
	b := bench.Bucket
	mustPut(t, b, "dir/sub/object", "x")
	for _, key := range []string{"nothing", "dir", "dir/sub", "dir/sub/object/below"} {
		_, err := b.Head(t.Context(), key)
		refused(t, "Head of "+key, err, fault.NotFound)
		_, _, err = b.Open(t.Context(), key, 0, -1)
		refused(t, "Open of "+key, err, fault.NotFound)
		_, _, err = b.Open(t.Context(), key, 0, 0)
		refused(t, "Open of nothing of "+key, err, fault.NotFound)
	}
}

func testDelete(t *testing.T, bench Bench) {
	b := bench.Bucket
	mustPut(t, b, "dir/a", "x")
	for range 2 { // an absent one is success
		if err := b.Delete(t.Context(), "dir/a"); err != nil {
			t.Fatal(err)
		}
	}
	_, err := b.Head(t.Context(), "dir/a")
	refused(t, "Head", err, fault.NotFound)
	if _, err := b.Put(t.Context(), "dir/a", []byte("new"), blob.PutOptions{IfAbsent: true}); err != nil {
		t.Errorf("Put if absent after Delete: %v", err)
	}
}

func testList(t *testing.T, bench Bench) {
	b := bench.Bucket
	for _, key := range []string{"b/2", "a/1", "b/10", "b-/x", "c", "b/1"} {
		mustPut(t, b, key, key)
	}
	for _, c := range []struct {
		prefix, after string
		limit         int
		want          []string
	}{
		{"", "", 100, []string{"a/1", "b-/x", "b/1", "b/10", "b/2", "c"}},
		{"b/", "", 100, []string{"b/1", "b/10", "b/2"}},
		{"b/1", "", 100, []string{"b/1", "b/10"}},
		{"b/", "b/1", 100, []string{"b/10", "b/2"}},
		{"b/", "", 2, []string{"b/1", "b/10"}},
		{"b/", "b/2", 2, nil},
		{"nothing", "", 2, nil},
	} {
		page, err := b.List(t.Context(), c.prefix, c.after, c.limit)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, fmt.Sprintf("List(%q, %q, %d)", c.prefix, c.after, c.limit), keys(page), c.want)
	}
}

func keys(page []blob.Info) (all []string) {
	for _, info := range page {
		all = append(all, info.Key)
	}
	return all
}

// testListPages asks for more than one page of the protocol holds.
func testListPages(t *testing.T, bench Bench) {
	b := bench.Bucket
	var want []string
	for n := range 1_005 {
		want = append(want, fmt.Sprintf("p/%05d", n))
		mustPut(t, b, want[n], "x")
	}
	page, err := b.List(t.Context(), "p/", "", 2_000)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "all", keys(page), want)
	page, err = b.List(t.Context(), "p/", want[2], 1_001)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "after the third", keys(page), want[3:1_004])
}

func testStrangeKeys(t *testing.T, bench Bench) {
	b := bench.Bucket
	for _, key := range []string{
		"a b/c+d", "percent%41%2F", "ünï/cödé/日本", "q?x=1&y=2#z", "quote\"'<>", "semi;colon:at@", "tilde~!$()*,=", strings.Repeat("l", 200) + ".json",
	} {
		mustPut(t, b, key, key)
		content(t, b, key, []byte(key))
		page, err := b.List(t.Context(), key, "", 10)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "listing", keys(page), []string{key})
		if err := b.Delete(t.Context(), key); err != nil {
			t.Errorf("Delete(%q): %v", key, err)
		}
	}
}
