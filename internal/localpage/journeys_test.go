package localpage

import (
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/asl"
	"github.com/videovector/exports/statemachine"
)

// entered is a history that goes through the states, a second in each, and runs.
func entered(states ...string) []asl.Event {
	h := []asl.Event{{Time: t0, Type: "ExecutionStarted"}}
	for i, s := range states {
		h = append(h, asl.Event{Time: t0.Add(time.Duration(i) * time.Second), Type: "StateEntered", State: s})
	}
	return h
}

func TestJourneys(t *testing.T) {
	w := newWorld(t, nil)
	w.exports(completed("exp_1", map[string]any{"status": "processing"}))
	failed := entered("Plan", "ChooseLayout", "Package")
	failed = append(failed,
		asl.Event{Time: t0.Add(2500 * time.Millisecond), Type: "TaskRetryScheduled", State: "Package", Error: "Export.Unavailable", Cause: `{"errorType":"Export.Unavailable","errorMessage":"The store was busy."}`},
		asl.Event{Time: t0.Add(4 * time.Second), Type: "StateEntered", State: "Fail", Input: []byte(`{"failure":{"Error":"Export.Unavailable","Cause":"{\"errorMessage\":\"The store was busy.\"}"}}`)},
		asl.Event{Time: t0.Add(5 * time.Second), Type: "StateEntered", State: "Failed"},
		asl.Event{Time: t0.Add(5 * time.Second), Type: "ExecutionFailed", Error: "Export.Failed", Cause: "See the record."},
	)
	w.histories["exp_1-g1"] = failed
	w.histories["exp_1-g4"] = entered("Plan", "ChooseLayout", "PackageShards") // two generations never began
	w.histories["exp_1-g4"] = append(w.histories["exp_1-g4"],
		asl.Event{Time: t0.Add(3 * time.Second), Type: "StateEntered", State: "PackageShard", Inner: true},
		asl.Event{Time: t0.Add(3 * time.Second), Type: "StateEntered", State: "PackageShard", Inner: true},
		asl.Event{Time: t0.Add(4 * time.Second), Type: "TaskRetryScheduled", State: "PackageShard", Inner: true, Error: "Lambda.Unknown", Cause: "gone"},
	)
	page := w.get("/").Body.String()
	has(t, page, `id="exp_1-g4" open`, `id="exp_1-g1"><summary`, "FAILED: Export.Failed: See the record, took", "RUNNING, since 1m0s",
		"retried at 12:00:02.500: Export.Unavailable: The store was busy.", "failed: Export.Unavailable: The store was busy.",
		"2 parts begun", "1 retry of parts, the last one: Lambda.Unknown: gone", "58.0 s so far", "The way of this execution: Plan, ChooseLayout, PackageShards.",
		`<g class="state active">`, `<g class="state failed">`, "2.0 s · 1 retry", `class="line catch taken"`, `class="line choice taken"`)
	if strings.Index(page, "exp_1-g4") > strings.Index(page, "exp_1-g1") {
		t.Error("the latest execution is not the first")
	}
}

func TestHistoryThatCantBeRead(t *testing.T) {
	w := newWorld(t, func(c *Config) {
		c.History = func(string) ([]asl.Event, error) { return nil, errors.New("/srv/secret is torn") }
	})
	w.exports(completed("exp_1", nil))
	rw := w.get("/")
	if rw.Code != 502 {
		t.Errorf("status = %d", rw.Code)
	}
	has(t, rw.Body.String(), "The history of exp_1-g1 can&#39;t be read.")
	lacks(t, rw.Body.String(), "/srv/secret")
}

