package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// invoked runs "local invoke" in this process.
func invoked(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, logs bytes.Buffer
	status = run(t.Context(), append([]string{"invoke"}, args...), &out, &logs)
	return status, out.String(), logs.String()
}

func TestInvokeReplies(t *testing.T) {
	status, out, logs := invoked(t, "create-export", filepath.Join(eventsDir, "create-export.index.json"))
	want, err := os.ReadFile(filepath.Join(eventsDir, "replies", "create-export.index.json"))
	if err != nil {
		t.Fatal(err)
	}
	if status != 0 || out != string(want) {
		t.Errorf("status %d, printed\n%s\nwant 0 and\n%s", status, out, want)
	}
	if !strings.Contains(logs, "exp_99_new-g1") {
		t.Errorf("the log doesn't tell of the execution:\n%s", logs)
	}
}

func TestInvokeFailure(t *testing.T) {
	status, out, _ := invoked(t, "plan", filepath.Join(eventsDir, "plan.bad-stale-generation.json"))
	var got struct {
		Type string `json:"errorType"`
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || status != 1 || got.Type != "Export.Superseded" {
		t.Errorf("status %d, printed %s (%v); want 1 and Export.Superseded", status, out, err)
	}
}

func TestInvokeRefusesMisuse(t *testing.T) {
	write := func(text string) string {
		file := filepath.Join(t.TempDir(), "event.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"nothing":          {nil, "Usage: local invoke"},
		"no event":         {[]string{"plan"}, "Usage: local invoke"},
		"two events":       {[]string{"plan", "a", "b"}, "Usage: local invoke"},
		"unknown flag":     {[]string{"-x", "plan", "a"}, "flag provided but not defined: -x"},
		"unknown function": {[]string{"planning", write("{}")}, `no function "planning"; there are assemble, authorize, control-export, create-export`},
		"no such file":     {[]string{"plan", filepath.Join(t.TempDir(), "none.json")}, "can't be read"},
		"a folder":         {[]string{"plan", t.TempDir()}, "can't be read"},
		"not JSON":         {[]string{"plan", write(`{"account_id": }`)}, "is not JSON: at byte 15"},
		"two texts":        {[]string{"plan", write(`{} {}`)}, "is not JSON: at byte 3"},
		"a name twice":     {[]string{"plan", write(`{"a":1,"a":2}`)}, "is not JSON: at byte 7"},
		"empty":            {[]string{"plan", write("")}, "is not JSON: at byte 0"},
	} {
		t.Run(name, func(t *testing.T) {
			status, out, logs := invoked(t, c.args...)
			if status != 2 || out != "" || !strings.Contains(logs, c.want) {
				t.Errorf("status %d, printed %q and %q; want 2, nothing and %q", status, out, logs, c.want)
			}
		})
	}
}

func TestInvokeHelp(t *testing.T) {
	for _, arg := range []string{"-h", "--help"} {
		status, _, logs := invoked(t, arg)
		if status != 0 || !strings.Contains(logs, "Usage: local invoke FUNCTION EVENT.json") || !strings.Contains(logs, "sweep") {
			t.Errorf("%s: status %d\n%s", arg, status, logs)
		}
	}
}

// TestInvokeLeavesNothing holds that neither folder nor working directory outlives a replay.
func TestInvokeLeavesNothing(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	before, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if status, _, logs := invoked(t, "package", filepath.Join(eventsDir, "package.whole.json")); status != 0 {
		t.Fatalf("status %d: %s", status, logs)
	}
	after, err := os.Getwd()
	left, rerr := os.ReadDir(temp)
	if err != nil || rerr != nil || before != after || len(left) > 0 {
		t.Errorf("working directory %s, was %s; left %v (%v, %v)", after, before, left, err, rerr)
	}
}
