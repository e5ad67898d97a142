package localpage

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/videovector/exports/internal/asl"
)

func TestListAndDetail(t *testing.T) {
	w := newWorld(t, nil)
	w.exports(
		completed("exp_2", map[string]any{
			"status": "processing", "queue_status": "running", "download_url": nil, "completed_at": nil, "files": []any{},
			"progress": map[string]any{"phase": "packaging", "records_done": 3, "records_total": 12, "bytes_written": 2_500_000, "percent": 25, "seconds_left": 4.2},
		}),
		completed("exp_1", nil),
	)
	page := w.get("/").Body.String()
	has(t, page, `id="row-exp_2"`, `id="row-exp_1"`, "packaging · 3 of 12 records · 2.5 MB · 25 % · about 4 s left", `data-open="true"`, `value="25"`, `id="cancel"`,
		`aria-current="true"`, "No execution has begun.")
	lacks(t, page, `id="retry"`, "Download", "<h3>Files")
	if strings.Index(page, "row-exp_2") > strings.Index(page, "row-exp_1") {
		t.Error("the newest is not the first")
	}
	page = w.get("/?export=exp_1").Body.String()
	has(t, page, strings.Repeat("ab", 32), strings.Repeat("cd", 32), "1.5 kB", `href="/?export=exp_1&amp;download=exp_1.json"`, `href="/?export=exp_1&amp;download=exp_1.manifest.json"`,
		"2026-05-01 12:00:01 UTC", "<title>completed · exp_1")
	lacks(t, page, `id="cancel"`, `id="retry"`, "elsewhere.example")
}

func TestFailedExport(t *testing.T) {
	w := newWorld(t, nil)
	failed := map[string]any{"status": "failed", "queue_status": "failed", "download_url": nil, "error_message": "The bucket does not exist.", "files": []any{}}
	w.exports(completed("exp_1", failed))
	has(t, w.get("/").Body.String(), "<strong>Why:</strong> The bucket does not exist.", `id="retry"`, ">failed</span>")
	failed["outcome"] = "cancelled"
	w.exports(completed("exp_1", failed))
	has(t, w.get("/").Body.String(), ">cancelled</span>", `data-says="Export exp_1 is cancelled."`)
}

// TestHostileText: whatever stands in records and histories is shown as text, and all of it can be seen.
func TestHostileText(t *testing.T) {
	const script, image, mark, invisible = `<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, "\u202egnp.exe", "a\u200bb\u2028c\x1b[31m\u00a0"
	w := newWorld(t, nil)
	id := `exp_'"<b>`
	w.exports(completed(id, map[string]any{
		"target_id": script, "export_type": image, "status": "failed", "error_message": script + image, "last_error": mark, "outcome": image + mark, "destination_subpath": mark,
		"destination_connector_id": invisible, "destination_uri": "javascript:alert(1)//" + mark, "created_at": script, "completed_at": image, "download_url": "javascript:alert(1)",
		"export_params": map[string]any{"prompt_run_ids": []string{script, mark}}, "progress": map[string]any{"phase": image},
		"files": []any{map[string]any{"name": `"onclick="x` + script + mark, "sha256": image}},
	}))
	page := w.get("/?export=" + url.QueryEscape(id)).Body.String()
	lacks(t, page, script, "<img", "<b>", "\u202e", "\u200b", "\u2028", "\x1b", "\u00a0", `" onclick`, `"onclick="x`, `href="javascript`)
	has(t, page, "&lt;script&gt;alert(1)&lt;/script&gt;", `\u{202e}gnp.exe`, `a\u{200b}b\u{2028}c\u{1b}[31m\u{a0}`)

	w.exports(completed("exp_1", nil))
	w.histories["exp_1-g1"] = []asl.Event{
		{Time: t0, Type: "ExecutionStarted"},
		{Time: t0, Type: "StateEntered", State: "Plan"},
		{Time: t0, Type: "TaskRetryScheduled", State: "Plan", Error: script, Cause: `{"errorMessage":"` + mark + `"}`},
		{Time: t0, Type: "StateEntered", State: "Fail", Input: []byte(`{"failure":{"Error":"E","Cause":"\u003cscript\u003ealert(1)\u003c/script\u003e"}}`)},
		{Time: t0, Type: "StateEntered", State: script},
		{Time: t0, Type: "ExecutionFailed", Error: image, Cause: script},
	}
	page = w.get("/").Body.String()
	lacks(t, page, script, "<img", "\u202e")
	has(t, page, `retried at 12:00:00.000: &lt;script&gt;`, `failed: E: &lt;script&gt;`)
}

