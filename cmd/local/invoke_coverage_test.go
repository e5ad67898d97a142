package main

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	exports "github.com/videovector/exports"
	openapi "github.com/videovector/exports/api"
	"github.com/videovector/exports/internal/cfn"
	"github.com/videovector/exports/statemachine"
)

// covered says which kinds of fixtures there are of something.
type covered struct{ good, bad bool }

func (c *covered) add(e fixtureEvent) {
	c.good, c.bad = c.good || !e.bad(), c.bad || e.bad()
}

func (c *covered) want(t *testing.T, of string) {
	t.Helper()
	if c == nil || !c.good || !c.bad {
		t.Errorf("%s has no good fixture or no bad one: %+v", of, c)
	}
}

func TestFixturesCoverEveryFunction(t *testing.T) {
	found := map[string]*covered{}
	for _, e := range fixtureEvents(t) {
		if found[e.function] == nil {
			found[e.function] = &covered{}
		}
		found[e.function].add(e)
	}
	folders, err := os.ReadDir("../../functions")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		found[f.Name()].want(t, "the function "+f.Name())
		delete(found, f.Name())
	}
	for name := range found {
		t.Errorf("there are fixtures of %s, which is no function", name)
	}
}

func TestFixturesCoverEveryRoute(t *testing.T) {
	found := routes(t)
	for _, e := range fixtureEvents(t) {
		var ev struct {
			Resource string `json:"resource"`
			Method   string `json:"httpMethod"`
			Path     string `json:"path"`
			Context  struct {
				Resource string `json:"resourcePath"`
				Method   string `json:"httpMethod"`
			} `json:"requestContext"`
		}
		if json.Unmarshal(e.text, &ev) != nil || ev.Method == "" || e.function == "authorize" {
			continue
		}
		if ev.Context.Resource != ev.Resource || ev.Context.Method != ev.Method {
			t.Errorf("%s: the request context is of %s %s", e.name, ev.Context.Method, ev.Context.Resource)
		}
		c, ok := found[ev.Method+" "+ev.Resource]
		if ok {
			c.add(e)
		} else if !e.bad() && ev.Method != http.MethodOptions { // a preflight has a route where pages of other origins may call
			t.Errorf("%s: %s %s is no route", e.name, ev.Method, ev.Resource)
		}
	}
	for route, c := range found {
		c.want(t, route)
	}
}

// TestFixturesOfStepsAreWhatTasksSend: a step's event has the fields that a task of the state machine sends, no more and
// no less, unless it is one that is refused for them.
func TestFixturesOfStepsAreWhatTasksSend(t *testing.T) {
	sent := payloads(t)
	for _, e := range fixtureEvents(t) {
		if !e.ofStep() || e.bad() || e.name == "fail.no-cause" { // a caught error always has a cause; Fail takes one without
			continue
		}
		var fields map[string]any
		if err := json.Unmarshal(e.text, &fields); err != nil {
			t.Errorf("%s: %v", e.name, err)
		}
		names := strings.Join(slices.Sorted(maps.Keys(fields)), " ")
		if !slices.Contains(sent[e.function], names) {
			t.Errorf("%s holds %s; tasks send %q", e.name, names, sent[e.function])
		}
	}
}

// payloads are the names of what tasks send to each function, one line for each task.
func payloads(t *testing.T) map[string][]string {
	t.Helper()
	type task struct {
		Parameters struct {
			FunctionName string
			Payload      map[string]any
		}
		ItemProcessor struct{ States map[string]json.RawMessage }
	}
	var machine struct{ States map[string]json.RawMessage }
	if err := json.Unmarshal(statemachine.Export, &machine); err != nil {
		t.Fatal(err)
	}
	sent := map[string][]string{}
	var read func(states map[string]json.RawMessage)
	read = func(states map[string]json.RawMessage) {
		for name, text := range states {
			var s task
			if err := json.Unmarshal(text, &s); err != nil {
				continue // the Parameters of what is no task
			}
			if function := statemachine.Functions[strings.Trim(s.Parameters.FunctionName, "${}")]; function != "" {
				var fields []string
				for field := range s.Parameters.Payload {
					fields = append(fields, strings.TrimSuffix(field, ".$"))
				}
				slices.Sort(fields)
				sent[function] = append(sent[function], strings.Join(fields, " "))
			} else if s.Parameters.FunctionName != "" {
				t.Errorf("%s calls %s", name, s.Parameters.FunctionName)
			}
			read(s.ItemProcessor.States)
		}
	}
	read(machine.States)
	return sent
}

// routes are those that the description has.
func routes(t *testing.T) map[string]*covered {
	t.Helper()
	var description struct {
		Paths map[string]map[string]yaml.Node `yaml:"paths"`
	}
	plain, err := cfn.Included(exports.Template, openapi.Description, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(plain, &description); err != nil {
		t.Fatal(err)
	}
	all := map[string]*covered{}
	for path, methods := range description.Paths {
		for method := range methods {
			all[strings.ToUpper(method)+" "+path] = &covered{}
		}
	}
	if len(all) == 0 {
		t.Fatal("the description has no paths")
	}
	return all
}

// TestNoStrayReplies holds that every stored reply is of a fixture.
func TestNoStrayReplies(t *testing.T) {
	events := map[string]bool{}
	for _, e := range fixtureEvents(t) {
		events[e.replyFile()] = true
	}
	replies, err := filepath.Glob(filepath.Join(eventsDir, "replies", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range replies {
		if !events[file] {
			t.Errorf("%s is the reply of no fixture", file)
		}
	}
}
