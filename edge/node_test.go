package edge

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// here is this folder: the embedded S3 changes the working directory.
var here, _ = filepath.Abs(".")

// function is a function of code/ that runs in Node.js.
type function struct {
	mu      sync.Mutex
	in      io.Writer
	last    int
	waiting map[int]chan reply // nil once Node.js has ended
}

type reply struct {
	ID     int             `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  string          `json:"error"`
}

// nodeJS is the program that runs the functions of the edge.
func nodeJS(t *testing.T) string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil && os.Getenv("CI") != "true" {
		t.Skip("no Node.js here, which runs the functions of the edge")
	}
	if err != nil {
		t.Fatal(err)
	}
	return node
}

// startFunction runs the module until the test ends. Its https calls trust the authority in the file besides others.
func startFunction(t *testing.T, module, authority string) *function {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), nodeJS(t), filepath.Join(here, "testdata/runtime.mjs"), module)
	cmd.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+authority)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	f := &function{in: in, waiting: map[int]chan reply{}}
	ended := make(chan struct{})
	go func() { defer close(ended); f.read(out) }()
	t.Cleanup(func() {
		_ = in.Close() // its input's end ends it
		<-ended
		_ = cmd.Wait() // killed by the test's end or ended by itself: nothing hangs on which
	})
	return f
}

// read hands replies to those who wait for them, and an end to the rest.
func (f *function) read(out io.Reader) {
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadBytes('\n')
		var r reply
		if err != nil || json.Unmarshal(line, &r) != nil {
			break
		}
		f.mu.Lock()
		f.waiting[r.ID] <- r
		delete(f.waiting, r.ID)
		f.mu.Unlock()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.waiting {
		close(c)
	}
	f.waiting = nil
}

var errEnded = errors.New("Node.js ended")

// begin sends the event, and gives where its reply will come.
func (f *function) begin(event any) (<-chan reply, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.waiting == nil {
		return nil, errEnded
	}
	f.last++
	line, err := json.Marshal(map[string]any{"id": f.last, "event": event})
	if err != nil {
		return nil, err
	}
	c := make(chan reply, 1)
	f.waiting[f.last] = c
	_, err = f.in.Write(append(line, '\n'))
	return c, err
}

// call invokes the function.
func (f *function) call(event any) (json.RawMessage, error) {
	c, err := f.begin(event)
	if err != nil {
		return nil, err
	}
	r, ok := <-c
	if !ok {
		return nil, errEnded
	}
	if r.Error != "" {
		return nil, errors.New(r.Error)
	}
	return r.Result, nil
}