// TestPolicy: no element of the page needs more than the policy allows, and the nonce is another one each time.
func TestPolicy(t *testing.T) {
	script, err := files.ReadFile("page.js")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, nil)
	w.exports(completed("exp_1", nil))
	nonce := regexp.MustCompile(`'nonce-(\w{20,})'`)
	seen := map[string]bool{}
	for range 3 {
		rw := w.get("/")
		policy, page := rw.Header().Get("Content-Security-Policy"), strings.Replace(rw.Body.String(), string(script), "", 1)
		m := nonce.FindStringSubmatch(policy)
		if m == nil || seen[m[1]] {
			t.Fatalf("the policy is %q", policy)
		}
		seen[m[1]] = true
		has(t, policy, "default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'", "connect-src 'self'")
		lacks(t, policy, "unsafe", "*", "http")
		for _, tag := range regexp.MustCompile(`<(script|style)\b[^>]*>`).FindAllString(page, -1) {
			if !strings.HasSuffix(tag, ` nonce="`+m[1]+`">`) {
				t.Errorf("%s isn't let in", tag)
			}
		}
		if bad := regexp.MustCompile(`<[^>]+\s(on\w+|style)=`).FindString(page); bad != "" {
			t.Errorf("not let in: %s", bad)
		}
		if bad := regexp.MustCompile(`(src|href|action)="(https?:)?//[^"]*"`).FindString(page); bad != "" {
			t.Errorf("from elsewhere: %s", bad)
		}
	}
	if got := w.get("/").Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control = %q", got)
	}
}

// TestKeyStaysHere: the API gets the key, the browser never does, whatever goes wrong.
func TestKeyStaysHere(t *testing.T) {
	w := newWorld(t, nil)
	w.exports(completed("exp_1", nil))
	for name, rw := range map[string]*httptest.ResponseRecorder{
		"the page": w.get("/"), "an unknown export": w.get("/?export=exp_9"), "a refused form": w.post(url.Values{"action": {"create"}, "index": {"x"}}),
		"a download": w.get("/?export=exp_1&download=exp_1.json"), "a bad cursor": w.get("/?cursor=x"),
	} {
		for header, values := range rw.Header() {
			lacks(t, strings.Join(values, " "), testKey, header+": sk_")
		}
		lacks(t, rw.Body.String(), testKey, "sk_live")
		if rw.Body.Len() == 0 {
			t.Errorf("%s is empty", name)
		}
	}
	for _, c := range w.called("") {
		if c.header.Get("X-API-Key") != testKey {
			t.Errorf("%s has no key", c.line)
		}
	}
	lacks(t, w.log.String(), testKey)
}

func TestCreate(t *testing.T) {
	w := newWorld(t, nil)
	w.on("POST /api/v2/exports/index/idx_archive", answer{status: 202, body: `{"export_id":"exp_9","status":"pending"}`})
	example := url.Values{
		"action": {"create"}, "index": {"idx_archive"}, "runs": {" run_123, run_124\n"}, "connector": {"conn_export"}, "subpath": {"exports/review-team"}, "key": {"export-archive-review"},
	}
	rw := w.post(example)
	if rw.Code != http.StatusSeeOther || rw.Header().Get("Location") != "/?export=exp_9" {
		t.Fatalf("answer = %d %v", rw.Code, rw.Header())
	}
	made := w.called("POST")
	want := `{"prompt_run_ids":["run_123","run_124"],"destination_connector_id":"conn_export","destination_subpath":"exports/review-team"}`
	if len(made) != 1 || made[0].body != want || made[0].header.Get("Idempotency-Key") != "export-archive-review" {
		t.Errorf("calls = %+v", made)
	}
	if rw = w.post(url.Values{"action": {"create"}, "index": {"idx_archive"}}); rw.Code != http.StatusSeeOther {
		t.Errorf("a bare index: %d", rw.Code)
	}
	if bare := w.called("POST")[1]; bare.body != "{}" || bare.header.Values("Idempotency-Key") != nil {
		t.Errorf("a bare index is sent as %+v", bare)
	}
	w.on("POST /api/v2/exports/index/idx_archive", answer{status: 202, body: `{"export_id":"exp_9","status":"pending"}`, header: map[string]string{"Idempotency-Replayed": "true"}})
	if rw = w.post(example); rw.Header().Get("Location") != "/?export=exp_9&replayed=" {
		t.Errorf("a repetition leads to %q", rw.Header().Get("Location"))
	}
	w.exports(completed("exp_9", nil))
	has(t, w.get("/?export=exp_9&replayed=").Body.String(), "This Idempotency-Key was used before")
}

