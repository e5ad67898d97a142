package main

import (
	"flag"
	"fmt"
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/videovector/exports/internal/docblock"
)

// TestDefectsApply: each defect still finds what it is to spoil, and leaves Go behind. Whether it is caught is for
// `make mutants`.
func TestDefectsApply(t *testing.T) {
	all, err := loadDefects("defects")
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 11 {
		t.Errorf("there are %d defects", len(all))
	}
	for _, d := range all {
		spoilt, err := d.plant("../..")
		if err != nil {
			t.Error(err)
		}
		for path, text := range spoilt {
			if _, err := parser.ParseFile(token.NewFileSet(), path, text, parser.SkipObjectResolution); err != nil {
				t.Errorf("%s: %v", d.name, err)
			}
		}
	}
}

func TestParseDefectRefuses(t *testing.T) {
	const change = "+++ a.go\n@@\n-a\n+b\n"
	for name, text := range map[string]string{
		"nothing":            "",
		"no test":            "It is wrong.\n" + change,
		"no change":          "It is wrong.\ntest: ./...\n",
		"a file, no hunk":    "It is wrong.\ntest: ./...\n+++ a.go\n",
		"a hunk, no file":    "It is wrong.\ntest: ./...\n@@\n-a\n",
		"a line of no kind":  "It is wrong.\ntest: ./...\n" + change + "*c\n",
		"lines before hunks": "It is wrong.\ntest: ./...\n+++ a.go\n-a\n",
	} {
		if d, err := parseDefect("x", text); err == nil {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

// TestJudge: a defect is caught by the test that it names, and by that test's own failure.
func TestJudge(t *testing.T) {
	planted, none := []change{{}}, []change(nil)
	for name, c := range map[string]struct {
		files  []change
		output string
		ok     bool
		want   verdict
	}{
		"it fails":                   {planted, "=== RUN   TestA\n--- FAIL: TestA (0.01s)\n    --- FAIL: TestA/b (0.00s)\nFAIL\n", false, seen},
		"it panics":                  {planted, "--- FAIL: TestA (0.00s)\npanic: boom [recovered, repanicked]\n", false, seen},
		"it passes":                  {planted, "--- PASS: TestA (0.01s)\nok\n", true, escaped},
		"another one fails":          {planted, "--- PASS: TestA (0.00s)\n--- FAIL: TestBA (0.01s)\nFAIL\n", false, unclear},
		"it goes on for too long":    {planted, "=== RUN   TestA\npanic: test timed out after 8m0s\n", false, unclear},
		"it does, after a failure":   {planted, "--- FAIL: TestA (0.01s)\npanic: test timed out after 8m0s\n", false, unclear},
		"its process dies":           {planted, "=== RUN   TestA\nfatal error: all goroutines are asleep - deadlock!\n", false, unclear},
		"it doesn't compile":         {planted, "FAIL\tx [build failed]\n", false, broken},
		"it isn't there":             {planted, "testing: warning: no tests to run\nok\n", true, broken},
		"it is skipped":              {planted, "--- SKIP: TestA (0.00s)\nok\n", true, skipped},
		"it fails without a defect":  {none, "--- FAIL: TestA (0.01s)\n", false, broken},
		"it passes without a defect": {none, "--- PASS: TestA (0.01s)\n", true, sound},
	} {
		d := defect{test: "./x -run ^TestA$/^b$ -seeds 3", files: c.files}
		if got := d.judge(c.output, c.ok); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if d := (defect{test: "./x", files: planted}); d.judge("--- FAIL: TestB (0.01s)\n", false) != seen {
		t.Error("who names no test takes any")
	}
}

var update = flag.Bool("update", false, "write the list of defects into docs/reliability.md")

// TestDocs: docs/reliability.md lists the defects that there are.
func TestDocs(t *testing.T) {
	all, err := loadDefects("defects")
	if err != nil {
		t.Fatal(err)
	}
	rows := [][]string{{"Defect", "Seen by"}}
	for _, d := range all {
		rows = append(rows, []string{d.what, "`" + strings.ReplaceAll("go test "+d.test, "|", `\|`) + "`"})
	}
	list := fmt.Sprintf("There are %d of them:\n\n", len(all)) + docblock.Table(rows)
	docblock.Check(t, "../../docs/reliability.md", map[string]string{"defects": list}, *update)
}
