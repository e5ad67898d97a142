package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

const testKey = "sk_test_0123456789abcdef0123456789abcdef0123456789abcdef"

// programs are the command under test and the local service, built once for all tests of the package, with the race
// detector if the tests have it.
var programs struct{ vvx, local string }

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "vve-vvx-test")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	for name, to := range map[string]*string{"local": &programs.local, "vvx": &programs.vvx} {
		*to = filepath.Join(dir, name)
		if out, err := exec.Command("go", "build", fmt.Sprintf("-race=%t", raceDetector), "-o", *to, "../"+name).CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "building %s: %v\n%s", name, err, out)
			return 1
		}
	}
	return m.Run()
}

// shell is a folder in which a user calls vvx, and the user's environment.
type shell struct {
	t     *testing.T
	dir   string
	env   []string
	stdin string
}

// newShell is a user who has named an API and a key; an empty URL names neither.
func newShell(t *testing.T, baseURL string) *shell {
	t.Helper()
	s := &shell{t: t, dir: t.TempDir()}
	if baseURL != "" {
		s.env = []string{urlVariable + "=" + baseURL, keyVariable + "=" + testKey}
	}
	return s
}

// outcome is what a user sees of a command.
type outcome struct {
	code     int
	out, err string
}

// quickEnd keeps a program with the race detector from waiting a second at its end.
const quickEnd = "GORACE=atexit_sleep_ms=0"

func (s *shell) command(args ...string) (cmd *exec.Cmd, out, err *bytes.Buffer) {
	cmd, out, err = exec.Command(programs.vvx, args...), &bytes.Buffer{}, &bytes.Buffer{}
	cmd.Dir, cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = s.dir, append([]string{"HOME=" + s.dir, quickEnd}, s.env...), strings.NewReader(s.stdin), out, err
	return cmd, out, err
}

// vvx calls the command and waits for its end. No output may ever hold the key.
func (s *shell) vvx(args ...string) outcome {
	s.t.Helper()
	cmd, out, err := s.command(args...)
	return s.ended(cmd, cmd.Run(), out, err)
}

// ended is what was seen of a command that has ended.
func (s *shell) ended(cmd *exec.Cmd, failure error, out, err *bytes.Buffer) outcome {
	s.t.Helper()
	var exit *exec.ExitError
	if failure != nil && !errors.As(failure, &exit) {
		s.t.Fatal(failure)
	}
	o := outcome{cmd.ProcessState.ExitCode(), out.String(), err.String()}
	if strings.Contains(o.out+o.err, testKey) {
		s.t.Errorf("%v shows the key:\n%s%s", cmd.Args[1:], o.out, o.err)
	}
	if strings.Contains(o.err, "DATA RACE") {
		s.t.Errorf("%v has a data race:\n%s", cmd.Args[1:], o.err)
	}
	return o
}

// want calls the command and fails the test unless it ends with the code.
func (s *shell) want(code int, args ...string) outcome {
	s.t.Helper()
	o := s.vvx(args...)
	if o.code != code {
		s.t.Fatalf("vvx %s ended with %d, want %d\nout: %s\nerr: %s", strings.Join(args, " "), o.code, code, o.out, o.err)
	}
	return o
}

// file writes a file of the user's and gives its path.
func (s *shell) file(name, content string) string {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// files lists the user's folder.
func (s *shell) files() (names []string) {
	s.t.Helper()
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// values are the JSON values on standard output, each on a line of its own.
func (o outcome) values(t *testing.T) (all []map[string]any) {
	t.Helper()
	for line := range strings.Lines(o.out) {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("a line of output is not JSON: %q", line)
		}
		all = append(all, v)
	}
	return all
}

// request is what the API saw.
type request struct {
	method, path string // with the query
	header       http.Header
	body         string
}

// api is a server that answers "METHOD /path" below /api/v2 as it is told to, in turn; the last answer stays.
type api struct {
	*httptest.Server

	mu      sync.Mutex
	answers map[string][]http.HandlerFunc
	seen    []request
}

func newAPI(t *testing.T) *api {
	t.Helper()
	a := &api{answers: map[string][]http.HandlerFunc{}}
	a.Server = httptest.NewServer(http.HandlerFunc(a.serve))
	t.Cleanup(a.Close)
	return a
}

func (a *api) base() string { return a.URL + "/api/v2" }

func (a *api) on(route string, answers ...http.HandlerFunc) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answers[route] = answers
}

func (a *api) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // what is missing shows in the test
	a.mu.Lock()
	path := strings.TrimPrefix(r.URL.RequestURI(), "/api/v2")
	a.seen = append(a.seen, request{r.Method, path, r.Header.Clone(), string(body)})
	route := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/api/v2")
	answers := a.answers[route]
	if len(answers) > 1 {
		a.answers[route] = answers[1:]
	}
	a.mu.Unlock()
	switch {
	case r.Header.Get("X-API-Key") != testKey:
		fails(401, "authentication_invalid_api_key")(w, r)
	case len(answers) == 0:
		fails(404, "route_not_found")(w, r)
	default:
		answers[0](w, r)
	}
}

func (a *api) requests() []request {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.seen)
}

// sends answers with a body, a status and headers in pairs.
func sends(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// fails answers with the API's error body.
func fails(status int, code string, header ...string) http.HandlerFunc {
	return sends(status, fmt.Sprintf(`{"error":{"code":%q,"message":"It is so.","details":{"fields":{"limit":"is too large"}},"request_id":"req-1"}}`, code), header...)
}

// exportJSON is an export object as the API sends it, with members set over those of a completed download.
func exportJSON(id string, over map[string]any) string {
	e := map[string]any{
		"export_id": id, "target_id": "idx_1", "export_type": "index", "status": "completed", "queue_status": "succeeded",
		"attempts": 1, "max_attempts": 3, "created_at": "2026-03-02T09:30:00.000Z", "download_url": "/api/v2/exports/" + id + "/download",
		"file_size_bytes": 1234, "error_message": nil, "destination_type": "download", "gcs_uri": "s3://bucket/" + id + ".json",
		"result_scope": "all", "counts": map[string]any{"results": 7}, "new_field": "kept",
	}
	for k, v := range over {
		e[k] = v
	}
	raw, err := json.Marshal(e)
	if err != nil {
		panic(err) // the test's own values
	}
	return string(raw)
}
