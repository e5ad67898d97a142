package dependencies

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/licensecheck"

	"github.com/videovector/exports/internal/docblock"
)

var update = flag.Bool("update", false, "write docs/dependencies.md anew")

const document = "../../docs/dependencies.md"

// free are the licences, by SPDX identifier, that ask no more of whoever passes a program on than to pass on their text.
var free = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT"}

// programs are what is built: a name for the document, the packages whose main it is, and the licences that it takes.
var programs = []struct {
	name, packages string
	taken          []string
}{
	{"functions", "./functions/...", free},
	{"vvx", "./cmd/vvx", free},
	// MPL-2.0 asks for the source of changed files, and none is changed. It comes with the embedded S3.
	{"local", "./cmd/local", append([]string{"MPL-2.0"}, free...)},
}

// module is a module as go list tells it.
type module struct {
	Path, Version, Dir string
	Main               bool
	Replace            *module
}

// use is a module, and the programs that it is linked into.
type use struct {
	module
	in []string
}

func TestDocument(t *testing.T) {
	uses := linked(t)
	rows := [][]string{{"Module", "Version", "Licence", "In"}}
	for _, path := range slices.Sorted(maps.Keys(uses)) {
		u := uses[path]
		found := licences(t, u.Dir)
		for _, p := range programs {
			for _, l := range found {
				if slices.Contains(u.in, p.name) && !slices.Contains(p.taken, l) {
					t.Errorf("%s, in %s, is under %s, which is not among %v", u.Path, p.name, l, p.taken)
				}
			}
		}
		rows = append(rows, []string{"`" + u.Path + "`", u.Version, strings.Join(found, ", "), strings.Join(u.in, ", ")})
	}
	docblock.Check(t, document, map[string]string{"modules": docblock.Table(rows)}, *update)
}

// TestNothingIsReplaced: a replaced module is not the one that its name and checksum speak of.
func TestNothingIsReplaced(t *testing.T) {
	for path, u := range linked(t) {
		if u.Replace != nil {
			t.Errorf("%s is replaced by %s %s", path, u.Replace.Path, u.Replace.Version)
		}
	}
}

// TestOthersProgramsArePinned: whatever scripts run of others' is named with its version.
func TestOthersProgramsArePinned(t *testing.T) {
	version := regexp.MustCompile(`go (?:run|install) "?([\w./-]+@[\w.$]+)`)
	files, err := filepath.Glob("../../scripts/*.sh")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d scripts, %v", len(files), err)
	}
	seen := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range version.FindAllStringSubmatch(string(text), -1) {
			seen++
			if _, v, _ := strings.Cut(m[1], "@"); !pinned(string(text), v) {
				t.Errorf("%s runs %s, which is another program tomorrow", filepath.Base(file), m[1])
			}
		}
	}
	if seen == 0 {
		t.Error("no script runs a Go program of others: is the pattern misspelt?")
	}
}

// TestWorkflowsArePinned: an action is named by its commit, which cannot be moved as a tag can, with the tag beside it.
func TestWorkflowsArePinned(t *testing.T) {
	uses := regexp.MustCompile(`(?m)^\s*(?:-\s*)?uses:\s*(.+)$`)
	byCommit := regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	files, err := filepath.Glob("../../.github/workflows/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d workflows, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range uses.FindAllStringSubmatch(string(text), -1) {
			if !byCommit.MatchString(m[1]) {
				t.Errorf("%s uses %s; want OWNER/NAME@COMMIT # vTAG", filepath.Base(file), m[1])
			}
		}
		if !bytes.Contains(text, []byte("\npermissions:\n")) {
			t.Errorf("%s does not say what its token may do", filepath.Base(file))
		}
	}
}

// pinned reports whether the version is one, or a variable that the script sets to one.
func pinned(script, version string) bool {
	_, variable, isVariable := strings.Cut(version, "$")
	if !isVariable {
		return regexp.MustCompile(`^v\d+\.\d+\.\d+$`).MatchString(version)
	}
	return regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(variable) + `=v?\d+\.\d+\.\d+$`).MatchString(script)
}

// linked are the modules of every program, as they are built for deployment, without this one.
func linked(t *testing.T) map[string]*use {
	t.Helper()
	found := make(map[string]*use)
	for _, p := range programs {
		for _, m := range modules(t, p.packages) {
			if found[m.Path] == nil {
				found[m.Path] = &use{module: m}
			}
			if u := found[m.Path]; !slices.Contains(u.in, p.name) {
				u.in = append(u.in, p.name)
			}
		}
	}
	return found
}

func modules(t *testing.T, packages string) []module {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-tags", "lambda.norpc", "-json=Module", packages)
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []module
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct{ Module *module }
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		if p.Module != nil && !p.Module.Main {
			all = append(all, *p.Module)
		}
	}
}

// licences are those of the licence files at a module's root, each once.
func licences(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, e := range entries {
		if !licenceFile.MatchString(e.Name()) || e.IsDir() {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range licensecheck.Scan(text).Match {
			found = append(found, m.ID)
		}
	}
	slices.Sort(found)
	found = slices.Compact(found)
	if len(found) == 0 {
		t.Errorf("%s has no licence that could be told", dir)
	}
	return found
}

var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying)(\.(txt|md))?$`)
