package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/fixture"
	"github.com/videovector/exports/statemachine"
)

var update = flag.Bool("update", false, "write the stored replies, and the fixtures' download tokens, anew")

// eventsDir is absolute: an open world changes the working directory.
var eventsDir, _ = filepath.Abs("../../events")

// fixtureEvent is one fixture: events/<function>.<case>.json.
type fixtureEvent struct {
	name     string // <function>.<case>
	function string
	text     []byte
}

// bad reports whether the function is to refuse the event: it fails, or answers with a status of 400 or more.
func (e fixtureEvent) bad() bool { return strings.Contains(e.name, ".bad-") }

func (e fixtureEvent) file() string { return filepath.Join(eventsDir, e.name+".json") }

func (e fixtureEvent) replyFile() string { return filepath.Join(eventsDir, "replies", e.name+".json") }

// fixtureEvents are all fixtures.
func fixtureEvents(t *testing.T) []fixtureEvent {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(eventsDir, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures in %s: %v", eventsDir, err)
	}
	var all []fixtureEvent
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		function, _, _ := strings.Cut(name, ".")
		all = append(all, fixtureEvent{name, function, text})
	}
	return all
}

// entered are fixtures whose step noted in the record that it began before it failed.
var entered = map[string]bool{
	"assemble.bad-unpackaged":    true,
	"assemble.bad-unplanned":     true,
	"deliver.bad-no-destination": true,
	"deliver.bad-occupied":       true,
	"deliver.bad-unassembled":    true,
	"package.bad-unplanned":      true,
	"presign.bad-unassembled":    true,
}

// cleared are fixtures whose step is refused and still clears away what nobody needs: a late Plan its own upload.
var cleared = map[string]bool{"plan.bad-stale-generation": true}

func TestReplays(t *testing.T) {
	all := newWorlds(t)
	if *update {
		t.Run("tokens", func(t *testing.T) { writeTokens(t, all) })
	}
	for _, e := range fixtureEvents(t) {
		t.Run(e.name, func(t *testing.T) {
			if err := checkJSON(e.text); err != nil {
				t.Fatal(err)
			}
			w := all.open(t)
			before := dump(t, w)
			text, ok, err := replay(t.Context(), w, e.function, e.text)
			if err != nil {
				t.Fatal(err)
			}
			got := settled(text)
			e.compare(t, got)
			if refused := !ok || status(t, got) >= 400; refused != e.bad() {
				t.Errorf("refused = %v: only a case named bad-… is to be refused", refused)
			}
			if e.bad() && !entered[e.name] {
				e.wantNothingWritten(t, w, before)
			}
			if e.bad() && !cleared[e.name] && !all.clean(t) {
				t.Error("a refused event changed the objects")
			}
			if ok && e.ofStep() {
				e.replayAgain(t, w, text)
			}
		})
	}
}

// compare holds the reply against the stored one.
func (e fixtureEvent) compare(t *testing.T, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(e.replyFile(), got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(e.replyFile())
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("no stored reply; look at this one, and store it with -update:\n%s", got)
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("the reply differs from the stored one (-want +got):\n%s", diff)
	}
}

// ofStep reports whether the event is the input of a task of the state machine: those may come twice.
func (e fixtureEvent) ofStep() bool {
	return slices.Contains(slices.Collect(maps.Values(statemachine.Functions)), e.function)
}

// replayAgain sends the event to the world that has had it once.
func (e fixtureEvent) replayAgain(t *testing.T, w *fixture.World, first []byte) {
	t.Helper()
	again, ok, err := replay(t.Context(), w, e.function, e.text)
	if err != nil || !ok || !bytes.Equal(again, first) {
		t.Errorf("the second reply is %s (%v), the first was %s", again, err, first)
	}
}

func (e fixtureEvent) wantNothingWritten(t *testing.T, w *fixture.World, before []string) {
	t.Helper()
	if diff := cmp.Diff(before, dump(t, w)); diff != "" {
		t.Errorf("a refused event changed the records (-before +after):\n%s", diff)
	}
	if len(w.Started) > 0 {
		t.Errorf("a refused event started %v", w.Started)
	}
}

// unsettled is what differs from replay to replay (the embedded S3's port, signatures and their time, tokens) and what
// differs from one version of Go to the next.
var unsettled = []struct {
	pattern *regexp.Regexp
	stands  string
}{
	{regexp.MustCompile(`http://127\.0\.0\.1:\d+/`), "http://127.0.0.1:PORT/"},
	{regexp.MustCompile(`X-Amz-Credential=([A-Z]+)%2F\d{8}%2F`), "X-Amz-Credential=$1%2FDATE%2F"},
	{regexp.MustCompile(`X-Amz-Date=\d{8}T\d{6}Z`), "X-Amz-Date=DATE"},
	{regexp.MustCompile(`X-Amz-Signature=[0-9a-f]{64}`), "X-Amz-Signature=SIGNATURE"},
	{regexp.MustCompile(`\?token=v1\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+`), "?token=TOKEN"},
	{regexp.MustCompile(`\\"last_modified\\":\\"[^"\\]+\\"`), `\"last_modified\":\"TIME\"`},
	{regexp.MustCompile(`"errorMessage": "json: .*"`), `"errorMessage": "json: …"`},
}

// settled puts fixed words in the place of what differs.
func settled(text []byte) []byte {
	for _, u := range unsettled {
		text = u.pattern.ReplaceAll(text, []byte(u.stands))
	}
	return text
}

// status is the HTTP status of a reply, 0 if it has none.
func status(t *testing.T, text []byte) int {
	t.Helper()
	if !bytes.HasPrefix(text, []byte("{")) {
		return 0
	}
	var r struct {
		Status int `json:"statusCode"`
	}
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r.Status
}
