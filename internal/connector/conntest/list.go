package conntest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/fault"
)

// oddKeys are keys that one store or another, or a client on the way there, could take for another one.
var oddKeys = []string{
	"plain.json", "with space.json", "with+plus", "100%", "%", "%20", "%2e%2e/up", "%2F", "%252F", "..a/b..", "...", "~tilde_-.", "a=b&c=d", "a?b=c", "a#b",
	"semi;colon,comma", "at@colon:dollar$", "(round)[square]{curly}", "quote'double\"", "<xml>&amp;", "star*bang!", "pipe|caret^tick`", "ünï/cödé", "漢字/😀",
	"e\u0301 decomposed", "\u00e9 composed", "UPPER", "upper", "trailing /x", "?", "#", "&", "+", "=",
}

func testOddKeys(t *testing.T, h Harness) {
	oddKeys := slices.DeleteFunc(slices.Clone(oddKeys), func(key string) bool {
		if h.Refuses == nil || !h.Refuses(key) {
			return false
		}
		refused(t, "Create "+key, h.Target.Create(t.Context(), Object("base/"+key, []byte("a"))), fault.Invalid)
		return true
	})
	for _, key := range oddKeys {
		create(t, h.Target, "base/"+key, []byte("content of "+key))
	}
	for _, key := range oddKeys {
		holds(t, h.Target, "base/"+key, []byte("content of "+key))
	}
	want := []string{}
	for _, key := range oddKeys {
		want = append(want, "base/"+key)
	}
	slices.Sort(want)
	// Nothing stands outside of the base, whatever a key looks like.
	for _, prefix := range []string{"base/", "base", ""} {
		if diff := cmp.Diff(want, keys(t, h.Target, connector.ListQuery{Prefix: prefix})); diff != "" {
			t.Errorf("under %q (-want +got):\n%s", prefix, diff)
		}
	}
	for _, key := range oddKeys {
		if got := keys(t, h.Target, connector.ListQuery{Prefix: "base/" + key}); !slices.Contains(got, "base/"+key) {
			t.Errorf("under %q: %q", key, got)
		}
		if err := h.Target.Remove(t.Context(), "base/"+key); err != nil {
			t.Errorf("Remove(%q): %v", key, err)
		}
	}
	if got := keys(t, h.Target, connector.ListQuery{}); len(got) != 0 {
		t.Errorf("left: %q", got)
	}
}

// testRefusedKeys: a key that could leave its base is refused before anything is sent.
func testRefusedKeys(t *testing.T, h Harness) {
	before := h.Line.Requests()
	for _, key := range []string{"", "/a", "a/", "a//b", "..", "../a", "a/../../b", "a/..", ".", "./a", "a/./b", `..\a`, "a\x00b", "a\nb", "a\xff"} {
		refused(t, "Create "+key, h.Target.Create(t.Context(), Object(key, []byte("a"))), fault.Invalid)
		refused(t, "Replace "+key, h.Target.Replace(t.Context(), Object(key, []byte("a")), connector.Info{ETag: "1", VersionID: "1"}), fault.Invalid)
		_, _, err := h.Target.Open(t.Context(), key)
		refused(t, "Open "+key, err, fault.Invalid)
		refused(t, "Remove "+key, h.Target.Remove(t.Context(), key), fault.Invalid)
		_, err = connector.Put(t.Context(), h.Target, Object(key, []byte("a")))
		refused(t, "Put "+key, err, fault.Invalid)
	}
	if n := h.Line.Requests() - before; n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func testList(t *testing.T, h Harness) {
	for _, key := range []string{"a", "dir/a.json", "dir/b.json", "dir/sub/c.json", "dir/sub/deep/d.json", "dir.json", "dirt/e.json", "é/f.json"} {
		create(t, h.Target, key, []byte("1234567"))
	}
	for _, c := range []struct {
		q    connector.ListQuery
		want []string
	}{
		{connector.ListQuery{}, []string{"a", "dir.json", "dir/a.json", "dir/b.json", "dir/sub/c.json", "dir/sub/deep/d.json", "dirt/e.json", "é/f.json"}},
		{connector.ListQuery{Flat: true}, []string{"a", "dir.json"}},
		{connector.ListQuery{Prefix: "dir/"}, []string{"dir/a.json", "dir/b.json", "dir/sub/c.json", "dir/sub/deep/d.json"}},
		{connector.ListQuery{Prefix: "dir/", Flat: true}, []string{"dir/a.json", "dir/b.json"}},
		{connector.ListQuery{Prefix: "dir/a", Flat: true}, []string{"dir/a.json"}},
		{connector.ListQuery{Prefix: "dir", Flat: true}, []string{"dir.json"}},
		{connector.ListQuery{Prefix: "dir/sub/"}, []string{"dir/sub/c.json", "dir/sub/deep/d.json"}},
		{connector.ListQuery{Prefix: "é/"}, []string{"é/f.json"}},
		{connector.ListQuery{Prefix: "absent/"}, []string{}},
		{connector.ListQuery{Prefix: "dir/a.json"}, []string{"dir/a.json"}},
		{connector.ListQuery{Prefix: "../"}, []string{}},
	} {
		if diff := cmp.Diff(c.want, keys(t, h.Target, c.q)); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", c.q, diff)
		}
	}
	for f, err := range h.Target.List(t.Context(), connector.ListQuery{Prefix: "dir/a.json"}) {
		if err != nil || f.Bytes != 7 || f.LastModified.IsZero() || f.LastModified.Location() != time.UTC || (f.ContentType != "" && f.ContentType != "application/json") {
			t.Errorf("listed %+v, %v", f, err)
		}
	}
}

// manyObjects is more than a page of any of the stores.
const manyObjects = 1005

// testPages: a listing goes on page by page, and only as far as its reader does.
func testPages(t *testing.T, h Harness) {
	jobs := make(chan int)
	errs := make(chan error, manyObjects)
	for range 8 {
		go func() {
			for n := range jobs {
				errs <- h.Target.Create(t.Context(), Object(fmt.Sprintf("many/%04d.json", n), []byte("x")))
			}
		}()
	}
	for n := range manyObjects {
		jobs <- n
	}
	close(jobs)
	for range manyObjects {
		must(t, <-errs)
	}
	seen := map[string]bool{}
	start := h.Line.Requests()
	atFirst := 0
	for f, err := range h.Target.List(t.Context(), connector.ListQuery{Prefix: "many/"}) {
		must(t, err)
		if len(seen) == 0 {
			atFirst = h.Line.Requests() - start
		}
		if seen[f.Key] {
			t.Errorf("%s was listed twice", f.Key)
		}
		seen[f.Key] = true
	}
	all := h.Line.Requests() - start
	if len(seen) != manyObjects || atFirst != 1 || all < 2 {
		t.Errorf("%d objects, %d requests before the first and %d in all", len(seen), atFirst, all)
	}
	start = h.Line.Requests()
	for _, err := range h.Target.List(t.Context(), connector.ListQuery{}) {
		must(t, err)
		break
	}
	if n := h.Line.Requests() - start; n != 1 {
		t.Errorf("%d requests for one object", n)
	}
}
