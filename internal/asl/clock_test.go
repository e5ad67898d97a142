package asl

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// timed is an Invoker that notes when it is called.
type timed struct {
	script
	began time.Time
	mu    sync.Mutex
	at    []time.Duration // since began
}

func (f *timed) Invoke(ctx context.Context, function string, payload []byte) (Reply, error) {
	f.mu.Lock()
	f.at = append(f.at, time.Since(f.began))
	f.mu.Unlock()
	return f.script.Invoke(ctx, function, payload)
}

// drawn gives random numbers one after the other, and 1 when they are used up.
func drawn(numbers ...float64) func() float64 {
	return func() float64 {
		if len(numbers) == 0 {
			return 1
		}
		n := numbers[0]
		numbers = numbers[1:]
		return n
	}
}

func seconds64(s ...float64) (d []time.Duration) {
	for _, n := range s {
		d = append(d, time.Duration(n*float64(time.Second)))
	}
	return d
}

// TestClock asserts when functions are called and when executions end, to the nanosecond. The bubble's clock begins at
// midnight of 2000-01-01, UTC.
func TestClock(t *testing.T) {
	const machineLimit = `{"StartAt":"S","TimeoutSeconds":30,"States":{"S":{`
	const task = `"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f"},"End":true`
	bad := []string{"!Bad"}
	for name, c := range map[string]struct {
		definition string
		input      string
		answers    []string // of f
		random     []float64
		calls      []time.Duration
		ends       time.Duration
		status     string
		error      string
	}{
		"retries double by default": {
			definition: invoke(`"Retry":[{"ErrorEquals":["Bad"]}]`), answers: bad,
			calls: seconds64(0, 1, 3, 7), ends: 7 * time.Second, status: "FAILED", error: "Bad",
		},
		"backoff up to the most delay": {
			definition: invoke(`"Retry":[{"ErrorEquals":["Bad"],"IntervalSeconds":2,"BackoffRate":3,"MaxDelaySeconds":10,"MaxAttempts":5}]`), answers: bad,
			calls: seconds64(0, 2, 8, 18, 28, 38), ends: 38 * time.Second, status: "FAILED", error: "Bad",
		},
		"a rate of 1 waits evenly": {
			definition: invoke(`"Retry":[{"ErrorEquals":["Bad"],"IntervalSeconds":5,"BackoffRate":1.0,"MaxAttempts":2}]`), answers: bad,
			calls: seconds64(0, 5, 10), ends: 10 * time.Second, status: "FAILED", error: "Bad",
		},
		"full jitter": {
			definition: invoke(`"Retry":[{"ErrorEquals":["Bad"],"IntervalSeconds":4,"JitterStrategy":"FULL"}]`), answers: bad, random: []float64{0.5, 0.25, 0},
			calls: seconds64(0, 2, 4, 4), ends: 4 * time.Second, status: "FAILED", error: "Bad",
		},
		"full jitter of the most delay": {
			definition: invoke(`"Retry":[{"ErrorEquals":["Bad"],"IntervalSeconds":4,"MaxDelaySeconds":6,"JitterStrategy":"FULL"}]`), answers: bad, random: []float64{0.5, 0.5, 0.5},
			calls: seconds64(0, 2, 5, 8), ends: 8 * time.Second, status: "FAILED", error: "Bad",
		},
		"no jitter": {
			definition: invoke(`"Retry":[{"ErrorEquals":["Bad"],"JitterStrategy":"NONE","MaxAttempts":1}]`), answers: bad, random: []float64{0.5},
			calls: seconds64(0, 1), ends: time.Second, status: "FAILED", error: "Bad",
		},
		"retriers back off apart": {
			definition: invoke(`"Retry":[{"ErrorEquals":["A"],"IntervalSeconds":1},{"ErrorEquals":["B"],"IntervalSeconds":10}]`), answers: []string{"!A", "!B", "!A", "!B", "1"},
			calls: seconds64(0, 1, 11, 13, 33), ends: 33 * time.Second, status: "SUCCEEDED",
		},
		"a rate beyond all bounds": {
			definition: invoke(`"Retry":[{"ErrorEquals":["Bad"],"BackoffRate":1e300,"MaxAttempts":2}]`), answers: bad,
			calls: seconds64(0, 1, 1+maxSeconds), ends: (1 + maxSeconds) * time.Second, status: "FAILED", error: "Bad",
		},
		"a task's limit": {
			definition: invoke(`"TimeoutSeconds":130`), answers: []string{"slow"},
			calls: seconds64(0), ends: 130 * time.Second, status: "FAILED", error: "States.Timeout",
		},
		"a task without a limit": {
			definition: invoke(``), answers: []string{"slow"},
			calls: seconds64(0), ends: maxSeconds * time.Second, status: "FAILED", error: "States.Timeout",
		},
		"a task's limit is each attempt's": {
			definition: invoke(`"TimeoutSeconds":10,"Retry":[{"ErrorEquals":["States.Timeout"]}]`), answers: []string{"slow", "slow", "1"},
			calls: seconds64(0, 11, 23), ends: 23 * time.Second, status: "SUCCEEDED",
		},
		"the machine's limit in a task": {
			definition: machineLimit + task + `}}}`, answers: []string{"slow"},
			calls: seconds64(0), ends: 30 * time.Second, status: "TIMED_OUT",
		},
		"the machine's limit, whatever catches": {
			definition: machineLimit + task + `,"Catch":[{"ErrorEquals":["States.ALL"],"Next":"C"}]},` + caught + `}}`, answers: []string{"slow"},
			calls: seconds64(0), ends: 30 * time.Second, status: "TIMED_OUT",
		},
		"the machine's limit between retries": {
			definition: machineLimit + task + `,"Retry":[{"ErrorEquals":["Bad"],"IntervalSeconds":20}]}}}`, answers: bad,
			calls: seconds64(0, 20), ends: 30 * time.Second, status: "TIMED_OUT",
		},
		"the machine's limit in a map": {
			definition: machineLimit + `"Type":"Map","ItemProcessor":{` + work + `},"MaxConcurrency":1,"End":true}}}`, input: `[1,2,3]`, answers: []string{"1", "slow"},
			calls: seconds64(0, 0), ends: 30 * time.Second, status: "TIMED_OUT",
		},
		"the machine's limit in a wait": {
			definition: machineLimit + `"Type":"Wait","Seconds":31,"End":true}}}`, ends: 30 * time.Second, status: "TIMED_OUT",
		},
		"Seconds":       {definition: one(`"Type":"Wait","Seconds":90,"End":true`), ends: 90 * time.Second, status: "SUCCEEDED"},
		"no Seconds":    {definition: one(`"Type":"Wait","Seconds":0,"End":true`), status: "SUCCEEDED"},
		"SecondsPath":   {definition: one(`"Type":"Wait","SecondsPath":"$.s","End":true`), input: `{"s":7}`, ends: 7 * time.Second, status: "SUCCEEDED"},
		"Timestamp":     {definition: one(`"Type":"Wait","Timestamp":"2000-01-01T00:01:00.5Z","End":true`), ends: 60500 * time.Millisecond, status: "SUCCEEDED"},
		"TimestampPath": {definition: one(`"Type":"Wait","TimestampPath":"$.t","End":true`), input: `{"t":"2000-01-01T02:00:05+01:00"}`, ends: time.Hour + 5*time.Second, status: "SUCCEEDED"},
		"a time passed": {definition: one(`"Type":"Wait","Timestamp":"1999-12-31T00:00:00Z","End":true`), status: "SUCCEEDED"},
		"too long a wait": {
			definition: one(`"Type":"Wait","SecondsPath":"$.s","End":true`), input: `{"s":1e12}`, status: "FAILED", error: "States.Runtime",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &timed{script: script{plan: map[string][]string{"f": slices.Clone(c.answers)}}, began: time.Now()}
				e := NewEngine(Config{Machine: loaded(t, c.definition), Functions: f, Journal: NewMemoryJournal(), Random: drawn(c.random...)})
				defer e.Close()
				if c.input == "" {
					c.input = "{}"
				}
				if err := e.Start(t.Context(), "x", json.RawMessage(c.input)); err != nil {
					t.Fatal(err)
				}
				e.Wait()
				d, err := e.Describe("x")
				if err != nil || d.Status != c.status || d.Error != c.error {
					t.Errorf("ended %s %q (%s), want %s %q; %v", d.Status, d.Error, d.Cause, c.status, c.error, err)
				}
				if took := d.Stopped.Sub(d.Started); took != c.ends {
					t.Errorf("ended after %s, want %s", took, c.ends)
				}
				if !slices.Equal(f.at, c.calls) {
					t.Errorf("called at %v, want %v", f.at, c.calls)
				}
			})
		})
	}
}

