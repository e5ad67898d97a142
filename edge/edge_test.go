package edge

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/client"
	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

const done = "/api/v2/exports/exp_done/download"

// TestDownloads: with the edge in front and without it, every download gets the same answer, to the header.
func TestDownloads(t *testing.T) {
	w := newWorld(t)
	token := w.token(w.keys, "exp_done")
	late := t0.Add(-auth.TokenLife)
	w.now.Store(&late)
	ended := w.token(w.keys, "exp_done")
	w.now.Store(&t0)
	stranger, err := auth.NewKeyring(auth.Keys{Current: bytes.Repeat([]byte("x"), auth.MinKeyBytes)})
	w.must(err)
	key := []string{"X-API-Key", apiKey("read")}
	for name, c := range map[string]struct {
		method, target string
		headers        []string
		want           int
	}{
		"key":                                {"GET", done, key, 200},
		"bearer key":                         {"GET", done, []string{"Authorization", "Bearer " + apiKey("read")}, 200},
		"token":                              {"GET", done + "?token=" + token, nil, 200},
		"token of the key before":            {"GET", done + "?token=" + w.token(w.old, "exp_done"), nil, 200},
		"token that has ended":               {"GET", done + "?token=" + ended, nil, 403},
		"token of another export":            {"GET", "/api/v2/exports/exp_second/download?token=" + token, nil, 403},
		"token of another's signing key":     {"GET", done + "?token=" + w.token(stranger, "exp_done"), nil, 403},
		"token that was changed":             {"GET", done + "?token=" + token[:40] + "A" + token[41:], nil, 403},
		"token, twice":                       {"GET", done + "?token=" + token + "&token=" + token, nil, 403},
		"token, padded":                      {"GET", done + "?token=" + token + "=", nil, 403},
		"token, percent-encoded":             {"GET", done + "?token=" + strings.Replace(token, "v1.", "v1%2E", 1), nil, 200},
		"token of an export to come":         {"GET", "/api/v2/exports/exp_pending/download?token=" + w.token(w.keys, "exp_pending"), nil, 403},
		"token of a delivered export":        {"GET", "/api/v2/exports/exp_delivered/download?token=" + w.token(w.keys, "exp_delivered"), nil, 409},
		"token for another file":             {"GET", "/api/v2/exports/exp_csv/download?file=exp_csv.ndjson.gz&token=" + w.token(w.keys, "exp_csv"), nil, 403},
		"token beside a bad key":             {"GET", done + "?token=" + token, []string{"X-API-Key", "sk_live_no"}, 401},
		"nothing":                            {"GET", done, nil, 401},
		"broken query":                       {"GET", done + "?token=%zz", nil, 401},
		"key that was revoked":               {"GET", done, []string{"X-API-Key", apiKey("revoked")}, 401},
		"unknown key":                        {"GET", done, []string{"X-API-Key", apiKey("nobody")}, 401},
		"key, twice":                         {"GET", done, append(key, key...), 401},
		"key without the scope":              {"GET", done, []string{"X-API-Key", apiKey("search")}, 403},
		"another account's key":              {"GET", done, []string{"X-API-Key", apiKey("other")}, 404},
		"unknown export":                     {"GET", "/api/v2/exports/exp_none/download", key, 404},
		"export to come":                     {"GET", "/api/v2/exports/exp_pending/download", key, 409},
		"failed export":                      {"GET", "/api/v2/exports/exp_failed/download", key, 409},
		"delivered export":                   {"GET", "/api/v2/exports/exp_delivered/download", key, 409},
		"document that is gone":              {"GET", "/api/v2/exports/exp_gone/download", key, 409},
		"first of several files":             {"GET", "/api/v2/exports/exp_csv/download", key, 200},
		"file by name":                       {"GET", "/api/v2/exports/exp_csv/download?file=exp_csv.ndjson.gz", key, 200},
		"manifest":                           {"GET", "/api/v2/exports/exp_csv/download?file=exp_csv.manifest.json", key, 200},
		"file that isn't there":              {"GET", "/api/v2/exports/exp_csv/download?file=..%2Fexp_done%2Fexp_done.json", key, 404},
		"range":                              {"GET", done, append(key, "Range", "bytes=0-3"), 200},
		"condition that holds":               {"GET", done, append(key, "If-None-Match", "*", "If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"), 200},
		"condition that fails":               {"GET", done, append(key, "If-Match", `"none"`, "If-Range", `"none"`), 200},
		"compression offered":                {"GET", done, append(key, "Accept-Encoding", "gzip, br"), 200},
		"HEAD":                               {"HEAD", done, key, 404},
		"POST":                               {"POST", done, key, 404},
		"OPTIONS":                            {"OPTIONS", done, append(key, "Origin", "https://app.example.com"), 404},
		"path with an encoded slash":         {"GET", "/api/v2/exports/exp_done%2Fx/download", key, 404},
		"path with more below":               {"GET", "/api/v2/exports/exp_done/download/location/download", key, 404},
		"path with a dot segment":            {"GET", "/api/v2/exports/%2e%2e/exports/exp_done/download/x/download", key, 404},
		"path with an encoded number sign":   {"GET", "/api/v2/exports/exp_done/download%23/download", key, 404},
		"path with an encoded question mark": {"GET", "/api/v2/exports/exp_done%3Ftoken=x/download", key, 404},
	} {
		t.Run(name, func(t *testing.T) {
			direct, edged := w.send(w.api, c.method, c.target, c.headers...), w.send(w.edge, c.method, c.target, c.headers...)
			if direct.Status != c.want {
				t.Errorf("without the edge %d, want %d: %s", direct.Status, c.want, direct.Body)
			}
			if diff := cmp.Diff(direct.settled(), edged.settled()); diff != "" {
				t.Errorf("the answer (-without the edge +with it):\n%s", diff)
			}
			if edged.Status != 200 && edged.Header.Get("X-Request-Id") == "" {
				t.Errorf("no X-Request-ID: %v", edged.Header)
			}
			for name := range edged.Header {
				if strings.HasPrefix(name, "X-Amz-") {
					t.Errorf("the bucket's header %s reaches the viewer", name)
				}
			}
		})
	}
	for _, r := range w.front.fetched {
		if text := r.URL.String() + fmt.Sprint(r.Header); strings.Contains(text, token) || strings.Contains(text, "sk_test_") || r.Header.Get("Range") != "" {
			t.Errorf("the bucket was told what the viewer sent: %s", text)
		}
	}
}