// TestCreateRefused: what the API says is shown as it is, and the form keeps what was typed.
func TestCreateRefused(t *testing.T) {
	w := newWorld(t, nil)
	w.on("POST /api/v2/exports/index/a%2F..%2Fb", answer{status: 422, body: `{"error":{"code":"validation_failed","message":"Some values can't be accepted.","details":{"fields":{"prompt_run_ids":"unknown <run>"}},"request_id":"req-7"}}`})
	rw := w.post(url.Values{"action": {"create"}, "index": {"a/../b"}, "runs": {"<run>"}, "connector": {""}, "key": {"mine"}})
	if rw.Code != 422 {
		t.Errorf("status = %d", rw.Code)
	}
	has(t, rw.Body.String(), `role="alert"`, "Some values can&#39;t be accepted.", "prompt_run_ids: unknown &lt;run&gt;", "req-7", `value="a/../b"`, `value="&lt;run&gt;"`, `value="mine"`)
}

func TestChange(t *testing.T) {
	w := newWorld(t, nil)
	w.exports(completed("exp_1", map[string]any{"status": "failed"}))
	w.on("POST /api/v2/exports/exp_1/retry", answer{status: 200, body: `{}`})
	w.on("POST /api/v2/exports/exp_1/cancel", refused(409, "export_not_cancellable", "It has ended."))
	if rw := w.post(url.Values{"action": {"retry"}, "export": {"exp_1"}}); rw.Code != http.StatusSeeOther || rw.Header().Get("Location") != "/?export=exp_1" {
		t.Errorf("retry = %d %v", rw.Code, rw.Header())
	}
	rw := w.post(url.Values{"action": {"cancel"}, "export": {"exp_1"}})
	if rw.Code != http.StatusConflict {
		t.Errorf("cancel = %d", rw.Code)
	}
	has(t, rw.Body.String(), "It has ended.", `id="export-head"`)
	for _, action := range []string{"", "delete", "create/../retry"} {
		if rw := w.post(url.Values{"action": {action}, "export": {"exp_1"}}); rw.Code != http.StatusBadRequest {
			t.Errorf("action %q = %d", action, rw.Code)
		}
	}
}

// TestCallsThatAreNotThere: an API without the additional calls has no buttons for them, and no form reaches them.
func TestCallsThatAreNotThere(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Description = []byte("paths:\n  /v2/exports/{export_id}: {}\n") })
	w.exports(completed("exp_2", map[string]any{"status": "failed"}), completed("exp_1", map[string]any{"status": "pending"}))
	lacks(t, w.get("/?export=exp_2").Body.String(), `id="retry"`, "/retry")
	lacks(t, w.get("/?export=exp_1").Body.String(), `id="cancel"`, "/cancel")
	if rw := w.post(url.Values{"action": {"retry"}, "export": {"exp_2"}}); rw.Code != http.StatusBadRequest || len(w.called("POST")) > 0 {
		t.Errorf("retry = %d, calls %v", rw.Code, w.called("POST"))
	}
}

func TestWithoutDemo(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Example = nil })
	page := w.get("/").Body.String()
	has(t, page, `id="no-demo"`, "-demo=false", "load-run", "There is none yet.", `id="index" name="index" required autocomplete="off" spellcheck="false" value=""`)
	lacks(t, page, `id="curl-create"`)
	lacks(t, newWorld(t, nil).get("/").Body.String(), "no-demo")
}

func TestOlderOnes(t *testing.T) {
	w := newWorld(t, nil)
	first := answer{status: 200, body: text(t, []any{completed("exp_2", nil)}), header: map[string]string{"Link": `</api/v2/exports?cursor=a%2Bb&limit=50>; rel="next"`}}
	w.on("GET /api/v2/exports?limit=50", first)
	w.on("GET /api/v2/exports?cursor=a%2Bb&limit=50", answer{status: 200, body: text(t, []any{completed("exp_1", nil)})})
	w.on("GET /api/v2/exports/exp_2", answer{status: 200, body: text(t, completed("exp_2", nil))})
	w.on("GET /api/v2/exports/exp_1", answer{status: 200, body: text(t, completed("exp_1", nil))})
	has(t, w.get("/").Body.String(), `href="/?cursor=a%2bb"`)
	page := w.get("/?cursor=a%2bb").Body.String()
	has(t, page, "row-exp_1")
	lacks(t, page, "row-exp_2", "Older ones")
}