func loaded(t testing.TB, definition string) *Machine {
	t.Helper()
	m, err := Load([]byte(definition))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestClockAfterACrash: a wait, a retry's wait and the machine's limit count from when they began, in the process before.
func TestClockAfterACrash(t *testing.T) {
	for name, c := range map[string]struct {
		definition string
		down       time.Duration // when the process ends; it is down for a minute
		ends       time.Duration
		status     string
	}{
		"a wait goes on":           {one(`"Type":"Wait","Seconds":90,"End":true`), 10 * time.Second, 90 * time.Second, "SUCCEEDED"},
		"a wait is over meanwhile": {one(`"Type":"Wait","Seconds":30,"End":true`), 10 * time.Second, 70 * time.Second, "SUCCEEDED"},
		"a retry follows at once":  {invoke(`"Retry":[{"ErrorEquals":["Bad"],"IntervalSeconds":300}]`), 10 * time.Second, 70 * time.Second, "SUCCEEDED"},
		"the machine's limit": {
			`{"StartAt":"W","TimeoutSeconds":80,"States":{"W":{"Type":"Wait","Seconds":90,"End":true}}}`, 10 * time.Second, 80 * time.Second, "TIMED_OUT",
		},
		"the machine's limit passed": {
			`{"StartAt":"W","TimeoutSeconds":40,"States":{"W":{"Type":"Wait","Seconds":90,"End":true}}}`, 10 * time.Second, 70 * time.Second, "TIMED_OUT",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				cfg := Config{Machine: loaded(t, c.definition), Functions: &script{plan: map[string][]string{"f": {"!Bad", "1"}}}, Journal: NewMemoryJournal()}
				before := NewEngine(cfg)
				if err := before.Start(t.Context(), "x", json.RawMessage("{}")); err != nil {
					t.Fatal(err)
				}
				time.Sleep(c.down)
				before.Close()
				time.Sleep(time.Minute)
				after := NewEngine(cfg)
				defer after.Close()
				if n, err := after.Resume(t.Context()); n != 1 || err != nil {
					t.Fatalf("resumed %d, %v", n, err)
				}
				after.Wait()
				d, err := after.Describe("x")
				if took := d.Stopped.Sub(began); err != nil || d.Status != c.status || took != c.ends {
					t.Errorf("ended %s after %s, want %s after %s; %v", d.Status, took, c.status, c.ends, err)
				}
			})
		})
	}
}
