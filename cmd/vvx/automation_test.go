package main

import (
	"strings"
	"testing"
)

const automationJSON = `{"enabled":true,"paused":false,"destination_connector_id":"conn_1","destination_subpath":"nightly","debounce_interval":"1h","index_id":"idx_1","user_id":"user_1","window_ends_at":"2026-03-02T09:30:00.000Z","last_triggered_at":null,"last_export_id":"exp_1","last_error":"No\u001b[2J"}`

func TestAutomation(t *testing.T) {
	const path = "/indexes/idx_1/automations/export"
	for _, c := range []struct{ request, args, body string }{
		{"GET " + path, "get idx_1", ""},
		{"POST " + path + "/pause", "pause idx_1", ""},
		{"POST " + path + "/resume", "resume idx_1", ""},
		{"PUT " + path, "set idx_1 --connector conn_1", `{"enabled":true,"paused":false,"destination_connector_id":"conn_1"}`},
		{"PUT " + path, "set idx_1 --connector conn_1 --subpath nightly --debounce 1h --paused --disabled",
			`{"enabled":false,"paused":true,"destination_connector_id":"conn_1","destination_subpath":"nightly","debounce_interval":"1h"}`},
	} {
		a := newAPI(t)
		a.on(c.request, sends(200, automationJSON))
		s := newShell(t, a.base())
		args := append([]string{"automation"}, strings.Fields(c.args)...)
		o := s.want(exitOK, args...)
		for _, want := range []string{"state        active\n", "connector    conn_1\n", "debounce     1h\n", "last export  exp_1\n", "No\ufffd[2J"} {
			if !strings.Contains(o.out, want) {
				t.Errorf("%s printed %q, without %q", c.args, o.out, want)
			}
		}
		if got := a.requests()[0].body; got != c.body {
			t.Errorf("%s sent %s, want %s", c.args, got, c.body)
		}
		if v := s.want(exitOK, append(args, "--json")...).values(t); len(v) != 1 || v[0]["last_export_id"] != "exp_1" {
			t.Errorf("%s printed %v", c.args, v)
		}
	}
}

func TestAutomationStates(t *testing.T) {
	for state, fields := range map[string]string{"disabled": `"enabled":false,"paused":true`, "paused": `"enabled":true,"paused":true`} {
		a := newAPI(t)
		a.on("GET /indexes/idx_1/automations/export", sends(200, `{`+fields+`,"destination_connector_id":"conn_1"}`))
		if o := newShell(t, a.base()).want(exitOK, "automation", "get", "idx_1"); !strings.Contains(o.out, " "+state+"\n") {
			t.Errorf("%s: %q", state, o.out)
		}
	}
	a := newAPI(t)
	a.on("GET /indexes/idx_2/automations/export", fails(404, "automation_not_found"))
	s := newShell(t, a.base())
	s.want(exitNotFound, "automation", "get", "idx_2")
	s.want(exitUsage, "automation", "set", "idx_1")
	s.want(exitUsage, "automation")
}
