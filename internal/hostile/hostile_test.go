package hostile

import (
	"flag"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/videovector/exports/internal/docblock"
)

var update = flag.Bool("update", false, "write the table of fuzz targets anew")

const (
	root     = "../.."
	document = root + "/docs/reliability.md"
)

// TestFuzzTargets: the table holds every target, in the order of packages, and what its comment says of it.
func TestFuzzTargets(t *testing.T) {
	var rows [][]string
	for file, f := range tests(t) {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || !strings.HasPrefix(fn.Name.Name, "Fuzz") {
				continue
			}
			says := new(doc.Package).Synopsis(fn.Doc.Text())
			says = strings.TrimLeft(strings.TrimPrefix(says, fn.Name.Name), ": ")
			if says == "" {
				t.Errorf("%s: %s does not say what it holds", file, fn.Name.Name)
			}
			rows = append(rows, []string{"`" + filepath.ToSlash(filepath.Dir(file)) + "`", "`" + fn.Name.Name + "`", strings.TrimSuffix(says, ".")})
		}
	}
	slices.SortFunc(rows, slices.Compare)
	docblock.Check(t, document, map[string]string{"fuzz": docblock.Table(append([][]string{{"Package", "Target", "What it holds"}}, rows...))}, *update)
}

// TestLimits: each limit has a test, and it stands where the table says.
func TestLimits(t *testing.T) {
	table := limits(t)
	held := regexp.MustCompile("(?m)^\\| .* \\| `([\\w./-]+)`(?: `(\\w+)`)? \\|$")
	rows := held.FindAllStringSubmatch(table, -1)
	if lines := strings.Count(table, "\n"); len(rows) == 0 || len(rows) != lines-2 {
		t.Fatalf("%d of %d lines name a test", len(rows), lines-2)
	}
	for _, r := range rows {
		text, err := os.ReadFile(filepath.Join(root, r[1]))
		if err != nil {
			t.Error(err)
			continue
		}
		if r[2] != "" && !strings.Contains(string(text), "\nfunc "+r[2]+"(") {
			t.Errorf("%s has no %s", r[1], r[2])
		}
	}
}

// limits is the table of limits as it stands in the document.
func limits(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(text), "<!-- limits -->\n")
	table, _, ended := strings.Cut(after, "<!-- end -->")
	if !found || !ended {
		t.Fatalf("%s has no table of limits", document)
	}
	return table
}

// tests are the project's test files that have fuzz targets, by their paths.
func tests(t *testing.T) map[string]*ast.File {
	t.Helper()
	return parsed(t, func(path string, text []byte) bool {
		return strings.HasSuffix(path, "_test.go") && strings.Contains(string(text), "\nfunc Fuzz")
	})
}

// parsed are the Go files of the project that are wanted, by their paths.
func parsed(t *testing.T, wanted func(path string, text []byte) bool) map[string]*ast.File {
	t.Helper()
	found := map[string]*ast.File{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			if name := d.Name(); path != root && strings.HasPrefix(name, ".") || name == "build" || name == "testdata" {
				return filepath.SkipDir
			}
			return nil
		case !strings.HasSuffix(path, ".go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil || !wanted(path, text) {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ParseComments)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		found[filepath.ToSlash(name)] = file
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