// TestRevokedKeysAndEndedDocumentsAtOnce: the edge remembers nothing.
func TestRevokedKeysAndEndedDocumentsAtOnce(t *testing.T) {
	w := newWorld(t)
	key, byToken := []string{"X-API-Key", apiKey("read")}, done+"?token="+w.token(w.keys, "exp_done")
	for range 2 {
		if a, b := w.send(w.edge, "GET", done, key...), w.send(w.edge, "GET", byToken); a.Status != 200 || b.Status != 200 {
			t.Fatalf("by key %d, by token %d", a.Status, b.Status)
		}
	}
	w.must(w.store.PutAPIKey(t.Context(), store.APIKey{Hash: auth.HashKey(apiKey("read")), KeyID: "key_read", AccountID: "acct", Scope: "read", RevokedAt: t0}))
	if a := w.send(w.edge, "GET", done, key...); a.Status != 401 {
		t.Errorf("a key that has just been revoked: %d", a.Status)
	}
	if a := w.send(w.edge, "GET", byToken); a.Status != 403 {
		t.Errorf("a token of a key that has just been revoked: %d", a.Status)
	}
	w.must(w.store.PutAPIKey(t.Context(), store.APIKey{Hash: auth.HashKey(apiKey("read")), KeyID: "key_read", AccountID: "acct", Scope: "read"}))
	if a := w.send(w.edge, "GET", byToken); a.Status != 200 {
		t.Errorf("the token, with its key there again: %d", a.Status)
	}
	later := t0.Add(auth.TokenLife)
	w.now.Store(&later)
	if a := w.send(w.edge, "GET", byToken); a.Status != 403 {
		t.Errorf("a token that has just ended: %d", a.Status)
	}
	later = t0.Add(export.ArtifactLife)
	w.now.Store(&later)
	w.must(w.store.PutAPIKey(t.Context(), store.APIKey{Hash: auth.HashKey(apiKey("read")), KeyID: "key_read", AccountID: "acct", Scope: "read"}))
	for name, request := range map[string][]string{"token": {done + "?token=" + w.token(w.keys, "exp_done")}, "key": append([]string{done}, key...)} {
		direct, edged := w.send(w.api, "GET", request[0], request[1:]...), w.send(w.edge, "GET", request[0], request[1:]...)
		if diff := cmp.Diff(direct.settled(), edged.settled()); diff != "" || edged.Status != 410 || !strings.Contains(edged.Body, `"export_expired"`) {
			t.Errorf("by %s, a document whose time is up: %d (-without the edge +with it):\n%s", name, edged.Status, diff)
		}
	}
}

