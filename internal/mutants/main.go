// Command mutants shows that the tests can fail: it plants one defect after the other, and runs the test that must see it.
// The sources stay as they are; the compiler is shown the spoilt file in their place. Go's build cache keeps what was
// compiled, so that a second run is quicker.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// patience is how long one test may take. One that doesn't end by then has seen nothing.
const patience = 8 * time.Minute

func main() {
	only := flag.String("run", "", "plant only defects whose names hold this")
	atOnce := flag.Int("p", runtime.GOMAXPROCS(0), "how many tests run at once")
	passed := flag.Bool("passed", false, "every test has just passed over the code as it is, so don't run those without a defect")
	flag.Parse()
	if err := run(context.Background(), *only, *passed, *atOnce); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, only string, passed bool, atOnce int) error {
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	all, err := loadDefects(filepath.Join(root, "internal/mutants/defects"))
	if err != nil {
		return err
	}
	for _, d := range all { // one that doesn't apply is told before minutes have passed
		if _, err := d.plant(root); err != nil {
			return err
		}
	}
	all = slices.DeleteFunc(all, func(d defect) bool { return !strings.Contains(d.name, only) })
	results := trials(ctx, root, all, passed, atOnce)
	caught := 0
	for _, r := range results {
		if r.verdict == seen {
			caught++
		}
	}
	fmt.Printf("caught %d of %d\n", caught, len(all))
	for _, r := range results {
		if r.verdict == broken || r.verdict == escaped || r.verdict == unclear {
			err = errors.Join(err, fmt.Errorf("%s: %s\n%s", r.name, r.verdict, r.output))
		}
	}
	return err
}

// verdict is what came of one trial.
type verdict string

const (
	seen    verdict = "caught"
	escaped verdict = "ESCAPED"                         // the test passed
	unclear verdict = "UNCLEAR"                         // it neither passed nor failed: it went on for too long, or its process died
	broken  verdict = "could not be tried"              // the spoilt code doesn't compile, or the test fails without it
	skipped verdict = "skipped, a part is missing here" // with CI=true the test fails
	sound   verdict = "passes as it should"
)

// result is one trial of a defect, or, without a defect, of a test over the code as it is.
type result struct {
	name, what string
	verdict
	output string
	took   time.Duration
}

// trials runs every test over the code as it is, which must pass, unless it has, and over every defect.
func trials(ctx context.Context, root string, all []defect, passed bool, atOnce int) []result {
	var todo []defect
	for _, d := range all {
		if !passed && !slices.ContainsFunc(todo, func(s defect) bool { return s.test == d.test }) {
			todo = append(todo, defect{name: "no defect", what: "go test " + d.test, test: d.test})
		}
	}
	todo = append(todo, all...)
	results := make([]result, len(todo))
	slots := make(chan struct{}, max(1, atOnce))
	var wg sync.WaitGroup
	for i, d := range todo {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			results[i] = try(ctx, root, d)
			fmt.Printf("%-18s %s: %s (%.1f s)\n", results[i].verdict, d.name, d.what, results[i].took.Seconds())
		})
	}
	wg.Wait()
	return results
}

// try runs a defect's test, over the defect if it has one.
func try(ctx context.Context, root string, d defect) result {
	began := time.Now()
	output, ok, err := test(ctx, root, d)
	r := result{name: d.name, what: d.what, verdict: d.judge(output, ok), output: tail(output), took: time.Since(began)}
	if err != nil {
		r.verdict, r.output = broken, err.Error()
	}
	return r
}

// judge says what came of a test, by what it has printed and whether it passed. A defect is caught only if the test itself has
// failed: one that doesn't compile, isn't there, or doesn't end, has not looked.
func (d defect) judge(output string, ok bool) verdict {
	says := func(s string) bool { return strings.Contains(output, s) }
	planted := len(d.files) > 0
	switch {
	case says("[build failed]"), says("[setup failed]"), says("no tests to run"), !planted && !ok:
		return broken
	case ok && says("--- SKIP: "):
		return skipped
	case !planted:
		return sound
	case ok:
		return escaped
	case says("panic: test timed out"), !d.failedIn(output):
		return unclear
	}
	return seen
}

var failure = regexp.MustCompile(`(?m)^--- FAIL: (\w+)`)

// failedIn reports whether a test that the defect names has failed.
func (d defect) failedIn(output string) bool {
	_, names, _ := strings.Cut(d.test, " -run ")
	names, _, _ = strings.Cut(names, " ")
	names, _, _ = strings.Cut(names, "/") // what follows is of tests inside it
	named, err := regexp.Compile(names)
	return err == nil && slices.ContainsFunc(failure.FindAllStringSubmatch(output, -1), func(f []string) bool { return named.MatchString(f[1]) })
}

// test runs go test with the defect in place, and reports whether it passed. That the spoilt code compiles is seen before:
// programs that a test builds are none of its binary.
func test(ctx context.Context, root string, d defect) (output string, ok bool, err error) {
	folder, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return "", false, err
	}
	defer os.RemoveAll(folder)
	overlay, err := d.overlay(root, folder)
	if err != nil {
		return "", false, err
	}
	tool := func(args ...string) ([]byte, error) {
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "GOFLAGS="+strings.TrimSpace(os.Getenv("GOFLAGS")+" -overlay="+overlay)) // programs that the test builds are spoilt, too
		return cmd.CombinedOutput()
	}
	for _, c := range d.files {
		if raw, err := tool("build", "-o", os.DevNull, "./"+filepath.Dir(c.path)); err != nil {
			return "", false, fmt.Errorf("%w\n%s", err, raw)
		}
	}
	args := []string{"test", "-count=1", "-vet=off", "-v", "-timeout", patience.String()}
	raw, err := tool(append(args, strings.Fields(d.test)...)...)
	var exit *exec.ExitError
	if err == nil || errors.As(err, &exit) {
		return string(raw), err == nil, nil
	}
	return "", false, err
}

// overlay writes the spoilt files and the list that shows the compiler where they are.
func (d defect) overlay(root, folder string) (path string, err error) {
	spoilt, err := d.plant(root)
	if err != nil {
		return "", err
	}
	list := struct{ Replace map[string]string }{map[string]string{}}
	for path, text := range spoilt {
		at := filepath.Join(folder, fmt.Sprintf("%d.go", len(list.Replace)))
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			return "", err
		}
		list.Replace[filepath.Join(root, path)] = at
	}
	raw, err := json.Marshal(list)
	if err != nil {
		return "", err
	}
	path = filepath.Join(folder, "overlay.json")
	return path, os.WriteFile(path, raw, 0o600)
}

// tail is the last lines of an output.
func tail(text string) string {
	const most = 4000
	return text[max(0, len(text)-most):]
}

func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	return strings.TrimSpace(string(out)), err
}
