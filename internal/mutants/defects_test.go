package main

import (
	"flag"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
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

var update = flag.Bool("update", false, "write the list of defects into docs/reliability.md")

// TestDocs: docs/reliability.md lists the defects that there are.
func TestDocs(t *testing.T) {
	const page, begin, end = "../../docs/reliability.md", "<!-- defects: go test ./internal/mutants -update -->\n", "<!-- end -->\n"
	all, err := loadDefects("defects")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no place for the list", page)
	}
	list := fmt.Sprintf("There are %d of them:\n\n| Defect | Seen by |\n| --- | --- |\n", len(all))
	for _, d := range all {
		seen := strings.ReplaceAll("go test "+d.test, "|", `\|`)
		list += fmt.Sprintf("| %s | `%s` |\n", d.what, seen)
	}
	want := before + begin + list + end + after
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(text) {
		t.Errorf("%s doesn't list the defects as they are; go test ./internal/mutants -update writes it anew", page)
	}
}
