package blobtest

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

const linked = `{"kind":"videovector.export"}`

func mustPresign(t *testing.T, bench Bench, key string, ttl time.Duration) (string, time.Time) {
	t.Helper()
	link, expires, err := bench.Bucket.Presign(t.Context(), key, "exp_1.json", ttl)
	if err != nil {
		t.Fatal(err)
	}
	return link, expires
}

// answer is what a link leads to.
type answer struct {
	status int
	header http.Header
	body   string
}

// get follows a link and nothing else.
func get(t *testing.T, bench Bench, link string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, link, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := bench.Client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(body)}
}

func testLink(t *testing.T, bench Bench) {
	mustPut(t, bench.Bucket, "dir/a b.json", linked)
	before := time.Now()
	link, expires := mustPresign(t, bench, "dir/a b.json", time.Hour)
	if early, late := before.Add(time.Hour-2*time.Second), time.Now().Add(time.Hour+time.Second); expires.Before(early) || expires.After(late) {
		t.Errorf("expires = %v, want it between %v and %v", expires, early, late)
	}
	res := get(t, bench, link)
	if res.status != http.StatusOK || res.body != linked {
		t.Errorf("GET = %d, %q", res.status, res.body)
	}
	disposition, params, err := mime.ParseMediaType(res.header.Get("Content-Disposition"))
	if err != nil || disposition != "attachment" || params["filename"] != "exp_1.json" {
		t.Errorf("Content-Disposition = %q", res.header.Get("Content-Disposition"))
	}
	if got := res.header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type = %q", got)
	}
}

// testLinkChanged holds that a link opens what it was made for and nothing else.
func testLinkChanged(t *testing.T, bench Bench) {
	mustPut(t, bench.Bucket, "a.json", linked)
	mustPut(t, bench.Bucket, "b.json", "secret")
	link, _ := mustPresign(t, bench, "a.json", time.Hour)
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	bare := *u
	bare.RawQuery = ""
	for what, changed := range map[string]string{
		"another key":       strings.Replace(link, "a.json", "b.json", 1),
		"no signature":      bare.String(),
		"another signature": link[:len(link)-1] + flipped(link[len(link)-1]),
		"another file name": strings.Replace(link, "exp_1.json", "exp_2.json", 1),
	} {
		if changed == link {
			t.Fatalf("%s: the link has nothing to change: the test is blind", what)
		}
		if res := get(t, bench, changed); res.status != http.StatusForbidden || strings.Contains(res.body, "secret") {
			t.Errorf("%s: %d", what, res.status)
		}
	}
}

func flipped(last byte) string {
	if last == '0' {
		return "1"
	}
	return "0"
}

func testLinkEnded(t *testing.T, bench Bench) {
	mustPut(t, bench.Bucket, "a.json", linked)
	link, expires := mustPresign(t, bench, "a.json", time.Second)
	time.Sleep(time.Until(expires) + 2*time.Second) // to the far side of the second's rounding
	if res := get(t, bench, link); res.status != http.StatusForbidden {
		t.Errorf("GET after the end = %d", res.status)
	}
}