func TestDownload(t *testing.T) {
	w := newWorld(t, nil)
	w.exports(completed("exp_1", nil))
	w.on("GET /api/v2/exports/exp_1/download?file=exp_1.json", answer{status: 200, body: "the bytes", header: map[string]string{
		"Content-Type": "application/json", "Content-Disposition": `attachment; filename="exp_1.json"`, "Set-Cookie": "a=b",
	}})
	rw := w.get("/?export=exp_1&download=exp_1.json")
	if rw.Code != 200 || rw.Body.String() != "the bytes" || rw.Header().Get("Content-Disposition") != `attachment; filename="exp_1.json"` ||
		rw.Header().Get("Content-Length") != "9" || rw.Header().Get("Set-Cookie") != "" {
		t.Errorf("answer = %d %v %q", rw.Code, rw.Header(), rw.Body)
	}
	w.on("GET /api/v2/exports/exp_1/download?file=exp_1.json", refused(409, "export_not_downloadable", "It is gone."))
	rw = w.get("/?export=exp_1&download=exp_1.json")
	if rw.Code != http.StatusConflict || rw.Header().Get("Content-Disposition") != "" {
		t.Errorf("a refused one = %d %v", rw.Code, rw.Header())
	}
	has(t, rw.Body.String(), "It is gone.", `role="alert"`)
}

// TestDownloadByLink: what went to a connector comes by its presigned link, which gets no key.
func TestDownloadByLink(t *testing.T) {
	var key string
	status := http.StatusOK
	store := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		key = r.Header.Get("X-API-Key")
		rw.WriteHeader(status)
		_, _ = rw.Write([]byte("delivered"))
	}))
	defer store.Close()
	w := newWorld(t, nil)
	w.exports(completed("exp_1", map[string]any{"download_url": nil, "destination_connector_id": "conn_1", "presigned_url": store.URL + "/x?X-Amz-Signature=secret"}))
	page := w.get("/").Body.String()
	has(t, page, "download=exp_1.json")
	lacks(t, page, "download=exp_1.manifest.json", "X-Amz-Signature")
	if rw := w.get("/?export=exp_1&download=exp_1.json"); rw.Code != 200 || rw.Body.String() != "delivered" || key != "" {
		t.Errorf("answer = %d %q, key %q", rw.Code, rw.Body, key)
	}
	status = http.StatusForbidden
	rw := w.get("/?export=exp_1&download=exp_1.json")
	if rw.Code != http.StatusBadGateway {
		t.Errorf("a link that ended = %d", rw.Code)
	}
	lacks(t, rw.Body.String(), "X-Amz-Signature", "delivered")
	has(t, rw.Body.String(), "was refused")
}

func TestBrokenDownload(t *testing.T) {
	w := newWorld(t, nil)
	w.exports(completed("exp_1", nil))
	w.on("GET /api/v2/exports/exp_1/download?file=exp_1.json", answer{status: 200, body: "half", header: map[string]string{"Content-Length": "8"}})
	defer func() {
		if err, ok := recover().(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
			t.Errorf("it ends with %v: the half passes for the whole", err)
		}
	}()
	w.get("/?export=exp_1&download=exp_1.json")
}

func TestTrouble(t *testing.T) {
	w := newWorld(t, nil)
	rw := w.get("/?export=exp_9")
	if rw.Code != http.StatusNotFound {
		t.Errorf("an unknown export = %d", rw.Code)
	}
	has(t, rw.Body.String(), "There is no such export.", "This export can't be shown.")
	if rw := w.serve(local("DELETE", "/", nil)); rw.Code != http.StatusMethodNotAllowed || rw.Header().Get("Allow") == "" {
		t.Errorf("DELETE = %d %v", rw.Code, rw.Header())
	}
	if rw := w.post(url.Values{"action": {"create"}, "index": {strings.Repeat("x", maxForm)}}); rw.Code != http.StatusBadRequest {
		t.Errorf("a form too large = %d", rw.Code)
	}
	w.api.Close()
	rw = w.get("/")
	if rw.Code != http.StatusBadGateway {
		t.Errorf("without the API = %d", rw.Code)
	}
	has(t, rw.Body.String(), "The API does not answer.")
}

func TestNewRefusesABadDescription(t *testing.T) {
	if _, err := New(Config{Description: []byte("\t")}); err == nil {
		t.Error("no error")
	}
}
