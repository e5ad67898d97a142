package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	hookJSON = `{"webhook_id":"wh_1","name":"n","url":"https://e.com","events":["export.ready"],"index_ids":null,"status":"active","failure_count":2,
		"last_failure_at":null,"last_success_at":null,"created_at":null,"updated_at":null,"metadata":null}`
	sentJSON = `{"delivery_id":"dlv_1","webhook_id":"wh_1","event_type":"export.ready","status":"failed","attempts":18,"last_attempt_at":null,"next_retry_at":null,
		"response_status_code":500,"response_body":"no","error_message":"The receiver answered with status 500.","created_at":null,"completed_at":null,"payload":{"id":"evt_1"},"event_id":"evt_1"}`
)

func TestWebhookCommands(t *testing.T) {
	a := newAPI(t)
	a.on("GET /webhooks", sends(200, "["+hookJSON+"]"))
	a.on("GET /webhooks/wh_1", sends(200, hookJSON))
	a.on("PATCH /webhooks/wh_1", sends(200, hookJSON))
	a.on("POST /webhooks/wh_1/test", sends(200, `{"success":true,"status_code":204,"error":null}`))
	a.on("POST /webhooks/wh_2/test", sends(200, `{"success":false,"status_code":500,"error":"The receiver answered with status 500."}`))
	a.on("GET /webhooks/wh_1/deliveries", sends(200, "["+sentJSON+","+sentJSON+"]"))
	a.on("GET /webhooks/deliveries/dlv_1", sends(200, sentJSON))
	a.on("POST /webhooks/deliveries/dlv_1/retry", sends(200, sentJSON))
	a.on("DELETE /webhooks/wh_1", sends(200, `{"message":"gone"}`))
	a.on("DELETE /webhooks/wh_2", fails(404, "webhook_not_found"))
	s := newShell(t, a.base())
	for _, c := range []struct {
		args   []string
		code   int
		says   string
		values int // of --json
	}{
		{[]string{"list"}, exitOK, "wh_1", 1},
		{[]string{"get", "wh_1"}, exitOK, "indexes   all", 1},
		{[]string{"update", "wh_1", "--status", "paused", "--all-indexes", "--name", "N"}, exitOK, "wh_1", 1},
		{[]string{"update", "wh_1"}, exitUsage, "there is nothing to change", 0},
		{[]string{"test", "wh_1"}, exitOK, "wh_1 works", 1},
		{[]string{"test", "wh_2"}, exitFailed, "webhook wh_2 does not work: The receiver answered with status 500.", 1},
		{[]string{"deliveries", "wh_1", "--status", "failed", "--limit", "2"}, exitOK, "export.ready  failed", 2},
		{[]string{"delivery", "dlv_1"}, exitOK, "answer    500 no", 1},
		{[]string{"retry", "dlv_1"}, exitOK, "dlv_1", 1},
		{[]string{"delete", "wh_1"}, exitOK, "wh_1 is removed", 1},
		{[]string{"delete", "wh_2"}, exitNotFound, "webhook_not_found", 0},
	} {
		args := append([]string{"webhook"}, c.args...)
		if o := s.want(c.code, args...); !strings.Contains(o.out+o.err, c.says) {
			t.Errorf("%v printed %q and %q, want %q", c.args, o.out, o.err, c.says)
		}
		if v := s.want(c.code, append(args, "--json")...).values(t); len(v) != c.values {
			t.Errorf("%v --json printed %v", c.args, v)
		}
	}
	for _, r := range a.requests() {
		if strings.HasPrefix(r.body, `{"name"`) && r.body != `{"name":"N","index_ids":[],"status":"paused"}` {
			t.Errorf("update sent %s", r.body)
		}
	}
}

// TestWebhookSecrets are written to a new file of the owner's, and nowhere else.
func TestWebhookSecrets(t *testing.T) {
	a := newAPI(t)
	a.on("POST /webhooks", sends(201, strings.Replace(hookJSON, `"metadata":null`, `"metadata":{"a":1},"secret":"whsec_first"`, 1)))
	a.on("POST /webhooks/wh_1/rotate-secret", sends(200, `{"webhook_id":"wh_1","new_secret":"whsec_second"}`))
	a.on("POST /webhooks/wh_2/rotate-secret", fails(404, "webhook_not_found"))
	s := newShell(t, a.base())
	create := []string{"webhook", "create", "--name", "n", "--url", "https://e.com", "--event", "export.ready", "--index", "idx", "--metadata", `{"a":1}`}
	s.want(exitUsage, create...)
	if len(a.requests()) != 0 {
		t.Error("a webhook was made whose secret nobody keeps")
	}
	for name, c := range map[string]struct {
		args   []string
		secret string
	}{
		"created.secret":      {create, "whsec_first\n"},
		"created-json.secret": {append(create, "--json"), "whsec_first\n"},
		"rotated.secret":      {[]string{"webhook", "rotate-secret", "wh_1"}, "whsec_second\n"},
	} {
		o := s.want(exitOK, append(c.args, "--secret-out", name)...)
		if strings.Contains(o.out+o.err, "whsec") {
			t.Errorf("%v shows the secret: %s%s", c.args, o.out, o.err)
		}
		file := filepath.Join(s.dir, name)
		text, err := os.ReadFile(file)
		if err != nil || string(text) != c.secret {
			t.Errorf("%s holds %q, %v", name, text, err)
		}
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
		s.want(exitFailed, append(c.args, "--secret-out", name)...) // it stands there already
	}
	s.want(exitNotFound, "webhook", "rotate-secret", "wh_2", "--secret-out", "none.secret")
	if _, err := os.Stat(filepath.Join(s.dir, "none.secret")); err == nil {
		t.Error("a file without a secret stays")
	}
	sent := slices.IndexFunc(a.requests(), func(r request) bool { return strings.HasSuffix(r.path, "/webhooks") }) // they come in any order
	if r := a.requests()[sent]; r.body != `{"name":"n","url":"https://e.com","events":["export.ready"],"index_ids":["idx"],"metadata":{"a":1}}` {
		t.Errorf("create sent %s", r.body)
	}
}
