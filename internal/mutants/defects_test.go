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
