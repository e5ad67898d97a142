package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// every calls f for each command that a user can run.
func every(root *cobra.Command, f func(*cobra.Command)) {
	for _, c := range root.Commands() {
		every(c, f)
	}
	f(root)
}

// TestDocsNameEverything holds docs/cli.md against the commands: what there is stands there, and nothing else.
func TestDocsNameEverything(t *testing.T) {
	raw, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	docs := string(raw)
	known := map[string]bool{"vvx completion": true}
	a := &app{getenv: func(string) string { return "" }}
	every(a.root(), func(c *cobra.Command) {
		known[c.CommandPath()] = true
		if !c.HasSubCommands() && !strings.Contains(docs, "`"+c.CommandPath()) {
			t.Errorf("docs/cli.md says nothing of `%s`", c.CommandPath())
		}
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name != "help" && !strings.Contains(docs, "`--"+f.Name) {
				t.Errorf("docs/cli.md says nothing of --%s of %s", f.Name, c.CommandPath())
			}
		})
	})
	for line := range strings.Lines(docs) {
		if _, command, ok := strings.Cut(line, "| `vvx "); ok {
			if path := "vvx " + lowercase(command); !known[path] {
				t.Errorf("docs/cli.md describes %q, which isn't there", path)
			}
		}
	}
	for _, code := range []int{exitOK, exitFailed, exitUsage, exitNotFound, exitRefused, exitInterrupted} {
		if !strings.Contains(docs, fmt.Sprintf("| %d |", code)) || !strings.Contains(a.root().Long, fmt.Sprintf("%d ", code)) {
			t.Errorf("exit code %d is not documented", code)
		}
	}
	for _, name := range []string{urlVariable, keyVariable, secretVariable, defaultBaseURL} {
		if !strings.Contains(docs, name) {
			t.Errorf("docs/cli.md says nothing of %s", name)
		}
	}
}

// lowercase is the words of a command up to the first that is no name of one.
func lowercase(command string) string {
	var words []string
	for w := range strings.FieldsSeq(strings.Trim(command, "`")) {
		w, last := strings.CutSuffix(w, "`")
		if strings.Trim(w, "abcdefghijklmnopqrstuvwxyz-0123456789") != "" || strings.HasPrefix(w, "-") {
			break
		}
		if words = append(words, w); last {
			break
		}
	}
	return strings.Join(words, " ")
}

// TestHelp is there for every command, with an example and without a bug of its making.
func TestHelp(t *testing.T) {
	var paths [][]string
	a := &app{getenv: func(string) string { return "" }}
	every(a.root(), func(c *cobra.Command) {
		paths = append(paths, append(strings.Fields(c.CommandPath())[1:], "--help"))
		if c.Example == "" || c.Short == "" {
			t.Errorf("%s has no example or no description", c.CommandPath())
		}
	})
	for _, args := range paths {
		var out, failures bytes.Buffer
		a := &app{in: &bytes.Buffer{}, out: &out, err: &failures, getenv: func(string) string { return "" }}
		if code := a.run(t.Context(), args); code != exitOK || !strings.Contains(out.String(), "Examples:") || failures.Len() > 0 {
			t.Errorf("%v ended with %d:\n%s%s", args, code, out.String(), failures.String())
		}
	}
}
