package main

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/metrics/emftest"
)

// line is a line of the log, as far as it says whose it is.
type line struct {
	Msg       string `json:"msg"`
	Step      string `json:"step"`
	Route     string `json:"route"`
	RequestID string `json:"request_id"`
	AccountID string `json:"account_id"`
	KeyID     string `json:"key_id"`
	ExportID  string `json:"export_id"`
	Execution string `json:"execution"`
	Status    int    `json:"status"`
	Attempt   int    `json:"attempt"`
	Created   int    `json:"ExportsCreated"`
}

// ofAllAccounts are the functions whose calls are about no export of one account.
var ofAllAccounts = []string{"sweep", "send-events", "run-automations"}

// checkLog: every line of a request names it, its route, its account and its key, every line of a step its export, its
// execution and which call it is. The log holds no key, no token and no signed link.
func (w *canaryWorld) checkLog() {
	w.t.Helper()
	text := string(w.files()[filepath.Join(w.options.data, "local.log")])
	seen := map[string]int{}
	for raw := range strings.Lines(text) {
		var l line
		w.must(json.Unmarshal([]byte(raw), &l))
		if _, err := emftest.Line([]byte(raw)); err != nil {
			w.t.Error(err)
		}
		switch whole := l.RequestID != "" && l.AccountID != "" && l.KeyID != ""; {
		case l.Msg == "request answered" || l.Msg == "handler panicked":
			seen["request"]++
			if l.Route == "" || !whole && l.Status != 401 {
				w.t.Errorf("a request's line doesn't say whose it is: %s", raw)
			}
		case l.Created > 0:
			seen["created"]++
			if l.Route == "" || !whole || l.ExportID == "" {
				w.t.Errorf("a created export's line doesn't say whose it is: %s", raw)
			}
		case l.Step != "" && !slices.Contains(ofAllAccounts, l.Step):
			seen["step"]++
			if l.RequestID == "" || l.ExportID == "" || l.Execution != export.ExecutionName(l.ExportID, 1) || l.Attempt < 1 {
				w.t.Errorf("a step's line doesn't say whose it is: %s", raw)
			}
		}
	}
	if seen["request"] < 100 || seen["created"] < 10 || seen["step"] < 50 {
		w.t.Errorf("the log holds %v: the test shows nothing", seen)
	}
	for _, secret := range []string{
		w.secrets.APIKeys.Admin, w.secrets.APIKeys.Write, w.secrets.APIKeys.Read, w.secrets.TokenSecret, w.secrets.S3SecretKey,
		"sk_live_", "X-Amz-Signature", "token=",
	} {
		if secret == "" || strings.Contains(text, secret) {
			w.t.Errorf("the log holds %.12q…, or the test looks for nothing", secret)
		}
	}
}
