package metrics

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// makers are the functions of internal/fault that take a code, and which argument it is.
var makers = map[string]int{"New": 1, "Newf": 1, "Wrap": 2}

// beneath are the packages that steps work with.
var beneath = []string{"artifact", "blob", "connector", "export", "seal", "steps", "store"}

// TestReasonsAreTheCodes: the values of the dimension are the codes that the source of the steps and of what they work
// with holds, and those that stand for failures which have none.
func TestReasonsAreTheCodes(t *testing.T) {
	found := map[string]bool{ReasonTimeout: true, ReasonPlatform: true, ReasonSilent: true, ReasonOther: true, "internal_error": true}
	for _, folder := range beneath {
		err := filepath.WalkDir(filepath.Join("..", folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || ofTests(path) {
				return err
			}
			return codes(path, found)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(found)), Reasons); diff != "" {
		t.Errorf("reasons (-source +listed):\n%s", diff)
	}
}

// ofTests reports whether the file serves tests: conntest, memblob and the like.
func ofTests(path string) bool {
	return strings.Contains(path, "test")
}

// codes notes every literal code of the file. One that isn't literal comes from a failure made elsewhere.
func codes(path string, found map[string]bool) error {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		return err
	}
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		s, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		at, made := makers[s.Sel.Name]
		if id, ok := s.X.(*ast.Ident); !ok || id.Name != "fault" || !made || len(call.Args) <= at {
			return true
		}
		if lit, ok := call.Args[at].(*ast.BasicLit); ok {
			if code, err := strconv.Unquote(lit.Value); err == nil {
				found[code] = true
			}
		}
		return true
	})
	return nil
}

func TestBounded(t *testing.T) {
	for reason, want := range map[string]string{
		"results_missing": "results_missing", ReasonSilent: ReasonSilent, "": ReasonOther, "made_up": ReasonOther, "exp_1": ReasonOther,
	} {
		if got := bounded(reason); got != want {
			t.Errorf("%q counts as %q, want %q", reason, got, want)
		}
	}
}
