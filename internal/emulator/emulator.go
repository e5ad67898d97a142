// Package emulator gives tests the emulators of clouds and of databases, and the other programs, that the project's
// scripts install and run.
package emulator

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Emulator is one that a script of the project installs and runs: SCRIPT install, and SCRIPT run PORT ARGS…. All tests
// of a test binary share its one process, so each takes buckets of its own.
type Emulator struct {
	Name   string
	Script string   // its name below scripts/
	Args   []string // after the port

	once     sync.Once
	endpoint string
	input    io.Closer // a pipe that nobody writes to; it ends with the test binary, and with it the emulator
	err      error
}

// missingPart is the exit status of a script when it lacks something of the machine.
const missingPart = 3

// missing names the part of the machine without which there is no emulator.
type missing string

func (m missing) Error() string { return string(m) }

// Start gives the emulator's base URL on a free loopback port. Where its parts are missing the test is skipped and says
// so; with CI=true it fails instead.
func (e *Emulator) Start(t testing.TB) (endpoint string) {
	t.Helper()
	e.once.Do(func() { e.err = e.start(context.Background()) }) // it outlives the test that is first
	skipMissing(t, e.Name, e.err)
	if e.err != nil {
		t.Fatalf("%s: %v", e.Name, e.err)
	}
	return e.endpoint
}

// Own is Start for an emulator of the test's own, which ends with the test.
func (e *Emulator) Own(t testing.TB) (endpoint string) {
	t.Helper()
	own := &Emulator{Name: e.Name, Script: e.Script, Args: e.Args}
	endpoint = own.Start(t)
	t.Cleanup(func() { _ = own.input.Close() }) // it has ended by itself if that fails
	return endpoint
}

// Output runs a script of the project that uses the part of that name and ends by itself, and gives all that it prints.
// Where the part is missing the test is skipped, as Start does.
func Output(t testing.TB, name string, cmd *exec.Cmd) ([]byte, error) {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		skipMissing(t, name, failure(err, out))
	}
	return out, err
}

// skipMissing skips the test if a part of the machine is missing; with CI=true nothing is skipped.
func skipMissing(t testing.TB, name string, err error) {
	t.Helper()
	var m missing
	if errors.As(err, &m) && os.Getenv("CI") != "true" {
		t.Skipf("no %s here: %v", name, m)
	}
}

func (e *Emulator) start(ctx context.Context) error {
	_, here, _, ok := runtime.Caller(0)
	if !ok {
		return errors.New("the package's source is not here")
	}
	script := filepath.Join(filepath.Dir(here), "..", "..", "scripts", e.Script)
	if _, err := exec.LookPath("bash"); err != nil {
		return missing("bash is missing")
	}
	if out, err := exec.CommandContext(ctx, script, "install").CombinedOutput(); err != nil {
		return failure(err, out)
	}
	port, err := freePort(ctx)
	if err != nil {
		return err
	}
	return e.run(exec.CommandContext(ctx, script, append([]string{"run", strconv.Itoa(port)}, e.Args...)...))
}

// run starts the emulator and waits for its address.
func (e *Emulator) run(cmd *exec.Cmd) error {
	lines, input, err := start(cmd, func(line string) bool {
		return strings.HasPrefix(line, "http") && strings.Contains(line, "://127.0.0.1:")
	})
	if err == nil {
		e.endpoint, e.input = lines[len(lines)-1], input
	}
	return err
}

// Program starts a script of the project that runs until its standard input ends, and waits for the line of its output
// that ready holds for. It gives the lines up to that one, and what ends the script; it ends with the test binary at the
// latest. Where the part of that name is missing the test is skipped, as Start does.
func Program(t testing.TB, name string, cmd *exec.Cmd, ready func(line string) bool) (lines []string, stop func()) {
	t.Helper()
	lines, input, err := start(cmd, ready)
	skipMissing(t, name, err)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return lines, func() {
		_ = input.Close() // a script that has ended by itself has no use for its end
		_ = cmd.Wait()    // how it ended says nothing: it was told to
	}
}

func start(cmd *exec.Cmd, ready func(line string) bool) (said []string, input io.Closer, err error) {
	cmd.Env = append(cmd.Environ(), "UNTIL_EOF=1")
	var log bytes.Buffer
	cmd.Stderr = &log
	if input, err = cmd.StdinPipe(); err != nil {
		return nil, nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said = append(said, lines.Text())
		if ready(lines.Text()) {
			go io.Copy(io.Discard, out) //nolint:errcheck // it lasts as long as the program
			return said, input, nil
		}
	}
	return nil, nil, failure(cmd.Wait(), log.Bytes())
}

func failure(err error, out []byte) error {
	text := strings.TrimSpace(string(out))
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == missingPart {
		return missing(text)
	}
	return fmt.Errorf("%w: %s", err, text)
}

// freePort is a loopback port that nobody has just now.
func freePort(ctx context.Context) (int, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
