package failpoint_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/failpoint/trial"
)

// program is one that passes places, built with failpoints or without.
func program(t *testing.T, flags ...string) string {
	t.Helper()
	self := filepath.Join(t.TempDir(), "walker", "walker")
	build(t, self, "./internal/failpoint/testdata/walker", flags...)
	return self
}

func build(t *testing.T, out, pkg string, flags ...string) {
	t.Helper()
	cmd := exec.Command("go", append(append([]string{"build", "-o", out}, flags...), pkg)...)
	cmd.Dir = filepath.Join("..", "..")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, text)
	}
}

// walk runs the program, which says what it has passed, and says how it ended.
func walk(t *testing.T, program string) (said string, killed bool) {
	t.Helper()
	cmd := exec.Command(program)
	out, err := cmd.Output()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	return strings.Join(strings.Fields(string(out)), " "), ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// TestKills: a process dies at the passage that is armed, once, and the next kill is armed after it.
func TestKills(t *testing.T) {
	self := program(t, "-tags", "failpoints")
	if said, killed := walk(t, self); killed || said != "first second first third" {
		t.Errorf("where nobody controls it, it said %q, killed: %t", said, killed)
	}
	control, err := trial.Make(filepath.Dir(filepath.Dir(self)))
	if err != nil {
		t.Fatal(err)
	}
	if err := control.Arm(
		trial.Armed{Place: "walk.first", Passage: 2, Victim: trial.Process},
		trial.Armed{Place: "walk.second", Passage: 1, Victim: trial.Process},
	); err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		said   string
		killed bool
	}{{"first second first", true}, {"first second", true}, {"first second first third", false}} {
		if said, killed := walk(t, self); said != want.said || killed != want.killed {
			t.Errorf("it said %q, killed: %t; want %+v", said, killed, want)
		}
	}
	killed, err := control.Killed()
	want := []trial.Passage{{Place: "walk.first", Program: "walker"}, {Place: "walk.second", Program: "walker"}}
	if diff := cmp.Diff(want, killed); err != nil || diff != "" {
		t.Errorf("killed, want -, got +: %v\n%s", err, diff)
	}
	if passed, err := control.Passed(); err != nil || len(passed) != 3+2+4 {
		t.Errorf("it passed %v, %v", passed, err)
	}
}

// TestClock: it is as far ahead as it was moved.
func TestClock(t *testing.T) {
	self := program(t, "-tags", "failpoints")
	control, err := trial.Make(filepath.Dir(filepath.Dir(self)))
	if err != nil {
		t.Fatal(err)
	}
	if err := control.Move(90 * time.Minute); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(self, "clock").Output()
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.Parse(time.RFC3339Nano, strings.TrimSpace(string(out)))
	if ahead := time.Until(at); err != nil || ahead < 89*time.Minute || ahead > 90*time.Minute {
		t.Errorf("its clock is %s ahead (%v)", ahead, err)
	}
}

var here = regexp.MustCompile(`failpoint\.Here\("([^"]*)"\)`)

// TestReleasesHaveNone: what is built without the tag holds neither the package nor the name of a place. The same search
// finds them in what is built with it.
func TestReleasesHaveNone(t *testing.T) {
	names := append(placesIn(t, "internal/steps", "internal/connector"), "internal/failpoint")
	if len(names) < 20 {
		t.Fatalf("the steps have the places %v", names)
	}
	for tags, holds := range map[string]bool{"lambda.norpc": false, "lambda.norpc,failpoints": true} {
		bootstrap := filepath.Join(t.TempDir(), "bootstrap")
		build(t, bootstrap, "./functions/deliver", "-trimpath", "-ldflags=-s -w -buildid=", "-tags", tags)
		text, err := os.ReadFile(bootstrap)
		if err != nil {
			t.Fatal(err)
		}
		found := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !bytes.Contains(text, []byte(name)) })
		if len(found) > 1 != holds || !holds && len(found) > 0 {
			t.Errorf("built with the tags %s it holds %q", tags, found)
		}
	}
}

// placesIn are the names of the places of packages.
func placesIn(t *testing.T, packages ...string) (names []string) {
	t.Helper()
	for _, dir := range packages {
		files, err := filepath.Glob(filepath.Join("..", "..", dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, found := range here.FindAllStringSubmatch(string(text), -1) {
				names = append(names, found[1])
			}
		}
	}
	return names
}
