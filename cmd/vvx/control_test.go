package main

import (
	"strings"
	"testing"
)

func TestControls(t *testing.T) {
	a := newAPI(t)
	a.on("POST /exports/exp_1/cancel", sends(200, exportJSON("exp_1", map[string]any{"status": "failed", "error_message": "cancelled", "outcome": "cancelled"})))
	a.on("POST /exports/exp_2/cancel", fails(409, "export_not_cancellable"))
	a.on("POST /exports/exp_1/retry", sends(200, exportJSON("exp_1", map[string]any{"status": "pending"})))
	a.on("GET /exports/exp_1", sends(200, exportJSON("exp_1", map[string]any{"status": "completed"})))
	a.on("DELETE /exports/exp_1", sends(200, `{"message":"gone"}`))
	a.on("DELETE /exports/exp_2", fails(403, "authorization_insufficient_scope"))
	a.on("DELETE /exports/exp_3", fails(404, "export_not_found"))
	s := newShell(t, a.base())
	for _, c := range []struct {
		args   []string
		code   int
		says   string
		values int
	}{
		{[]string{"cancel", "exp_1", "--idempotency-key", "stop"}, exitOK, "cancelled", 1},
		{[]string{"cancel", "exp_2"}, exitFailed, "export_not_cancellable", 0},
		{[]string{"retry", "exp_1"}, exitOK, "pending", 1},
		{[]string{"retry", "exp_1", "--wait"}, exitOK, "completed", 1},
		{[]string{"delete", "exp_1"}, exitOK, "exp_1 is removed", 1},
		{[]string{"delete", "exp_2"}, exitRefused, "authorization_insufficient_scope", 0},
		{[]string{"delete", "exp_3"}, exitNotFound, "export_not_found", 0},
	} {
		args := append([]string{"export"}, c.args...)
		if o := s.want(c.code, args...); !strings.Contains(o.out+o.err, c.says) {
			t.Errorf("%v printed %q and %q, want %q", c.args, o.out, o.err, c.says)
		}
		if v := s.want(c.code, append(args, "--json")...).values(t); len(v) != c.values {
			t.Errorf("%v --json printed %v", c.args, v)
		}
	}
	if r := a.requests()[0]; r.header.Get("Idempotency-Key") != "stop" {
		t.Errorf("cancel sent the key %q", r.header.Get("Idempotency-Key"))
	}
}
