package samtest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/videovector/exports/internal/emulator"
	"github.com/videovector/exports/internal/localgw"
	"github.com/videovector/exports/internal/samlocal"
	"github.com/videovector/exports/internal/store/dynamostore/dynamolocal"
)

// root is the source tree's, and made the folder of what the tests make for each other.
var root, made string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if root, err = filepath.Abs("../.."); err == nil {
		made, err = os.MkdirTemp("", "samtest")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(made)
	defer func() { stopEngine() }()
	return m.Run()
}

// theEngine is one for all tests, with what ends it.
var (
	theEngine  engine
	stopEngine = func() {}
)

// script is a command of the project, run from the source tree.
func script(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	// Not the test's context, which ends before its cleanups: those end the script by its standard input.
	cmd := exec.CommandContext(context.Background(), filepath.Join(root, "scripts", name), args...)
	cmd.Dir = root
	return cmd
}

// built is the folder that sam build makes, for this machine's architecture. It is built once.
func built(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(made, "build")
	if _, err := os.Stat(filepath.Join(dir, "template.yaml")); err == nil {
		return dir
	}
	architecture, err := samlocal.Architecture()
	if err != nil {
		t.Fatal(err)
	}
	build := script(t, "sam.sh", "build", "--build-dir", dir, "--parameter-overrides", "Architecture="+architecture)
	out, err := emulator.Output(t, "SAM CLI", build)
	if err != nil {
		t.Fatalf("sam build: %v\n%s", err, out)
	}
	return dir
}

// engine is a container engine that has the image of functions.
type engine struct{ dockerHost, address string }

// startEngine gives the one engine of all tests. It ends with the test binary.
func startEngine(t *testing.T) engine {
	t.Helper()
	if theEngine != (engine{}) {
		return theEngine
	}
	lines, stop := emulator.Program(t, "container engine", script(t, "sam-image.sh", "run"), func(line string) bool {
		return strings.HasPrefix(line, "SAM_HOST_ADDRESS=")
	})
	stopEngine = stop
	for _, line := range lines {
		if v, ok := strings.CutPrefix(line, "DOCKER_HOST="); ok {
			theEngine.dockerHost = v
		}
		if v, ok := strings.CutPrefix(line, "SAM_HOST_ADDRESS="); ok {
			theEngine.address = v
		}
	}
	return theEngine
}

// world is a running `local world`.
type world struct {
	dir         string
	Environment map[string]string `json:"Parameters"`
}

// startWorld serves the fixture records at the address until the test ends.
func startWorld(t *testing.T, host string, flags ...string) world {
	t.Helper()
	program := filepath.Join(made, "local")
	if out, err := goBuild(t, program, "./cmd/local"); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	w := world{dir: filepath.Join(t.TempDir(), "world")}
	args := []string{"world", "-host", host, "-dynamodb-endpoint", dynamolocal.Start(t), "-build", built(t), "-out", w.dir}
	args = append(args, flags...)
	cmd := exec.CommandContext(context.Background(), program, args...)
	cmd.Dir = root
	_, stop := emulator.Program(t, "world", cmd, func(line string) bool { return strings.HasPrefix(line, "Serving") })
	t.Cleanup(stop)
	raw, err := os.ReadFile(filepath.Join(w.dir, samlocal.EnvironmentFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &w); err != nil {
		t.Fatal(err)
	}
	return w
}

// environ is what a function is given that runs on this machine as a process. Variables of the template that the world
// doesn't give have some value, as under the SAM CLI, and nothing streams, as there.
func (w world) environ(f localgw.Deployed) []string {
	values := map[string]string{"AWS_SAM_LOCAL": "true"}
	for _, name := range f.Variables {
		values[name] = "local"
	}
	for _, limit := range []string{"EXPORTS_AT_ONCE", "EXPORTS_WAITING", "CREATES_PER_MINUTE"} {
		values[limit] = "1000"
	}
	maps.Copy(values, w.Environment)
	values["SEAL_KEY_FILE"] = filepath.Join(w.dir, "world", "seal.key")
	var env []string
	for name, value := range values {
		env = append(env, name+"="+value)
	}
	return env
}

func goBuild(t *testing.T, program, pkg string) ([]byte, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", program, pkg)
	cmd.Dir = root
	return cmd.CombinedOutput()
}

// samLocal is `sam local` over the world, in the engine's containers.
func (w world) samLocal(t *testing.T, e engine, args ...string) *exec.Cmd {
	t.Helper()
	args = slices.Concat([]string{"local"}, args, []string{
		"--skip-pull-image", // samconfig.toml says so too, but is looked for beside the template
		"--template-file", filepath.Join(w.dir, samlocal.TemplateFile),
		"--env-vars", filepath.Join(w.dir, samlocal.EnvironmentFile),
	})
	cmd := script(t, "sam.sh", args...)
	cmd.Env = append(os.Environ(), "DOCKER_HOST="+e.dockerHost)
	return cmd
}

// serve starts a server on a free port of loopback until the test ends. What it says goes to the test's log if it fails.
func serve(t *testing.T, name string, command func(port string) *exec.Cmd) (endpoint string) {
	t.Helper()
	port := freePort(t)
	serveAt(t, name, port, command(port))
	return "http://127.0.0.1:" + port
}

func serveAt(t *testing.T, name, port string, cmd *exec.Cmd) {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(cmd.Environ(), "UNTIL_EOF=1")
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = input.Close() // one that has ended has no use for it
		_ = cmd.Wait()    // it was told to end
		if text, err := os.ReadFile(log.Name()); t.Failed() && err == nil {
			t.Logf("%s:\n%s", name, text[max(0, len(text)-8000):])
		}
		log.Close()
	})
	awaitPort(t, name, port)
}

// patience is what a part may take to start, or an export to end, on a machine that has much else to do.
const patience = 3 * time.Minute

func awaitPort(t *testing.T, name, port string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		conn, err := net.DialTimeout("tcp", "127.0.0.1:"+port, time.Second)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not answer: %v", name, err)
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}
