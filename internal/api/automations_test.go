package api_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/videovector/exports/internal/store"
)

// finish is a run of the index that an automation notes.
func (w *world) finish(run string) {
	w.t.Helper()
	a, err := w.store.Automation(w.t.Context(), "acct", "idx")
	w.must(err)
	_, err = w.store.SaveAutomation(w.t.Context(), a.Noted(a.Debounce.Duration(), w.now), a.Revision, &store.Ending{RunID: run, Text: "completed"})
	w.must(err)
}

// automate sends a request about the index's automation and gives its status.
func (w *world) automate(method, action, body string) int {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, "https://api.example.com/api/v2/indexes/idx/automations/export"+action, strings.NewReader(body))
	w.must(err)
	r.Header.Set("X-API-Key", keys["write"])
	return w.send(r, []byte(body)).StatusCode
}

// TestAutomationWritersTakeTurns: of two that change one automation at the same time, one may be told to try again, and
// no change is lost that was answered.
func TestAutomationWritersTakeTurns(t *testing.T) {
	w := newWorld(t)
	if status := w.automate("PUT", "", `{"destination_connector_id":"conn"}`); status != http.StatusOK {
		t.Fatal(status)
	}
	w.now = w.now.Add(time.Minute)
	var all sync.WaitGroup
	statuses := make([]int, 12)
	for n := range statuses {
		all.Go(func() {
			action := "/pause"
			if n%2 == 0 {
				action = "/resume"
			}
			statuses[n] = w.automate("POST", action, "")
		})
	}
	all.Wait()
	answered := int64(0)
	for _, status := range statuses {
		switch status {
		case http.StatusOK:
			answered++
		case http.StatusServiceUnavailable:
		default:
			t.Errorf("answered %d", status)
		}
	}
	a, err := w.store.Automation(t.Context(), "acct", "idx")
	w.must(err)
	if answered == 0 || a.Revision != 1+answered {
		t.Errorf("%d were answered with success, and the revision is %d", answered, a.Revision)
	}
}
