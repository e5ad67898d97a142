package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

const accepted = `{"export_id":"exp_1","status":"pending"}`

func TestCreate(t *testing.T) {
	for _, c := range []struct {
		args       []string
		path, body string
	}{
		{[]string{"index", "idx_1"}, "/exports/index/idx_1", `{}`},
		{[]string{"index", "idx_1", "--run", "run_1", "--run", "run_2", "--connector", "conn_1", "--subpath", "a/b", "--matches"},
			"/exports/index/idx_1", `{"prompt_run_ids":["run_1","run_2"],"destination_connector_id":"conn_1","destination_subpath":"a/b","result_scope":"matches"}`},
		{[]string{"run", "run_1", "--matches", "--idempotency-key", "nightly"}, "/exports/prompt-run/run_1", `{"result_scope":"matches"}`},
		{[]string{"run", "run 1/2"}, "/exports/prompt-run/run%201%2F2", `{}`},
	} {
		a := newAPI(t)
		a.on("POST /exports/index/idx_1", fails(503, "service_unavailable"), sends(202, accepted))
		a.on("POST /exports/prompt-run/run_1", sends(202, accepted))
		a.on("POST /exports/prompt-run/run 1/2", sends(202, accepted))
		o := newShell(t, a.base()).want(exitOK, append([]string{"export", "create"}, c.args...)...)
		if o.out != "exp_1  pending\n" || o.err != "" {
			t.Errorf("%v printed %q and %q", c.args, o.out, o.err)
		}
		for _, r := range a.requests() {
			key := r.header.Get("Idempotency-Key")
			if r.path != c.path || r.body != c.body || key == "" || strings.Contains(strings.Join(c.args, " "), "nightly") != (key == "nightly") {
				t.Errorf("%v sent %+v, want %s %s", c.args, r, c.path, c.body)
			}
		}
	}
}

func TestCreateTellsOfAReplay(t *testing.T) {
	a := newAPI(t)
	a.on("POST /exports/index/idx_1", sends(202, accepted, "Idempotency-Replayed", "true"))
	s := newShell(t, a.base())
	if o := s.want(exitOK, "export", "create", "index", "idx_1", "--idempotency-key", "k"); !strings.Contains(o.out, "made before") {
		t.Errorf("printed %q", o.out)
	}
	if o := s.want(exitOK, "export", "create", "index", "idx_1", "--json"); o.out != accepted+"\n" {
		t.Errorf("printed %q, want %s", o.out, accepted)
	}
}

// TestCreateAndWait prints one result, the export at its end; how it got there is on standard error, in plain lines.
func TestCreateAndWait(t *testing.T) {
	at := func(status, phase string, done int) http.HandlerFunc {
		return sends(200, exportJSON("exp_1", map[string]any{"status": status,
			"progress": map[string]any{"phase": phase, "records_done": done, "records_total": 100, "bytes_written": done * 1000, "percent": done}}))
	}
	a := newAPI(t)
	a.on("POST /exports/prompt-run/run_1", sends(202, accepted))
	a.on("GET /exports/exp_1", at("pending", "queued", 0), at("processing", "packaging", 10), at("processing", "packaging", 60), at("completed", "done", 100))
	o := newShell(t, a.base()).want(exitOK, "export", "create", "run", "run_1", "--wait", "--json")
	if v := o.values(t); len(v) != 1 || v[0]["status"] != "completed" || v[0]["new_field"] != "kept" {
		t.Errorf("printed %s", o.out)
	}
	lines := strings.Split(strings.TrimSpace(o.err), "\n")
	if len(lines) != 3 || lines[0] != "exp_1  pending  queued  0/100 records" || lines[1] != "exp_1  processing  packaging  10/100 records" || !strings.HasPrefix(lines[2], "exp_1  completed  done  100/100 records  0.") {
		t.Errorf("progress:\n%s", o.err)
	}
	if strings.ContainsAny(o.err, "\r\x1b█") {
		t.Errorf("a bar was drawn into a pipe: %q", o.err)
	}
}

func TestAFailedExportIsAFailure(t *testing.T) {
	a := newAPI(t)
	a.on("GET /exports/exp_1", sends(200, exportJSON("exp_1", map[string]any{"status": "failed", "error_message": "The bucket\x1b[2J is gone."})))
	s := newShell(t, a.base())
	o := s.want(exitFailed, "export", "wait", "exp_1")
	if !strings.Contains(o.err, "vvx: export exp_1 failed: The bucket\ufffd[2J is gone.") || o.out != "" {
		t.Errorf("printed %q and %q", o.out, o.err)
	}
	if o := s.want(exitOK, "export", "get", "exp_1"); !strings.Contains(o.out, "The bucket\ufffd[2J is gone.") {
		t.Errorf("get printed %q", o.out)
	}
}

func TestGet(t *testing.T) {
	a := newAPI(t)
	a.on("GET /exports/exp_1", sends(200, exportJSON("exp_1", map[string]any{"presigned_url": "https://s/x?sig=abc"})))
	s := newShell(t, a.base())
	o := s.want(exitOK, "export", "get", "exp_1")
	for _, want := range []string{"export    exp_1\n", "status    completed\n", "size      1.2 kB (1234 bytes)\n", "records   7\n", "created   2026-03-02 09:30:00 UTC\n"} {
		if !strings.Contains(o.out, want) {
			t.Errorf("get printed no %q:\n%s", want, o.out)
		}
	}
	if strings.Contains(o.out, "sig=abc") {
		t.Errorf("get shows the presigned link, which --json is for:\n%s", o.out)
	}
	if v := s.want(exitOK, "export", "get", "exp_1", "--json").values(t); len(v) != 1 || v[0]["new_field"] != "kept" || v[0]["presigned_url"] != "https://s/x?sig=abc" {
		t.Errorf("get --json printed %v", v)
	}
}

