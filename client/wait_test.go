package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/videovector/exports/client"
)

func state(status string, percent int) http.HandlerFunc {
	return sends(200, exportJSON("exp_1", map[string]any{"status": status, "progress": map[string]any{"phase": "packaging", "percent": percent}}))
}

func TestWait(t *testing.T) {
	s := serve(t, state("pending", 0), state("processing", 40), state("some_new_status", 80), state("completed", 100))
	c, p := connect(t, s)
	var heard []float64
	e, err := c.Exports.Wait(t.Context(), "exp_1", client.WaitOptions{Progress: func(e *client.Export) { heard = append(heard, e.Progress.Percent) }})
	if err != nil || e.Status != client.StatusCompleted {
		t.Errorf("Wait = %+v, %v", e, err)
	}
	if want := []float64{0, 40, 80, 100}; !slices.Equal(heard, want) {
		t.Errorf("progress = %v, want %v", heard, want)
	}
	if want := []time.Duration{time.Second, 1500 * time.Millisecond, 2250 * time.Millisecond}; !slices.Equal(p.all, want) {
		t.Errorf("pauses = %v, want %v", p.all, want)
	}
}

func TestWaitGrowsToItsLimit(t *testing.T) {
	answers := slices.Repeat([]http.HandlerFunc{state("processing", 1)}, 20)
	s := serve(t, append(answers, state("completed", 100))...)
	c, p := connect(t, s)
	if _, err := c.Exports.Wait(t.Context(), "exp_1", client.WaitOptions{First: 100 * time.Millisecond, Most: 400 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	if p.all[0] != 100*time.Millisecond || p.all[19] != 400*time.Millisecond || !slices.IsSorted(p.all) {
		t.Errorf("pauses = %v", p.all)
	}
}

// TestWaitLetsTheAPIWait: where the API holds its answers, the client makes no pauses of its own but the least.
func TestWaitLetsTheAPIWait(t *testing.T) {
	held := func(status string) http.HandlerFunc {
		return sends(200, exportJSON("exp_1", map[string]any{"status": status}), "Preference-Applied", "wait=1")
	}
	s := serve(t, held("pending"), held("processing"), held("processing"), state("processing", 7), held("completed"))
	c, p := connect(t, s)
	if _, err := c.Exports.Wait(t.Context(), "exp_1", client.WaitOptions{First: 300 * time.Millisecond, Most: 40 * time.Second}); err != nil {
		t.Fatal(err)
	}
	var asked []string
	for _, r := range s.requests() {
		asked = append(asked, r.header.Get("Prefer"))
	}
	if want := []string{"wait=0", "wait=1", "wait=1", "wait=1", "wait=1"}; !slices.Equal(asked, want) {
		t.Errorf("asked for %q, want %q", asked, want)
	}
	if len(p.all) != 4 || p.all[0] > 200*time.Millisecond || p.all[1] > 200*time.Millisecond || p.all[2] > 200*time.Millisecond || p.all[3] < time.Second {
		t.Errorf("pauses = %v, want three short ones, and one where the answer was not held", p.all)
	}
}

func TestRetrieveChanged(t *testing.T) {
	s := serve(t, state("processing", 40))
	c, _ := connect(t, s)
	if e, err := c.Exports.RetrieveChanged(t.Context(), "exp_1", 2500*time.Millisecond); err != nil || e.Status != client.StatusProcessing {
		t.Errorf("RetrieveChanged = %+v, %v", e, err)
	}
	if _, err := c.Exports.Retrieve(t.Context(), "exp_1"); err != nil {
		t.Error(err)
	}
	if r := s.requests(); len(r) != 2 || r[0].header.Get("Prefer") != "wait=2" || len(r[1].header.Values("Prefer")) != 0 {
		t.Errorf("asked for %q, and without a wait for %q", r[0].header["Prefer"], r[1].header["Prefer"])
	}
}

func TestProgressLeft(t *testing.T) {
	for text, want := range map[string]time.Duration{
		`{}`: -1, `{"seconds_left":null}`: -1, `{"seconds_left":90}`: 90 * time.Second, `{"seconds_left":0}`: 0, `{"seconds_left":-1}`: -1, `{"seconds_left":9000000000000000000}`: -1,
	} {
		var p client.Progress
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			t.Fatal(err)
		}
		if left, ok := p.Left(); ok != (want >= 0) || ok && left != want {
			t.Errorf("%s: %s, %t, want %s", text, left, ok, want)
		}
	}
}

func TestWaitHonoursRetryAfter(t *testing.T) {
	s := serve(t,
		sends(200, exportJSON("exp_1", map[string]any{"status": "pending"}), "Retry-After", "9"),
		state("completed", 100))
	c, p := connect(t, s)
	if _, err := c.Exports.Wait(t.Context(), "exp_1", client.WaitOptions{}); err != nil {
		t.Fatal(err)
	}
	if want := []time.Duration{9 * time.Second}; !slices.Equal(p.all, want) {
		t.Errorf("pauses = %v, want %v", p.all, want)
	}
}

func TestWaitTellsOfAFailedExport(t *testing.T) {
	s := serve(t, sends(200, exportJSON("exp_1", map[string]any{"status": "failed", "error_message": "The bucket is gone."})))
	c, _ := connect(t, s)
	_, err := c.Exports.Wait(t.Context(), "exp_1", client.WaitOptions{})
	var failed *client.ExportFailedError
	if !errors.As(err, &failed) || failed.Export.ID != "exp_1" || err.Error() != "export exp_1 failed: The bucket is gone." {
		t.Errorf("Wait = %v", err)
	}
}

// TestWaitOutlivesTheServer has the server gone for longer than one call's retries.
func TestWaitOutlivesTheServer(t *testing.T) {
	gone := slices.Repeat([]http.HandlerFunc{hangsUp}, 7)
	s := serve(t, slices.Concat([]http.HandlerFunc{state("processing", 1)}, gone, []http.HandlerFunc{state("completed", 100)})...)
	c, _ := connect(t, s)
	if _, err := c.Exports.Wait(t.Context(), "exp_1", client.WaitOptions{}); err != nil {
		t.Errorf("Wait = %v", err)
	}
	flaky := []http.HandlerFunc{}
	for range 8 {
		flaky = append(flaky, fails(503, "service_unavailable"), state("processing", 1))
	}
	s = serve(t, append(flaky, state("completed", 100))...)
	c, _ = connect(t, s, client.WithMaxRetries(0))
	if _, err := c.Exports.Wait(t.Context(), "exp_1", client.WaitOptions{}); err != nil {
		t.Errorf("a server that fails now and then: %v", err)
	}
	dead := serve(t, fails(503, "service_unavailable"))
	c, _ = connect(t, dead, client.WithMaxRetries(0))
	var e *client.Error
	if _, err := c.Exports.Wait(t.Context(), "exp_1", client.WaitOptions{}); !errors.As(err, &e) || e.StatusCode != 503 || len(dead.requests()) != 6 {
		t.Errorf("Wait = %v after %d looks, want 6", err, len(dead.requests()))
	}
}

func TestWaitEndsAtOnce(t *testing.T) {
	s := serve(t, fails(404, "export_not_found"))
	c, p := connect(t, s)
	var e *client.Error
	if _, err := c.Exports.Wait(t.Context(), "exp_1", client.WaitOptions{}); !errors.As(err, &e) || e.StatusCode != 404 || len(p.all) != 0 {
		t.Errorf("an unknown export: %v after %d pauses", err, len(p.all))
	}
	ctx, cancel := context.WithCancel(t.Context())
	s = serve(t, state("processing", 1))
	c, _ = connect(t, s)
	_, err := c.Exports.Wait(ctx, "exp_1", client.WaitOptions{Progress: func(*client.Export) { cancel() }})
	if !errors.Is(err, context.Canceled) || len(s.requests()) != 1 {
		t.Errorf("a cancelled wait: %v after %d looks", err, len(s.requests()))
	}
}
