package asl

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
)

// TestResumeGoesOn: histories that can't be read, and one in a state that is gone, keep no other execution from its end.
func TestResumeGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		journal := opened(t, dir)
		started := `{"time":"2000-01-01T00:00:00Z","type":"ExecutionStarted","input":{}}` + "\n"
		entered := `{"time":"2000-01-01T00:00:00Z","type":"StateEntered","state":"S","input":{}}` + "\n"
		histories := map[string]string{
			"sound":     started + entered,
			"elsewhere": started + `{"time":"2000-01-01T00:00:00Z","type":"StateEntered","state":"Gone","input":{}}` + "\n",
			"garbage":   "\x00\x01\n" + entered,
			"halfway":   started + "{\n" + entered,
			"empty":     "",
			"no-input":  `{"time":"2000-01-01T00:00:00Z","type":"ExecutionStarted"}` + "\n",
			"bad name":  started,
		}
		for name, text := range histories {
			if err := os.WriteFile(filepath.Join(dir, "open", name+journalSuffix), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var log bytes.Buffer
		heard := &ends{}
		e := NewEngine(Config{
			Machine: loaded(t, one(`"Type":"Wait","Seconds":1,"End":true`)), Functions: &script{}, Journal: journal, OnEnd: heard.hear,
			Log: slog.New(slog.NewJSONHandler(&log, nil)),
		})
		defer e.Close()
		if n, err := e.Resume(t.Context()); n != 2 || err != nil {
			t.Fatalf("resumed %d, %v, want 2", n, err)
		}
		e.Wait()
		if d, err := e.Describe("sound"); err != nil || d.Status != "SUCCEEDED" {
			t.Errorf("the sound one: %s %s, %v", d.Status, d.Error, err)
		}
		d, err := e.Describe("elsewhere")
		if err != nil || d.Status != "FAILED" || d.Error != "States.Runtime" || !strings.Contains(d.Cause, `"Gone"`) {
			t.Errorf("the one elsewhere: %s %s %s, %v", d.Status, d.Error, d.Cause, err)
		}
		if len(heard.heard) != 2 {
			t.Errorf("%d ends were heard, want 2", len(heard.heard))
		}
		maps.DeleteFunc(histories, func(name, _ string) bool { return name == "sound" || name == "elsewhere" })
		if n := strings.Count(log.String(), `"msg":"an execution can't be resumed"`); n != len(histories) {
			t.Errorf("%d are in the log, want %d:\n%s", n, len(histories), &log)
		}
		for name, text := range histories {
			if !strings.Contains(log.String(), `"execution":"`+name+`"`) {
				t.Errorf("%s is not in the log", name)
			}
			if raw, err := os.ReadFile(filepath.Join(dir, "open", name+journalSuffix)); err != nil || string(raw) != text {
				t.Errorf("%s was changed to %q, %v", name, raw, err)
			}
			if err := e.Start(t.Context(), name, json.RawMessage("{}")); err == nil {
				t.Errorf("the name %s was given away", name)
			}
		}
	})
}

// TestStopLeavesExecutionsWhereTheyAre: nothing ends, and nothing starts, when the engine stops.
func TestStopLeavesExecutionsWhereTheyAre(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		heard := &ends{}
		cfg := Config{Machine: loaded(t, invoke(``)), Functions: &script{plan: map[string][]string{"f": {"slow"}}}, Journal: NewMemoryJournal(), OnEnd: heard.hear}
		e := NewEngine(cfg)
		if err := e.Start(t.Context(), "x", json.RawMessage("{}")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		e.Close()
		if d, err := e.Describe("x"); err != nil || d.Status != "RUNNING" || len(heard.heard) != 0 {
			t.Errorf("it is %s, and %d ends were heard; %v", d.Status, len(heard.heard), err)
		}
		if err := e.Start(t.Context(), "y", json.RawMessage("{}")); err == nil {
			t.Error("a stopped engine starts executions")
		}
		cfg.Functions = &script{}
		again := NewEngine(cfg)
		defer again.Close()
		if n, err := again.Resume(t.Context()); n != 1 || err != nil {
			t.Fatalf("resumed %d, %v", n, err)
		}
		again.Wait()
		if d, err := again.Describe("x"); err != nil || d.Status != "SUCCEEDED" || len(heard.heard) != 1 {
			t.Errorf("it is %s, and %d ends were heard; %v", d.Status, len(heard.heard), err)
		}
	})
}

func TestStartRefuses(t *testing.T) {
	e := NewEngine(Config{Machine: loaded(t, one(pass)), Functions: &script{}, Journal: NewMemoryJournal()})
	defer e.Close()
	for name, in := range map[string]string{
		"": "{}", "a b": "{}", "a/b": "{}", strings.Repeat("x", 81): "{}",
		"nothing": "", "half": `{"a":`, "more": `{} {}`, "twice": `{"a":1,"a":2}`, "bytes": "\"\xff\"",
	} {
		if err := e.Start(t.Context(), name, json.RawMessage(in)); err == nil {
			t.Errorf("started %q with %q", name, in)
		}
		if _, err := e.Describe(name); err == nil {
			t.Errorf("%q left a history", name)
		}
	}
}
