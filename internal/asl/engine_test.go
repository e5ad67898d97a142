package asl

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/statemachine"
)

// script is what each function answers, call by call; the last answer repeats. An answer that begins with "!" is a
// function error: of that type, or, when JSON follows, with that payload. "throttled" and "broken" are calls that Lambda
// doesn't take, "slow" is one that ends with its context only.
type script struct {
	mu       sync.Mutex
	plan     map[string][]string
	calls    []string // function names
	payloads []string // function names with what they were called with
}

func (s *script) Invoke(ctx context.Context, function string, payload []byte) (Reply, error) {
	answer := s.next(function, payload)
	switch failure, failed := strings.CutPrefix(answer, "!"); {
	case answer == "throttled":
		return Reply{}, ErrThrottled
	case answer == "broken":
		return Reply{}, errors.New("the service is broken")
	case answer == "slow":
		<-ctx.Done()
		return Reply{}, ctx.Err()
	case failed && json.Valid([]byte(failure)):
		return Reply{Payload: []byte(failure), Failed: true}, nil
	case failed:
		return Reply{Payload: fmt.Appendf(nil, `{"errorType":%q,"errorMessage":"no"}`, failure), Failed: true}, nil
	}
	return Reply{Payload: []byte(answer)}, nil
}

func (s *script) next(function string, payload []byte) (answer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, function)
	s.payloads = append(s.payloads, function+" "+canonical(payload))
	answers := s.plan[function]
	if len(answers) == 0 {
		return "{}"
	}
	if len(answers) > 1 {
		s.plan[function] = answers[1:]
	}
	return answers[0]
}

// canonical is JSON with its names in order.
func canonical(raw []byte) string {
	v, err := decodeValue(raw)
	if err != nil {
		return "not JSON: " + string(raw)
	}
	return string(encodeValue(v))
}

// shelf is object storage in memory.
type shelf struct {
	mu      sync.Mutex
	objects map[string][]byte
}

func (s *shelf) Get(_ context.Context, bucket, key string) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	raw, ok := s.objects[bucket+"/"+key]
	if !ok {
		return nil, fmt.Errorf("no object %s", key)
	}
	return io.NopCloser(bytes.NewReader(raw)), nil
}

func (s *shelf) Put(_ context.Context, bucket, key string, body []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.objects[bucket+"/"+key] = body
	return nil
}

func shipped(t *testing.T) *Machine {
	t.Helper()
	definition, err := Substitute(statemachine.Export, statemachine.Functions)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Load(definition)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const (
	input       = `{"account_id":"a","export_id":"e","generation":1}`
	planSingle  = `{"layout":"single","deliver":false,"bucket":"bucket","shards_key":"","map_prefix":"m"}`
	planDeliver = `{"layout":"single","deliver":true,"bucket":"bucket","shards_key":"","map_prefix":"m"}`
	planSharded = `{"layout":"sharded","deliver":false,"bucket":"bucket","shards_key":"s","map_prefix":"m"}`
)

func TestShippedMachine(t *testing.T) {
	for name, c := range map[string]struct {
		plan   map[string][]string
		path   []string
		status string
		error  string
	}{
		"download": {
			map[string][]string{"plan": {planSingle}},
			[]string{"Plan", "ChooseLayout", "Package", "Assemble", "Presign", "ChooseDestination", "Finish", "Completed"}, "SUCCEEDED", "",
		},
		"delivered": {
			map[string][]string{"plan": {planDeliver}},
			[]string{"Plan", "ChooseLayout", "Package", "Assemble", "Presign", "ChooseDestination", "Deliver", "Finish", "Completed"}, "SUCCEEDED", "",
		},
		"sharded": {
			map[string][]string{"plan": {planSharded}, "package": {`{"shard":0}`}},
			[]string{"Plan", "ChooseLayout", "PackageShards", "PackageShard", "Assemble", "Presign", "ChooseDestination", "Finish", "Completed"}, "SUCCEEDED", "",
		},
		"irregular shards are packaged once more": {
			map[string][]string{"plan": {planSharded}, "package": {`{"shard":0}`}, "assemble": {"!Export.Irregular", "{}"}},
			[]string{"Plan", "ChooseLayout", "PackageShards", "PackageShard", "Assemble", "PackageShards", "PackageShard", "Assemble", "Presign", "ChooseDestination", "Finish", "Completed"}, "SUCCEEDED", "",
		},
		"a shard fails": {
			map[string][]string{"plan": {planSharded}, "package": {"!Export.Permanent"}},
			[]string{"Plan", "ChooseLayout", "PackageShards", "PackageShard", "Fail", "Failed"}, "FAILED", "States.ExceedToleratedFailureThreshold",
		},
		"passing trouble is retried": {
			map[string][]string{"plan": {"!Export.Unavailable", "!Export.Throttled", "!Sandbox.Timedout", planSingle}},
			[]string{"Plan", "ChooseLayout", "Package", "Assemble", "Presign", "ChooseDestination", "Finish", "Completed"}, "SUCCEEDED", "",
		},
		"permanent failure": {
			map[string][]string{"plan": {planDeliver}, "deliver": {"!Export.Permanent"}},
			[]string{"Plan", "ChooseLayout", "Package", "Assemble", "Presign", "ChooseDestination", "Deliver", "Fail", "Failed"}, "FAILED", "Export.Permanent",
		},
		"superseded": {
			map[string][]string{"plan": {planSingle}, "package": {"!Export.Superseded"}},
			[]string{"Plan", "ChooseLayout", "Package", "Superseded"}, "SUCCEEDED", "",
		},
		"even failing fails": {
			map[string][]string{"plan": {"!Export.Unavailable"}, "fail": {"!Export.Unavailable"}},
			[]string{"Plan", "Fail", "Failed"}, "FAILED", "Export.Unavailable",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := NewEngine(Config{
					Machine: shipped(t), ARN: "arn:machine", Functions: &script{plan: maps.Clone(c.plan)}, Journal: NewMemoryJournal(),
					Objects: &shelf{objects: map[string][]byte{"bucket/s": []byte(`[{"shard":0},{"shard":1},{"shard":2}]`)}},
				})
				defer e.Close()
				if err := e.Start(t.Context(), "x-g1", json.RawMessage(input)); err != nil {
					t.Fatal(err)
				}
				e.Wait()
				path, err := e.Path("x-g1")
				path = slices.Compact(path) // shards are entered at once, or not at all once one has failed
				if diff := cmp.Diff(c.path, path); diff != "" || err != nil {
					t.Errorf("path: %v\n%s", err, diff)
				}
				d, err := e.Describe("x-g1")
				if err != nil || d.Status != c.status || d.Error != c.error {
					t.Errorf("ended %s %q (%s), want %s %q; %v", d.Status, d.Error, d.Cause, c.status, c.error, err)
				}
			})
		})
	}
}

func TestRetriesAreSpentAndWaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &script{plan: map[string][]string{"plan": {"!Export.Unavailable"}}}
		e := NewEngine(Config{Machine: shipped(t), Functions: f, Journal: NewMemoryJournal(), Random: func() float64 { return 1 }})
		defer e.Close()
		began := time.Now()
		if err := e.Start(t.Context(), "x", json.RawMessage(input)); err != nil {
			t.Fatal(err)
		}
		e.Wait()
		if want := []string{"plan", "plan", "plan", "plan", "plan", "fail"}; !slices.Equal(f.calls, want) {
			t.Errorf("calls = %v, want %v", f.calls, want)
		}
		if took, want := time.Since(began), (1+2+4+8)*time.Second; took != want {
			t.Errorf("waited %s, want %s", took, want)
		}
	})
}

func TestANameIsTakenOnce(t *testing.T) {
	journal, err := NewFileJournal(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	f := &script{plan: map[string][]string{"plan": {planSingle}}}
	e := NewEngine(Config{Machine: shipped(t), Functions: f, Journal: journal})
	defer e.Close()
	var wg sync.WaitGroup
	errs := make(chan error, 21)
	for range 20 {
		wg.Go(func() { errs <- e.Start(t.Context(), "x", json.RawMessage(input)) })
	}
	wg.Wait()
	e.Wait()
	errs <- e.Start(t.Context(), "x", json.RawMessage(input)) // after the end
	close(errs)
	accepted := 0
	for err := range errs {
		if err == nil {
			accepted++
		}
	}
	if accepted != 1 {
		t.Errorf("%d starts were accepted", accepted)
	}
}

// TestCirclesEnd: a machine that goes round and round fails where Step Functions ends it.
func TestCirclesEnd(t *testing.T) {
	e := NewEngine(Config{Machine: loaded(t, one(`"Type":"Pass","Next":"R"`, again)), Functions: &script{}, Journal: NewMemoryJournal()})
	defer e.Close()
	if err := e.Start(t.Context(), "x", json.RawMessage("{}")); err != nil {
		t.Fatal(err)
	}
	e.Wait()
	d, err := e.Describe("x")
	if err != nil || d.Status != "FAILED" || d.Error != "States.Runtime" {
		t.Errorf("ended %s %q, %v", d.Status, d.Error, err)
	}
	if events, err := e.History("x"); len(events) != maxEvents || err != nil {
		t.Errorf("its history has %d events, %v, want %d", len(events), err, maxEvents)
	}
}
