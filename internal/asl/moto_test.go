package asl

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/asl/motojudge"
)

// judge is the moto of this test binary. It ends with it: the operating system closes the pipe that it reads from.
var judge = sync.OnceValues(func() (*motojudge.Judge, error) {
	return motojudge.Start(context.Background()) // it outlives the test that is first
})

func startJudge(t *testing.T) *motojudge.Judge {
	t.Helper()
	j, err := judge()
	switch {
	case errors.Is(err, motojudge.ErrMissing) && os.Getenv("CI") != "true":
		t.Skipf("no moto here: %v", err)
	case err != nil:
		t.Fatalf("moto: %v", err)
	}
	return j
}

// run is one execution of a machine over scripted functions.
type run struct {
	definition string
	input      string // "{}" when empty
	plan       map[string][]string
	objects    map[string]string // in storage, by key of the bucket "bucket"
	status     string            // that it ends in; by default FAILED with an error, else SUCCEEDED
	error      string            // that it fails with
	output     string            // "" for whatever both say
	path       []string          // nil for whatever both say
	atOnce     bool              // states of parallel parts are entered in any order
}

// end is what one interpreter made of a run: everything that the two have to agree on.
type end struct {
	Status, Error string
	Output        any
	Path, Calls   []string
}

// TestAgainstMoto holds the interpreter against another one. Cases on which the two differ for a known reason are in
// differences.
func TestAgainstMoto(t *testing.T) {
	j := startJudge(t)
	for _, theme := range []map[string]run{shippedRuns(shipped(t)), pathRuns, choiceRuns, intrinsicRuns, partRuns, failureRuns} {
		for name, r := range theme {
			t.Run(name, func(t *testing.T) {
				want, got := r.byMoto(t, j), r.byUs(t)
				if diff := gocmp.Diff(want, got); diff != "" {
					t.Errorf("moto and we differ (-moto +ours):\n%s", diff)
				}
				r.check(t, got)
			})
		}
	}
}

// check holds an end against what the case says itself.
func (r run) check(t *testing.T, got end) {
	t.Helper()
	want := cmp.Or(r.status, "SUCCEEDED")
	if r.error != "" {
		want = "FAILED"
	}
	if got.Status != want || got.Error != r.error {
		t.Errorf("ended %s with %q, want %s with %q", got.Status, got.Error, want, r.error)
	}
	if diff := gocmp.Diff(r.path, got.Path); r.path != nil && diff != "" {
		t.Errorf("path (-want +got):\n%s", diff)
	}
	if r.output == "" {
		return
	}
	if diff := gocmp.Diff(r.end("SUCCEEDED", "", json.RawMessage(r.output), nil, nil).Output, got.Output); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
}

func (r run) byUs(t *testing.T) (e end) {
	t.Helper()
	m, err := Load([]byte(r.definition))
	if err != nil {
		t.Fatalf("refused: %v\n%s", err, r.definition)
	}
	functions := &script{plan: clone(r.plan)}
	objects := &shelf{objects: map[string][]byte{}}
	for key, text := range r.objects {
		objects.objects["bucket/"+key] = []byte(text)
	}
	synctest.Test(t, func(t *testing.T) {
		engine := NewEngine(Config{Machine: m, ARN: "arn:machine", Functions: functions, Journal: NewMemoryJournal(), Objects: objects})
		defer engine.Close()
		if err := engine.Start(t.Context(), "x", json.RawMessage(cmp.Or(r.input, "{}"))); err != nil {
			t.Fatal(err)
		}
		engine.Wait()
		d, err := engine.Describe("x")
		path, also := engine.Path("x")
		if err := errors.Join(err, also); err != nil {
			t.Fatal(err)
		}
		e = r.end(d.Status, d.Error, d.Output, path, functions.payloads)
	})
	return e
}

// forMoto rewrites what moto can't read in the shipped machine: express children, and the paths of a ResultWriter, which
// it looks up in the results.
var forMoto = strings.NewReplacer(
	`"EXPRESS"`, `"STANDARD"`,
	`"Bucket.$": "$.plan.bucket",
          "Prefix.$": "$.plan.map_prefix"`, `"Bucket":"bucket","Prefix":"m"`,
)

func (r run) byMoto(t *testing.T, j *motojudge.Judge) end {
	t.Helper()
	functions := &script{plan: clone(r.plan)}
	stored := map[string]string{}
	maps.Copy(stored, r.objects)
	got, err := j.Run(t.Context(), motojudge.Case{
		Definition: json.RawMessage(forMoto.Replace(r.definition)),
		Input:      json.RawMessage(cmp.Or(r.input, "{}")),
		Objects:    map[string]map[string]string{"bucket": stored},
		Function:   functions.asLambda,
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.Status == "REFUSED" || got.Status == "STUCK" {
		t.Logf("moto: %s %s", got.Status, got.Cause)
	}
	functions.mu.Lock()
	defer functions.mu.Unlock()
	var calls []string
	for _, payload := range functions.payloads {
		calls = append(calls, motosName.ReplaceAllString(payload, `"execution":"x"`))
	}
	return r.end(got.Status, got.Error, got.Output, got.Path, calls)
}

// motosName is how moto names executions, each of which needs a name of its own.
var motosName = regexp.MustCompile(`"execution":"x-\d+"`)

// end puts what came at once in order.
func (r run) end(status, name string, output json.RawMessage, path, calls []string) end {
	e := end{Status: status, Error: name, Path: path, Calls: calls}
	if status == "SUCCEEDED" {
		if err := json.Unmarshal(output, &e.Output); err != nil {
			e.Output = fmt.Sprintf("%s: %v", output, err)
		}
	}
	if r.atOnce {
		slices.Sort(e.Path)
		slices.Sort(e.Calls)
	}
	return e
}

// asLambda answers as Lambda's Invoke does.
func (s *script) asLambda(ctx context.Context, function string, payload []byte) motojudge.Reply {
	if len(payload) == 0 {
		payload = []byte("{}") // what a function sees of a call without a payload
	}
	reply, err := s.Invoke(ctx, function, payload)
	switch {
	case errors.Is(err, ErrThrottled):
		return motojudge.Reply{Status: 429, Error: "TooManyRequestsException", Payload: []byte(`{"message":"Rate Exceeded."}`)}
	case err != nil:
		return motojudge.Reply{Status: 500, Error: "ServiceException", Payload: fmt.Appendf(nil, `{"message":%q}`, err)}
	}
	return motojudge.Reply{Failed: reply.Failed, Payload: reply.Payload}
}

func clone(plan map[string][]string) map[string][]string {
	c := map[string][]string{}
	for function, answers := range plan {
		c[function] = slices.Clone(answers)
	}
	return c
}

// merge is every run of several tables.
func merge(tables ...map[string]run) map[string]run {
	all := map[string]run{}
	for _, t := range tables {
		maps.Copy(all, t)
	}
	return all
}

// one is a machine of a single state; fields are the state's, and other states may follow.
func one(fields string, others ...string) string {
	return `{"StartAt":"S","States":{` + strings.Join(append([]string{`"S":{` + fields + `}`}, others...), ",") + `}}`
}
