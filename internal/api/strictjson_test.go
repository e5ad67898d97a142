package api_test

import (
	"strings"
	"testing"

	"github.com/videovector/exports/internal/jsonsuite"
)

// TestBodiesAreStrictJSON: what is no JSON is refused as such or as too long, and what is JSON is refused for its unknown field.
func TestBodiesAreStrictJSON(t *testing.T) {
	w := newWorld(t)
	for _, c := range jsonsuite.Refused() {
		status, reply := w.post(c.Text)
		if got := code(t, reply); (status != 400 || got != "malformed_json") && (status != 413 || got != "request_too_large") {
			t.Errorf("%.40s: %d %.200s, want 400 malformed_json", c.Name, status, reply)
		}
	}
	for _, c := range jsonsuite.Accepted() {
		status, reply := w.post(c.Text)
		if status != 422 || code(t, reply) != "validation_failed" || !strings.Contains(reply, `"x":`) {
			t.Errorf("%.40s: %d %.200s, want 422 that names x", c.Name, status, reply)
		}
	}
	if len(w.started) > 0 {
		t.Errorf("%d exports were made", len(w.started))
	}
}