// TestChart: on the shipped machine every state has a place of its own inside the drawing, every way is drawn, and the
// ways of an export that goes well lead down and through no box.
func TestChart(t *testing.T) {
	g, err := asl.Draw(statemachine.Export)
	if err != nil {
		t.Fatal(err)
	}
	c := layOut(g)
	if len(c.boxes) != len(g.States) {
		t.Fatalf("%d boxes for %d states", len(c.boxes), len(g.States))
	}
	for i, b := range c.boxes {
		if b.X < 0 || b.Y < 0 || b.X+boxWidth > c.Width || b.Y+boxHeight > c.Height {
			t.Errorf("%s is outside: %+v of %d × %d", b.Name, b, c.Width, c.Height)
		}
		for _, o := range c.boxes[i+1:] {
			if abs(b.X-o.X) < boxWidth && abs(b.Y-o.Y) < boxHeight {
				t.Errorf("%s lies on %s", b.Name, o.Name)
			}
		}
	}
	for _, n := range g.States {
		for _, e := range n.Edges {
			i := slices.IndexFunc(c.lines, func(l line) bool { return l.From == n.Name && l.To == e.To })
			if i < 0 || !strings.HasPrefix(c.lines[i].Path, "M") {
				t.Errorf("the way from %s to %s is not drawn", n.Name, e.To)
				continue
			}
			if l := c.lines[i]; !c.onRail(l) && c.find(l.To).Y <= c.find(l.From).Y {
				t.Errorf("%s is not below %s", e.To, n.Name)
			}
		}
	}
	aside := []string{}
	for _, b := range c.boxes {
		if b.aside {
			aside = append(aside, b.Name)
		}
	}
	if diff := cmp.Diff([]string{"Superseded", "Fail", "Failed"}, aside); diff != "" {
		t.Errorf("aside (-want +got):\n%s", diff)
	}
	for _, l := range c.lines {
		for _, x := range l.via {
			for _, b := range c.boxes {
				if row := c.find(l.From).row + 1; b.row == row && !b.aside && x > b.X && x < b.X+boxWidth {
					t.Errorf("the way from %s to %s goes through %s", l.From, l.To, b.Name)
				}
			}
		}
	}
	if again := layOut(g); fmt.Sprint(again) != fmt.Sprint(c) {
		t.Error("the same machine is laid out otherwise the second time")
	}
}

func abs(n int) int { return max(n, -n) }

func TestChartOfNothing(t *testing.T) {
	if c := layOut(asl.Graph{}); c.Width != 0 || len(c.draw(journey{}).Boxes) != 0 {
		t.Errorf("nothing is drawn as %+v", c)
	}
}

// TestCurls: a shell reads every command as it is meant, whatever stands in it.
func TestCurls(t *testing.T) {
	w := newWorld(t, func(c *Config) {
		c.KeyFile = `/tmp/it's "here" $(no)/api-key.header`
		c.Example.IdempotencyKey, c.Example.Subpath = "a'b\"c $HOME `id`", "x\\y"
	})
	w.exports(completed("exp_1", nil))
	d := &page{cfg: Config{BaseURL: "http://127.0.0.1:3000/api/v2", KeyFile: `/tmp/it's "here" $(no)/api-key.header`}}
	x := &Example{Index: "idx", Subpath: `x\y`, IdempotencyKey: "a'b\"c $HOME `id`", Runs: []string{"run_1"}}
	got := words(t, d.curls(x)[0].Command)
	want := []string{
		"-sS", "-X", "POST", "http://127.0.0.1:3000/api/v2/exports/index/idx", "-H", `@/tmp/it's "here" $(no)/api-key.header`, "-H", "Idempotency-Key: a'b\"c $HOME `id`",
		"-H", "Content-Type: application/json", "-d", `{"prompt_run_ids":["run_1"],"destination_subpath":"x\\y"}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("create (-want +got):\n%s", diff)
	}
	var e exportView
	e.ID, e.Status, e.DownloadURL = "exp_1", "completed", "/x"
	got = words(t, d.curlsOf(e)[1].Command)
	if diff := cmp.Diff([]string{"-sS", "http://127.0.0.1:3000/api/v2/exports/exp_1/download", "-H", `@/tmp/it's "here" $(no)/api-key.header`, "-OJ"}, got); diff != "" {
		t.Errorf("download (-want +got):\n%s", diff)
	}
	has(t, w.get("/").Body.String(), `id="curl-create"`, `id="curl-list"`, `id="curl-show"`, `id="curl-download"`, `id="curl-link"`)
	d.calls = calls{true, true}
	for status, id := range map[string]string{"pending": "cancel", "failed": "retry"} {
		all := d.curlsOf(exportView{ID: "exp_1", Status: status})
		if last := all[len(all)-1]; last.ID != id || !strings.Contains(last.Command, "-X POST http://127.0.0.1:3000/api/v2/exports/exp_1/"+id) {
			t.Errorf("%s: %+v", status, all)
		}
	}
}

// words are the arguments that a shell gives to curl.
func words(t *testing.T, command string) []string {
	t.Helper()
	out, err := exec.Command("sh", "-c", `curl() { printf '%s\0' "$@"; }; `+command).Output()
	if err != nil {
		t.Fatalf("%v: %s", err, command)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

func TestTexts(t *testing.T) {
	for got, want := range map[string]string{
		size(999): "999 B", size(1000): "1 kB", size(1_234_567): "1.2 MB", size(5e15): "5000 TB", took(0): "< 1 ms", took(42 * time.Millisecond): "42 ms",
		took(1500 * time.Millisecond): "1.5 s", took(90 * time.Second): "1m30s", plain("é ü 日本 – \t"): `é ü 日本 – \u{9}`, plain("\xff"): "\ufffd",
		sentence("", ""): "an error without a name", sentence("E", `{"errorMessage":"no"}`): "E: no", sentence("E", "text"): "E: text",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