// TestLargeDownload: 50 MB, whole, with their exact length, by key and by token.
func TestLargeDownload(t *testing.T) {
	w := newWorld(t)
	content := make([]byte, 50_000_000)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(content) // never fails
	w.put("exp_large", export.Request{}, content)
	want := sha256.Sum256(content)
	for name, c := range map[string]struct {
		query, key string
	}{"key": {key: apiKey("read")}, "token": {query: "?token=" + w.token(w.keys, "exp_large")}} {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), "GET", w.edge.URL+"/api/v2/exports/exp_large/download"+c.query, nil)
			w.must(err)
			if c.key != "" {
				req.Header.Set("X-API-Key", c.key)
			}
			begun := time.Now()
			res, err := w.edge.Client().Do(req)
			w.must(err)
			defer res.Body.Close()
			sum := sha256.New()
			n, err := io.Copy(sum, res.Body)
			w.must(err)
			if res.StatusCode != 200 || res.ContentLength != 50_000_000 || n != 50_000_000 || len(res.TransferEncoding) > 0 || [32]byte(sum.Sum(nil)) != want {
				t.Errorf("%d, length %d, %d bytes, coding %q", res.StatusCode, res.ContentLength, n, res.TransferEncoding)
			}
			t.Logf("50 MB in %s", time.Since(begun).Round(time.Millisecond))
		})
	}
}

// TestClientDownloadsThroughTheEdge: the SDK finds the export, the document and another file, whole and checked.
func TestClientDownloadsThroughTheEdge(t *testing.T) {
	w := newWorld(t)
	c, err := client.New(apiKey("read"), client.WithBaseURL(w.edge.URL+"/api/v2"), client.WithHTTPClient(w.edge.Client()))
	w.must(err)
	var document, file bytes.Buffer
	if _, err := c.Exports.Download(t.Context(), "exp_csv", &document); err != nil || document.Len() == 0 {
		t.Errorf("the document: %d bytes, %v", document.Len(), err)
	}
	if _, err := c.Exports.Download(t.Context(), "exp_csv", &file, client.WithFile("exp_csv.manifest.json")); err != nil || file.String() != manifest("exp_csv") {
		t.Errorf("the manifest: %s, %v", file.String(), err)
	}
	link, err := c.Exports.DownloadURL(t.Context(), "exp_done")
	w.must(err)
	path, ok := strings.CutPrefix(link.URL, "https://api.example.com")
	if a := w.send(w.edge, "GET", path); !ok || a.Status != 200 || a.Header.Get("Content-Disposition") != `attachment; filename="exp_done.json"` {
		t.Errorf("by a minted link %d %v", a.Status, a.Header)
	}
}

