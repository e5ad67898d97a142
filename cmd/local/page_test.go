package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	openapi "github.com/videovector/exports/api"
)

// origin is the page's.
func (s *service) origin() string { return strings.TrimSuffix(s.local.BaseURL, "/api/v2") }

// state is the state of the export that the page shows, "" for none.
const state = `(document.querySelector("#export-head .state") || {}).textContent`

// TestPage makes exports in a real browser, as a person does who has found the page.
func TestPage(t *testing.T) {
	s := startService(t)
	b := openTab(t)
	b.open(s.origin() + "/")
	if got := b.eval(`["index", "runs", "connector", "subpath", "key"].map((id) => document.getElementById(id).value).join(" | ")`); got != "idx_archive | run_123, run_124 | conn_export | exports/review-team | "+exampleKey {
		t.Fatalf("the form holds %q", got)
	}

	// The documented example.
	b.click("#create")
	b.await(state + ` === "completed"`)
	id := b.eval(`new URL(location.href).searchParams.get("export")`).(string)
	e := s.await(id, 30*time.Second)
	if text := b.text(); !strings.Contains(text, e["destination_uri"].(string)) {
		t.Errorf("the page doesn't say where %v is:\n%s", e["destination_uri"], text)
	}
	b.checkWay("Plan ChooseLayout Package Assemble Presign ChooseDestination Deliver Finish Completed")
	b.checkDownload(s, e, 0)

	// Once more under the same key: nothing new.
	b.click("#create")
	b.await(`document.getElementById("replayed")`)
	if got := b.eval(`document.querySelectorAll("#exports > li").length`); got != 1.0 {
		t.Errorf("a repetition makes %v exports", got)
	}

	// For download, in two more files.
	b.fill("connector", "")
	b.fill("subpath", "")
	b.fill("key", "in a browser")
	b.click("#create")
	b.await(`document.querySelector("#problem")`) // a key has no blanks
	if got := b.eval(`document.getElementById("key").value`); got != "in a browser" {
		t.Errorf("the form forgot the key: %q", got)
	}
	b.fill("key", "in-a-browser")
	b.click("#create")
	b.await(state + ` === "completed" && location.search.startsWith("?export=") && !location.search.includes(` + js(id) + `)`)
	id = b.eval(`new URL(location.href).searchParams.get("export")`).(string)
	b.checkWay("Plan ChooseLayout Package Assemble Presign ChooseDestination Finish Completed")
	e = s.await(id, 30*time.Second)
	b.checkDownload(s, e, 1)
	downloadsManifest(t, b, e)

	b.complainsOf("422")
	b.clean(s.origin())
}

// complainsOf takes the console's notes of a status that the test asked for out of its complaints, one at least.
func (b *tab) complainsOf(status string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	before := len(b.complaints)
	b.complaints = slices.DeleteFunc(b.complaints, func(c string) bool { return strings.Contains(c, "status of "+status) })
	if len(b.complaints) == before {
		b.t.Errorf("nothing was answered with %s: %v", status, b.complaints)
	}
}

// checkWay holds the drawing and the table of the latest execution against its path.
func (b *tab) checkWay(path string) {
	b.t.Helper()
	drawn := b.eval(`document.querySelector(".journey svg").getAttribute("aria-label")`)
	if want := "The way of this execution: " + strings.ReplaceAll(path, " ", ", ") + "."; drawn != want {
		b.t.Errorf("drawn is %q, want %q", drawn, want)
	}
	listed := b.eval(`[...document.querySelectorAll(".journey .wide tbody th")].map((e) => e.textContent).join(" ")`)
	if listed != path {
		b.t.Errorf("listed is %q, want %q", listed, path)
	}
	done := b.eval(`[...document.querySelectorAll(".journey svg g.done text:first-of-type")].map((e) => e.textContent).sort().join(" ")`)
	want := strings.Fields(path)
	if slices.Sort(want); done != strings.Join(want, " ") {
		b.t.Errorf("marked are %q, want %q", done, want)
	}
}

