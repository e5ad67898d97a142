package main

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestTurns: beyond what an account may have under way its exports wait, and are carried out one after the other, in the
// order of their creation, the next one as soon as one has ended. Nothing of that is lost with the process.
func TestTurns(t *testing.T) {
	const many = 6
	s := startService(t, "-exports-at-once", "1")
	var ids []string
	for range many {
		ids = append(ids, s.create("/exports/prompt-run/run_123", ""))
	}
	s.await(ids[0], time.Minute)
	s.kill()
	s.start()
	began, before := time.Now(), ""
	for n, id := range ids {
		e := s.await(id, time.Minute)
		started, _ := e["started_at"].(string)
		if e["status"] != "completed" || started < before {
			t.Errorf("the export %d is %v, started at %s; the one before it ended at %s", n+1, e["status"], started, before)
		}
		before, _ = e["completed_at"].(string)
	}
	// The sweeper comes once a minute: had it let every one in, that would have taken minutes.
	if took := time.Since(began); took > 50*time.Second {
		t.Errorf("%d exports took %s", many, took)
	}
}

// TestLimitsOfAnAccount: flags set them, and what is over them is told to come again.
func TestLimitsOfAnAccount(t *testing.T) {
	s := startService(t, "-creates-per-minute", "2")
	for time.Now().Second() > 50 { // not across a minute
		time.Sleep(time.Second)
	}
	s.create("/exports/prompt-run/run_123", "")
	s.create("/exports/prompt-run/run_123", "", "Idempotency-Key", "once")
	r := s.call("POST", "/exports/prompt-run/run_123", s.local.APIKeys.Write, "")
	wait, err := strconv.Atoi(r.header.Get("Retry-After"))
	if r.status != 429 || !strings.Contains(string(r.body), "create_rate_limit_exceeded") || err != nil || wait < 1 || wait > 60 {
		t.Errorf("the third create: %d %s, again after %q", r.status, r.body, r.header.Get("Retry-After"))
	}
	s.create("/exports/prompt-run/run_123", "", "Idempotency-Key", "once")
}