func TestList(t *testing.T) {
	page := func(from, to int) string {
		var all []string
		for i := from; i >= to; i-- {
			all = append(all, exportJSON(fmt.Sprintf("exp_%d", i), nil))
		}
		return "[" + strings.Join(all, ",") + "]"
	}
	pages := func(a *api) {
		a.on("GET /exports", sends(200, page(5, 3), "Link", `</api/v2/exports?cursor=x>; rel="next"`), sends(200, page(2, 1)))
	}
	for _, c := range []struct {
		args  []string
		query string // of the first request
		want  int    // exports
		asked int    // requests
	}{
		{nil, "/exports?limit=50", 5, 2},
		{[]string{"--limit", "0"}, "/exports?limit=200", 5, 2},
		{[]string{"--limit", "3"}, "/exports?limit=3", 3, 1},
		{[]string{"--limit", "4"}, "/exports?limit=4", 4, 2},
		{[]string{"--status", "failed", "--type", "index", "--target", "idx_1"}, "/exports?export_type=index&limit=50&status=failed&target_id=idx_1", 5, 2},
	} {
		a := newAPI(t)
		pages(a)
		s := newShell(t, a.base())
		v := s.want(exitOK, append([]string{"export", "list", "--json"}, c.args...)...).values(t)
		if len(v) != c.want || v[0]["export_id"] != "exp_5" || v[0]["new_field"] != "kept" {
			t.Errorf("%v printed %d exports, want %d: %v", c.args, len(v), c.want, v)
		}
		if r := a.requests(); len(r) != c.asked || r[0].path != c.query {
			t.Errorf("%v asked %d times, first for %s, want %d and %s", c.args, len(r), r[0].path, c.asked, c.query)
		}
		pages(a)
		if lines := strings.Count(s.want(exitOK, append([]string{"export", "list"}, c.args...)...).out, "\n"); lines != c.want+1 {
			t.Errorf("%v printed %d lines, want a head and %d", c.args, lines, c.want)
		}
	}
}

// TestExitCodes holds what each end of a command is called.
func TestExitCodes(t *testing.T) {
	a := newAPI(t)
	for id, answer := range map[string]http.HandlerFunc{
		"exp_unknown": fails(404, "export_not_found"), "exp_scope": fails(403, "authorization_insufficient_scope"),
		"exp_bad": fails(422, "validation_failed"), "exp_busy": fails(429, "rate_limit_exceeded", "Retry-After", "4000"),
		"exp_html": sends(404, "<html>"), "exp_empty": sends(200, "{}"),
	} {
		a.on("GET /exports/"+id, answer)
	}
	s := newShell(t, a.base())
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{nil, exitOK, ""},
		{[]string{"--help"}, exitOK, ""},
		{[]string{"completion", "bash"}, exitOK, ""},
		{[]string{"nothing"}, exitUsage, `unknown command "nothing"`},
		{[]string{"export"}, exitUsage, `"vvx export" needs a command`},
		{[]string{"export", "gte"}, exitUsage, `unknown command "gte"`},
		{[]string{"export", "get"}, exitUsage, `"vvx export get --help"`},
		{[]string{"export", "get", "a", "b"}, exitUsage, `"vvx export get --help"`},
		{[]string{"export", "get", ".."}, exitFailed, `".." is no export id`},
		{[]string{"export", "get", "x", "--no-such-flag"}, exitUsage, "--no-such-flag"},
		{[]string{"export", "list", "--limit", "-1"}, exitUsage, "--limit"},
		{[]string{"export", "list", "--limit", "many"}, exitUsage, "--limit"},
		{[]string{"export", "get", "exp_unknown"}, exitNotFound, "It is so. (404 export_not_found), request req-1"},
		{[]string{"export", "get", "exp_scope"}, exitRefused, "the key from VIDEO_VECTOR_API_KEY may not do this: It is so."},
		{[]string{"export", "get", "exp_bad"}, exitFailed, "limit: is too large"},
		{[]string{"export", "get", "exp_busy"}, exitFailed, "try again in 1h6m40s"},
		{[]string{"export", "get", "exp_html"}, exitFailed, "Is the base URL right?"},
		{[]string{"export", "get", "exp_empty"}, exitFailed, "Is the base URL right?"},
		{[]string{"connector", "list"}, exitFailed, "route_not_found"},
		{[]string{"export", "download", "a/b"}, exitUsage, "-o FILE"},
		{[]string{"export", "download", "exp_1", "-o", "-", "--json"}, exitUsage, "standard output"},
		{[]string{"export", "get", "x", "--api-key", "a", "--api-key-file", "b"}, exitUsage, "not both"},
		{[]string{"load-run", "x"}, exitUsage, "index"},
	} {
		o := s.vvx(c.args...)
		if o.code != c.code || !strings.Contains(o.err, c.says) {
			t.Errorf("vvx %s ended with %d, want %d and %q:\n%s", strings.Join(c.args, " "), o.code, c.code, c.says, o.err)
		}
		if o.code != exitOK && (!strings.HasPrefix(o.err, "vvx: ") || o.out != "") {
			t.Errorf("vvx %s printed %q and %q", strings.Join(c.args, " "), o.out, o.err)
		}
	}
}