// TestEveryTokenGetsOneVerdict: mutations of good tokens, and texts that look like tokens, open as much at the edge as
// without it.
func TestEveryTokenGetsOneVerdict(t *testing.T) {
	w := newWorld(t)
	const workers, each = 4, 500
	failures, opened := make(chan string, workers*each), make(chan int, workers)
	for n := range workers {
		go func() {
			random, good := rand.New(rand.NewPCG(7, uint64(n))), 0
			for range each {
				query := "?token=" + w.mutated(random)
				direct, edged := w.send(w.api, "GET", done+query), w.send(w.edge, "GET", done+query)
				if diff := cmp.Diff(direct.settled(), edged.settled()); diff != "" {
					failures <- query + ": " + diff
				}
				if edged.Status == 200 {
					good++
				}
			}
			opened <- good
		}()
	}
	good := 0
	for range workers {
		good += <-opened
	}
	close(failures)
	for f := range failures {
		t.Error(f)
	}
	if good < workers*each/20 || good > workers*each/2 {
		t.Errorf("%d of %d tokens open: the test shows little", good, workers*each)
	}
	t.Logf("%d tokens, of which %d open", workers*each, good)
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// mutated is a token, and mostly one that something happened to.
func (w *world) mutated(r *rand.Rand) string {
	ring, id := w.keys, "exp_done"
	if r.IntN(4) == 0 {
		ring = w.old
	}
	if r.IntN(6) == 0 {
		id = "exp_second"
	}
	token := w.token(ring, id)
	at := r.IntN(len(token))
	switch r.IntN(9) {
	case 0, 1:
		return token
	case 2:
		return token[:at] + string(alphabet[r.IntN(len(alphabet))]) + token[at+1:]
	case 3:
		return token[:at] + token[at+1:]
	case 4:
		return token[:at] + []string{"%20", "%0A", "%00", ".", "+", "%3D", "%E9", "é", "%2B", "&token=", ";"}[r.IntN(11)] + token[at:]
	case 5:
		return token[:at]
	case 6:
		return token + strings.Repeat("A", r.IntN(3000))
	case 7:
		other := w.token(ring, id)
		cut := strings.LastIndexByte(token, '.')
		return token[:cut] + other[strings.LastIndexByte(other, '.'):]
	}
	var b strings.Builder
	b.WriteString("v1.")
	for range r.IntN(100) {
		b.WriteByte(alphabet[r.IntN(len(alphabet))])
	}
	return b.String() + "." + token[len(token)-43:]
}

// TestOtherRoutesPassUntouched: what is no download meets the API as it was sent.
func TestOtherRoutesPassUntouched(t *testing.T) {
	w := newWorld(t)
	key := []string{"X-API-Key", apiKey("read"), "Range", "bytes=0-3", "If-None-Match", "*"}
	for _, c := range [][2]string{
		{"GET", "/api/v2/exports/exp_done"}, {"GET", "/api/v2/exports?limit=x"}, {"GET", done + "/location"}, {"GET", done + "/"},
		{"GET", "/api/v2/exports/exp_done/download-url"}, {"GET", "/api/v2/nothing"}, {"GET", "/"}, {"DELETE", "/api/v2/exports/exp_done"},
	} {
		asked := len(w.front.fetched)
		direct, edged := w.send(w.api, c[0], c[1], key...), w.send(w.edge, c[0], c[1], key...)
		if diff := cmp.Diff(direct.settled(), edged.settled()); diff != "" || len(w.front.fetched) != asked {
			t.Errorf("%s %s (-without the edge +with it):\n%s", c[0], c[1], diff)
		}
	}
}

// TestTroubleIsToldInTheEnvelope: whatever breaks behind the edge, the viewer gets the envelope and may try again.
func TestTroubleIsToldInTheEnvelope(t *testing.T) {
	w := newWorld(t)
	key := []string{"X-API-Key", apiKey("read")}
	check := func(name string, status int, code string) {
		t.Helper()
		a := w.send(w.edge, "GET", done, key...)
		id := a.Header.Get("X-Request-Id")
		if a.Status != status || id == "" || !strings.Contains(a.Body, `{"error":{"code":"`+code+`","message":`) || !strings.Contains(a.Body, `"details":{},"request_id":"`+id+`"}}`) {
			t.Errorf("%s: %d %v %s", name, a.Status, a.Header, a.Body)
		}
		if status == 503 && a.Header.Get("Retry-After") != "1" {
			t.Errorf("%s: Retry-After %q", name, a.Header.Get("Retry-After"))
		}
	}
	w.front.between = func() { w.must(w.bucket.Delete(t.Context(), "artifacts/acct/exp_done/exp_done.json")) }
	check("the object is gone since it was asked for", 503, "service_unavailable")
	w.front.between = func() {}
	for name, answer := range map[string]http.HandlerFunc{
		"no JSON":     func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusBadGateway) },
		"not a place": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{}`) },
		"no end":      func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(bytes.Repeat([]byte(" "), 1<<20)) },
		"cut off":     func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"silence":     func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		w.front.api = answer
		check(name, 503, "service_unavailable")
	}
	w.front.api = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusForbidden) })
	check("a firewall's refusal", 403, "request_refused")
}

// TestWhatTheAPIIsTold: the credential and who asks, and nothing else of the viewer's headers; what browsers need comes
// back.
func TestWhatTheAPIIsTold(t *testing.T) {
	w := newWorld(t)
	var told http.Header
	w.front.api = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		told = r.Header.Clone()
		rw.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
		rw.Header().Set("Set-Cookie", "h")
		rw.WriteHeader(http.StatusNotFound)
	})
	a := w.send(w.edge, "GET", done, "X-API-Key", "a", "Authorization", "b", "User-Agent", "c", "Origin", "d", "Cookie", "e", "X-Forwarded-For", "f", "Via", "g")
	want := http.Header{"X-Api-Key": {"a"}, "Authorization": {"b"}, "User-Agent": {"c"}, "Origin": {"d"}, "Connection": {"close"}}
	if a.Header.Get("Access-Control-Allow-Origin") != "d" || a.Header.Get("Set-Cookie") != "" {
		t.Errorf("the viewer gets %v", a.Header)
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}

// TestCodeIsWhatLambdaTakes: no syntax error, no module that Node.js lacks, and no print.
func TestCodeIsWhatLambdaTakes(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(here, "code/*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	node := nodeJS(t)
	for _, f := range files {
		if out, err := exec.CommandContext(t.Context(), node, "--check", f).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", f, err, out)
		}
	}
}
