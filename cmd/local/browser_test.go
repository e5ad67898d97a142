package main

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/videovector/exports/internal/emulator"
)

// patience is for whatever a browser waits for: the machine may have other things to do.
const patience = 60 * time.Second

// chromium is the browser of all tests. It begins with the first one that asks for it and ends with the test binary.
var chromium struct {
	once sync.Once
	ctx  context.Context
	end  context.CancelFunc
	err  error
}

// endBrowser ends it, if it has begun.
func endBrowser() {
	if chromium.end != nil {
		chromium.end()
		chromedp.FromContext(chromium.ctx).Allocator.Wait()
	}
}

// launch begins it. It finds this machine and nothing else; page.test is a foreign name of it.
func launch(t *testing.T) context.Context {
	t.Helper()
	script, err := filepath.Abs("../../scripts/chromium.sh")
	if err != nil {
		t.Fatal(err)
	}
	path, err := emulator.Output(t, "Chromium", exec.Command(script, "path"))
	if err != nil {
		t.Fatalf("%v: %s", err, path)
	}
	chromium.once.Do(func() {
		options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(lastLine(path)), chromedp.CombinedOutput(io.Discard), chromedp.DisableGPU,
			chromedp.Flag("host-resolver-rules", "MAP page.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"))
		if os.Geteuid() == 0 {
			options = append(options, chromedp.NoSandbox) // root has no other way; all that it shows is ours
		}
		allocator, endAllocator := chromedp.NewExecAllocator(context.Background(), options...)
		ctx, endContext := chromedp.NewContext(allocator)
		chromium.ctx, chromium.end = ctx, func() { endContext(); endAllocator() }
		chromium.err = chromedp.Do(ctx)
	})
	if chromium.err != nil {
		t.Fatalf("Chromium: %v", chromium.err)
	}
	return chromium.ctx
}

func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}

// tab is a page of a real browser, with a profile of its own.
type tab struct {
	t         *testing.T
	ctx       context.Context
	downloads string // the folder that they go to

	mu         sync.Mutex
	complaints []string // of the console, and scripts' errors
	requests   []string // every URL that was asked for
	finished   []string // downloads, by their names in the folder
}

// openTab opens one; it closes with the test.
func openTab(t *testing.T) *tab {
	t.Helper()
	b := &tab{t: t, downloads: t.TempDir()}
	ctx, end := chromedp.NewContext(launch(t), chromedp.WithNewBrowserContext())
	t.Cleanup(end)
	b.ctx = ctx
	b.must(chromedp.Do(ctx))
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	b.must(err)
	b.must(chromedp.Listen(ctx, b.hear))
	b.must(chromedp.ListenBrowser(ctx, b.hear))
	go b.listenToConsole(chromedp.Console(ctx))
	_, err = chromedp.CallBrowser(ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllowAndName, DownloadPath: b.downloads, BrowserContextID: chromedp.FromContext(ctx).BrowserContextID, EventsEnabled: new(true),
	})
	b.must(err)
	return b
}

func (b *tab) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// hear takes note of what the tab asks for and brings.
func (b *tab) hear(ev any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch ev := ev.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, ev.Request.URL)
	case *browser.EventDownloadProgress:
		if ev.State == browser.DownloadProgressStateCompleted {
			b.finished = append(b.finished, ev.GUID)
		}
	}
}

// listenToConsole takes note of every complaint.
func (b *tab) listenToConsole(messages iter.Seq2[chromedp.ConsoleMessage, error]) {
	for m, err := range messages {
		if err != nil {
			return
		}
		if m.IsException() || m.Type == "error" || m.Type == "warning" {
			b.mu.Lock()
			b.complaints = append(b.complaints, m.String())
			b.mu.Unlock()
		}
	}
}

func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.t.Fatalf("%v\n%s", err, b.text())
	}
}

func (b *tab) open(url string) {
	b.t.Helper()
	b.do(chromedp.Navigate(url))
}

// eval gives the value of an expression.
func (b *tab) eval(js string) any {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[any](js))
	if err != nil {
		b.t.Fatalf("%s: %v\n%s", js, err, b.text())
	}
	return v
}

// await waits until the expression is true.
func (b *tab) await(js string) {
	b.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		ok, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("Boolean("+js+")")) // fails while another page comes
		if err == nil && ok {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("it never became true (%v): %s\n%s", err, js, b.text())
		}
	}
}

// text is what the page says, for failures.
func (b *tab) text() string {
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.body ? document.body.innerText : ""`))
	if err != nil {
		return err.Error()
	}
	return text
}

// fill types a value in the place of a field's.
func (b *tab) fill(id, value string) {
	b.t.Helper()
	field := chromedp.CSS("#" + id)
	b.do(chromedp.Clear(field), chromedp.SendKeys(field, value))
}

// click clicks where a person would.
func (b *tab) click(selector string) {
	b.t.Helper()
	at := chromedp.CSS(selector)
	b.do(chromedp.ScrollIntoView(at), chromedp.Click(at))
}

// press presses keys one after the other.
func (b *tab) press(keys ...string) {
	b.t.Helper()
	for _, k := range keys {
		b.do(chromedp.KeyEvent(k))
	}
}

// focus is where the focus is, and whether one can see it.
type focus struct {
	ID      string `json:"id"`
	Text    string `json:"text"`
	Visible bool   `json:"visible"`
}

// tabTo presses Tab until the element of that id has the focus, and fails unless it can be seen at every stop.
func (b *tab) tabTo(id string) (stops []string) {
	b.t.Helper()
	for range 60 {
		b.press(kb.Tab)
		at, err := chromedp.Run(b.ctx, chromedp.Evaluate[focus](`(() => {
			const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect();
			return { id: e.id, text: e.tagName + " " + e.textContent.slice(0, 40), visible: s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 && r.right > 0 && r.width > 0 };
		})()`))
		b.must(err)
		if !at.Visible {
			b.t.Errorf("the focus can't be seen on #%s (%s)", at.ID, at.Text)
		}
		stops = append(stops, at.ID)
		if at.ID == id {
			return stops
		}
	}
	b.t.Fatalf("Tab never leads to #%s: %v", id, stops)
	return nil
}

// downloaded waits for a download beyond the first n and gives its content.
func (b *tab) downloaded(n int) []byte {
	b.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		b.mu.Lock()
		finished := b.finished
		b.mu.Unlock()
		if len(finished) > n {
			content, err := os.ReadFile(filepath.Join(b.downloads, finished[n]))
			if err != nil {
				b.t.Fatal(err)
			}
			return content
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("no download came\n%s", b.text())
		}
	}
}

// clean fails the test if the console had anything to complain of, or anything but the origin was asked.
func (b *tab) clean(origin string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.complaints {
		b.t.Errorf("the console: %s", c)
	}
	if len(b.requests) == 0 {
		b.t.Error("no request was seen: the test shows nothing")
	}
	for _, url := range b.requests {
		if !strings.HasPrefix(url, origin+"/") && !strings.HasPrefix(url, "data:") {
			b.t.Errorf("asked %s", url)
		}
	}
}

// js is a Go string as one of the script's.
func js(s string) string {
	raw, err := json.Marshal(s)
	if err != nil {
		panic("a string always encodes: " + err.Error())
	}
	return string(raw)
}
