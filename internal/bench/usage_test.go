package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A benchmark measures by starting itself; here that is the test's own program.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == measureMode || os.Args[1] == copyMode) {
		if err := run(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func TestMeasureTellsTheCommandAlone(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("peaks are told in KiB on Linux only")
	}
	ballast := make([]byte, 200<<20)
	for i := 0; i < len(ballast); i += 4096 {
		ballast[i] = 1
	}
	out := filepath.Join(t.TempDir(), "out")
	u, err := measure(t.Context(), command{args: []string{"sh", "-c", "echo $GREETING"}, env: []string{"GREETING=hello"}, stdout: out})
	if err != nil {
		t.Fatal(err)
	}
	runtime.KeepAlive(ballast)
	if text, err := os.ReadFile(out); string(text) != "hello\n" {
		t.Errorf("the command's output is %q, %v", text, err)
	}
	if u.PeakKiB == 0 || u.peakMiB() > 64 {
		t.Errorf("a shell's peak is %.1f MiB: whoever started it is counted", u.peakMiB())
	}
	if u.Wall <= 0 || u.CPU > u.Wall*2 {
		t.Errorf("a shell took %v of the processor within %v", u.CPU, u.Wall)
	}
}

func TestMeasureReportsFailure(t *testing.T) {
	if _, err := measure(t.Context(), command{args: []string{"sh", "-c", "echo sorry >&2; exit 3"}}); err == nil {
		t.Error("a command that fails is measured as if it hadn't")
	}
}

func TestCopied(t *testing.T) {
	folder := t.TempDir()
	a, b, out := filepath.Join(folder, "a"), filepath.Join(folder, "b"), filepath.Join(folder, "out")
	for name, text := range map[string]string{a: "first\n", b: "second\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := copied([]string{out, a, b}); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(out); string(text) != "first\nsecond\n" {
		t.Errorf("the copy is %q, %v", text, err)
	}
}

func TestStartsOfWhatNeverAsks(t *testing.T) {
	program, err := exec.LookPath("true")
	if err != nil {
		t.Skip("there is no program true")
	}
	function := filepath.Join(t.TempDir(), "read-export")
	if err := os.Mkdir(function, 0o700); err != nil {
		t.Fatal(err)
	}
	function = filepath.Join(function, "bootstrap")
	if err := os.Symlink(program, function); err != nil {
		t.Fatal(err)
	}
	if _, err := startsOf(t.Context(), function); err == nil || !strings.Contains(err.Error(), "before it asked") {
		t.Errorf("a program that ends without asking for work: %v", err)
	}
}

func TestEveryFunctionHasItsVariables(t *testing.T) {
	sources, err := filepath.Glob("../../functions/*/main.go")
	if err != nil || len(sources) == 0 {
		t.Fatalf("%d functions, %v", len(sources), err)
	}
	for _, s := range sources {
		if _, err := functionEnv("127.0.0.1:1", filepath.Base(filepath.Dir(s))); err != nil {
			t.Error(err)
		}
	}
}