// checkDownload clicks the first download, which is the nth of the tab, and holds it against the digest that the page shows.
func (b *tab) checkDownload(s *service, e map[string]any, n int) {
	b.t.Helper()
	b.click("#download-0")
	got := b.downloaded(n)
	sum := sha256.Sum256(got)
	shown := b.eval(`document.querySelector("#export-files .digest").textContent`)
	if shown != hex.EncodeToString(sum[:]) || shown != e["sha256"] {
		b.t.Errorf("%d bytes with the SHA-256 %x came; the page shows %v, the API says %v", len(got), sum, shown, e["sha256"])
	}
	var d document
	if err := json.Unmarshal(got, &d); err != nil || len(d.Results) != demoRows() {
		b.t.Errorf("the document has %d results: %v", len(d.Results), err)
	}
}

// downloadsManifest downloads the manifest by its link in the table.
func downloadsManifest(t *testing.T, b *tab, e map[string]any) {
	t.Helper()
	b.click("#export-files tbody tr:last-child a")
	sum := sha256.Sum256(b.downloaded(2))
	if hex.EncodeToString(sum[:]) != e["manifest_sha256"] {
		t.Errorf("the manifest that came has the SHA-256 %x, want %v", sum, e["manifest_sha256"])
	}
}

// held is a service with a connector to a bucket whose owner is in trouble at first, and then hands out no token until
// the test lets it.
func held(t *testing.T) (s *service, connector string, release func()) {
	t.Helper()
	gcs := fakeGCS.Start(t)
	bucket := fmt.Sprintf("page-%d", time.Now().UnixNano())
	reply, err := http.Post(gcs+"/storage/v1/b?project=p", "application/json", strings.NewReader(fmt.Sprintf(`{"name":%q}`, bucket)))
	if err != nil || reply.StatusCode != http.StatusOK {
		t.Fatalf("making the bucket: %v, %v", reply, err)
	}
	reply.Body.Close()
	released := make(chan struct{})
	var asked atomic.Int32
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		select {
		case <-released:
		case <-r.Context().Done():
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"access_token":"token","token_type":"Bearer","expires_in":3600}`)
	}))
	t.Cleanup(tokens.Close)
	s = startService(t, "-gcs-endpoint", gcs, "-gcs-token-url", tokens.URL)
	contentType, form := credentialsForm(t, bucket)
	made := s.call("POST", "/connectors/gcs", s.local.APIKeys.Write, form, "Content-Type", contentType)
	if made.status != http.StatusCreated {
		t.Fatalf("create = %d %s", made.status, made.body)
	}
	return s, made.json(t)["connector_id"].(string), sync.OnceFunc(func() { close(released) })
}

// TestPageFollows: without being loaded again the page shows an export that is on its way, where it is, a retry, and its
// end.
func TestPageFollows(t *testing.T) {
	s, connector, release := held(t)
	t.Cleanup(release)
	b := openTab(t)
	b.open(s.origin() + "/")
	b.fill("connector", connector)
	b.fill("key", "followed")
	b.click("#create")
	b.await(`/^Deliver.* · 1 retry$/.test(document.querySelector("svg g.active")?.textContent)`)
	b.eval(`window.sameDocument = true; window.drawn = document.querySelector("svg"); document.querySelector(".journey summary").focus();
		window.earlier = document.querySelector(".journey summary").textContent; document.querySelector("#export-curls").open = true`)
	b.await(`document.querySelector(".journey summary").textContent !== window.earlier`)
	if text := b.text(); !strings.Contains(text, "delivering · 624 of 624 records") || !strings.Contains(text, "RUNNING, since") || !strings.Contains(text, "so far") || !strings.Contains(text, ": Export.Unavailable: ") {
		t.Errorf("on its way:\n%s", text)
	}
	if got := b.eval(`document.querySelectorAll("#cancel").length`); got != count(offers("cancel")) {
		t.Errorf("%v buttons to cancel", got)
	}
	release()
	b.await(state + ` === "completed"`)
	b.await(`document.getElementById("announcer").textContent.endsWith(" is completed.")`)
	if b.eval(`window.sameDocument && window.drawn === document.querySelector("svg") && document.querySelector("#export-curls").open`) != true {
		t.Error("the page was loaded again, or what was open closed")
	}
	if got := b.eval(`document.activeElement === document.querySelector(".journey summary")`); got != true {
		t.Errorf("the focus went to %v", b.eval(`document.activeElement.outerHTML`))
	}
	if text := b.text(); !strings.Contains(text, "gs://page-") || strings.Contains(text, "so far") {
		t.Errorf("at its end:\n%s", text)
	}
	b.clean(s.origin())
}

// TestPageCancels: an export that is on its way is cancelled and then retried, where the API has calls for that; where it
// has none, there are no buttons.
func TestPageCancels(t *testing.T) {
	s, connector, release := held(t)
	t.Cleanup(release)
	b := openTab(t)
	b.open(s.origin() + "/")
	b.fill("connector", connector)
	b.fill("key", "cancelled")
	b.click("#create")
	b.await(`document.querySelector("svg g.active")?.textContent.startsWith("Deliver")`)
	if !offers("cancel") || !offers("retry") {
		if got := b.eval(`document.querySelectorAll("#cancel, #retry").length`); got != 0.0 {
			t.Errorf("%v buttons for calls that are not there", got)
		}
		return
	}
	b.click("#cancel")
	b.await(state + ` === "cancelled"`)
	if why := b.eval(`document.getElementById("reason").textContent`); why != "Why: cancelled" {
		t.Errorf("it says %q", why)
	}
	release()
	b.click("#retry")
	b.await(state + ` === "completed"`)
	b.await(`document.querySelectorAll("details.journey svg").length === 2`)
	b.clean(s.origin())
}

// offers reports whether the API has an additional call.
func offers(call string) bool {
	return bytes.Contains(openapi.Description, []byte("/exports/{export_id}/"+call+":"))
}

func count(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// TestPageShowsWhy: an export that fails says why, in the words of the API, and offers a retry if the API does.
func TestPageShowsWhy(t *testing.T) {
	s := startService(t)
	id := s.brokenConnector()
	b := openTab(t)
	b.open(s.origin() + "/")
	b.fill("connector", id)
	b.fill("key", "fails")
	b.click("#create")
	b.await(state + ` === "failed"`)
	e := s.await(b.eval(`new URL(location.href).searchParams.get("export")`).(string), 30*time.Second)
	if why := b.eval(`document.getElementById("reason").textContent`); e["error_message"] == nil || why != "Why: "+e["error_message"].(string) {
		t.Errorf("the page says %q, the API %v", why, e["error_message"])
	}
	if text := b.text(); !strings.Contains(text, "failed: Export.Permanent: ") {
		t.Errorf("the execution doesn't say why:\n%s", text)
	}
	if got := b.eval(`document.querySelectorAll("svg .line.catch.taken").length`); got != 1.0 {
		t.Errorf("%v failures are drawn", got)
	}
	if got := b.eval(`document.querySelectorAll("#retry").length`); got != count(offers("retry")) {
		t.Errorf("%v buttons to retry", got)
	}
	if offers("retry") {
		b.click("#retry")
		b.await(`document.querySelectorAll("details.journey svg").length === 2`)
	}
	b.clean(s.origin())
}

// brokenConnector makes a connector to a bucket that isn't there.
func (s *service) brokenConnector() (id string) {
	s.t.Helper()
	body := fmt.Sprintf(`{"name":"Nowhere","bucket":"no-such-bucket","region":%q,"aws_access_key_id":%q,"aws_secret_access_key":%q,"scopes":["import","export"]}`,
		s.local.S3Region, s.local.S3AccessKeyID, s.local.S3SecretAccessKey)
	made := s.call("POST", "/connectors/s3", s.local.APIKeys.Write, body)
	if made.status != http.StatusCreated {
		s.t.Fatalf("create = %d %s", made.status, made.body)
	}
	return made.json(s.t)["connector_id"].(string)
}

// TestPageByKeyboard: everything can be reached and done without a mouse, and one sees where one is.
func TestPageByKeyboard(t *testing.T) {
	s := startService(t)
	b := openTab(t)
	b.open(s.origin() + "/")
	stops := b.tabTo("create")
	if want := []string{"", "index", "runs", "connector", "subpath", "key", "create"}; !slices.Equal(stops, want) {
		t.Errorf("Tab leads to %q, want %q", stops, want)
	}
	b.open(s.origin() + "/")
	b.tabTo("connector")
	b.press("\b") // what Tab selected
	b.press(kb.Tab, "\b", kb.Tab)
	b.do(chromedp.KeyEvent("by-keyboard"), chromedp.KeyEvent(kb.Enter))
	b.await(state + ` === "completed"`)
	id := b.eval(`new URL(location.href).searchParams.get("export")`).(string)
	b.press(kb.Tab, kb.Enter) // the link that skips everything else
	if got := b.eval(`location.hash`); got != "#export" {
		t.Errorf("the first stop leads to %v", got)
	}
	b.tabTo("download-0")
	b.press(kb.Enter)
	sum := sha256.Sum256(b.downloaded(0))
	if e := s.await(id, 30*time.Second); hex.EncodeToString(sum[:]) != e["sha256"] {
		t.Errorf("the download has the SHA-256 %x, want %v", sum, e["sha256"])
	}
	b.open(s.origin() + "/")
	b.tabTo("link-" + id)
	b.press(kb.Enter)
	b.await(`location.search === "?export=" + ` + js(id) + ` && document.readyState === "complete"`)
	labelled := b.eval(`[...document.querySelectorAll("input:not([type=hidden])")].every((e) => e.labels.length === 1) &&
		[...document.querySelectorAll("button, a")].every((e) => e.textContent.trim()) && document.querySelectorAll("h1").length === 1`)
	if labelled != true {
		t.Error("not everything has a name")
	}
	b.clean(s.origin())
}

// TestPageFits: on a phone nothing is wider than the screen, and a dark screen gets a dark page.
func TestPageFits(t *testing.T) {
	s := startService(t)
	s.await(s.create("/exports/index/idx_archive", exampleBody), 30*time.Second)
	b := openTab(t)
	b.do(chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile, chromedp.EmulateTouch))
	b.open(s.origin() + "/")
	b.await(state + ` === "completed"`)
	if got := b.eval(`document.documentElement.scrollWidth`).(float64); got > 360 {
		t.Errorf("the page is %v wide on a screen of 360", got)
	}
	ground := func(scheme string) string {
		_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		b.must(err)
		return b.eval(`getComputedStyle(document.body).backgroundColor`).(string)
	}
	if light, dark := ground("light"), ground("dark"); light != "rgb(250, 250, 250)" || dark != "rgb(20, 22, 26)" {
		t.Errorf("light is %s, dark is %s", light, dark)
	}
	b.clean(s.origin())
}

// TestOtherSitesCantUseThePage: neither a form on another site, nor a name of another site that leads here, gets anything.
func TestOtherSitesCantUseThePage(t *testing.T) {
	s := startService(t)
	form := fmt.Sprintf(`<form method="post" action="%s/"><input name="action" value="create"><input name="index" value="idx_archive"></form><script>document.forms[0].submit()</script>`, s.origin())
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, form)
	}))
	defer evil.Close()
	b := openTab(t)
	b.open(evil.URL)
	b.await(`document.body.innerText.includes("Another site asked for this")`)
	port := s.origin()[strings.LastIndex(s.origin(), ":"):]
	b.open("http://page.test" + port + "/")
	b.await(`document.body.innerText.includes("not at other names")`)
	if got := s.call("GET", "/exports", s.local.APIKeys.Read, ""); strings.TrimSpace(string(got.body)) != "[]" {
		t.Errorf("an export was made: %s", got.body)
	}
}

// TestPageLeavesTheAPIAlone: "/" is the page on both ports, every other path is the API's, and no key is in the page.
func TestPageLeavesTheAPIAlone(t *testing.T) {
	s := startService(t, "-demo=false")
	for _, origin := range []string{s.origin(), strings.TrimSuffix(s.local.TLSBaseURL, "/api/v2")} {
		page := s.call("GET", origin+"/", "", "")
		if page.status != 200 || !bytes.Contains(page.body, []byte("The demo data is not here")) {
			t.Errorf("%s/ = %d %s", origin, page.status, page.body)
		}
		keys := s.local.APIKeys
		for _, key := range []string{keys.Admin, keys.Write, keys.Read, keys.Search, keys.OtherAccount, s.local.S3SecretAccessKey} {
			if bytes.Contains(page.body, []byte(key)) {
				t.Errorf("%s/ holds a key", origin)
			}
		}
		for _, path := range []string{"/index.html", "/favicon.ico", "/x", "//", "/api/v2/nothing"} {
			if r := s.call("GET", origin+path, "", ""); r.header.Get("Content-Type") != jsonType || r.json(t)["error"] == nil {
				t.Errorf("%s = %d %v %s", path, r.status, r.header, r.body)
			}
		}
	}
	if got := s.call("GET", s.origin()+"/", "", "", "Sec-Fetch-Site", "cross-site"); got.status != http.StatusForbidden {
		t.Errorf("from another site: %d", got.status)
	}
	if !strings.Contains(s.out.String(), "page     "+s.origin()+"/\n") {
		t.Errorf("the page isn't announced:\n%s", s.out.String())
	}
}

func TestPageAddress(t *testing.T) {
	for base, want := range map[string]string{
		"http://127.0.0.1:3000/api/v2": "http://127.0.0.1:3000/", "http://0.0.0.0:3000/api/v2": "http://127.0.0.1:3000/", "http://[::]:3000/api/v2": "http://127.0.0.1:3000/",
		"http://[::1]:3000/api/v2": "http://[::1]:3000/", "http://192.168.1.5:3000/api/v2": "http://192.168.1.5:3000/",
	} {
		if got := (localJSON{BaseURL: base}).page(); got != want {
			t.Errorf("of %s: %s, want %s", base, got, want)
		}
	}
}

// TestPageCurl pastes the page's commands into a shell.
func TestPageCurl(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("no curl here")
	}
	s := startService(t)
	b := openTab(t)
	b.open(s.origin() + "/")
	paste := func(id string) []byte {
		t.Helper()
		cmd := exec.Command("bash", "-c", b.eval(`document.getElementById("curl-`+id+`").textContent`).(string))
		cmd.Dir = b.downloads
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		return out
	}
	var created struct {
		ID string `json:"export_id"`
	}
	if out := paste("create"); json.Unmarshal(out, &created) != nil || created.ID == "" {
		t.Fatalf("create brings %s", out)
	}
	b.await(`document.getElementById("row-" + ` + js(created.ID) + `)`) // by itself
	download := s.create("/exports/index/idx_archive", "")
	s.await(download, 30*time.Second)
	b.open(s.origin() + "/?" + url.Values{"export": {download}}.Encode())
	for _, id := range []string{"list", "show", "link"} {
		if out := paste(id); !bytes.Contains(out, []byte(download)) {
			t.Errorf("%s brings %s", id, out)
		}
	}
	paste("download")
	b.clean(s.origin())
}
