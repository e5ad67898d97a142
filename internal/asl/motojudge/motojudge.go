// Package motojudge runs executions of state machines on moto, an interpreter of the states language that has nothing
// in common with ours, so that tests can compare the two. A Judge is one Python process for as many executions as a test
// binary has; the functions that an execution calls are the caller's, served to it on loopback. The package knows nothing
// of our interpreter.
package motojudge

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"time"
)

// Reply is what a Lambda function answers.
type Reply struct {
	Status  int // of Invoke; 0 means 200. With another one Payload is Lambda's own error, and Error its code.
	Error   string
	Failed  bool // the function ran and failed
	Payload []byte
}

// Function answers every call of an execution, by function name. It may be called from several goroutines.
type Function func(ctx context.Context, name string, payload []byte) Reply

// Case is one execution.
type Case struct {
	Definition json.RawMessage              `json:"definition"`
	Input      json.RawMessage              `json:"input"`
	Objects    map[string]map[string]string `json:"objects,omitempty"` // in S3 at the start, by bucket and key
	Function   Function                     `json:"-"`
}

// End is how an execution ended.
type End struct {
	Status string          `json:"status"` // SUCCEEDED, FAILED, TIMED_OUT; REFUSED for a definition, STUCK without an end
	Output json.RawMessage `json:"output"`
	Error  string          `json:"error"`
	Cause  string          `json:"cause"`
	Path   []string        `json:"path"` // states entered, in order, those inside of Map and Parallel states included
}

// ErrMissing is a machine without Python, or without a way to install moto.
var ErrMissing = errors.New("moto can't be had here")

// Judge is a running moto.
type Judge struct {
	mu      sync.Mutex // one execution at a time
	process *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
	said    *bytes.Buffer // what the process said on its way out
}

// maxAnswerBytes bounds one execution's end.
const maxAnswerBytes = 16 << 20

// Start starts moto by scripts/moto.sh, which may install it. Without Python or a network it fails with ErrMissing. The
// process ends with the one that started it.
func Start(ctx context.Context) (*Judge, error) {
	_, here, _, ok := runtime.Caller(0)
	if !ok {
		return nil, errors.New("the package's source is not here")
	}
	script := filepath.Join(filepath.Dir(here), "..", "..", "..", "scripts", "moto.sh")
	var said bytes.Buffer
	install := exec.CommandContext(ctx, script, "install")
	install.Stderr = &said
	if err := install.Run(); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrMissing, bytes.TrimSpace(said.Bytes()), err)
	}
	return start(exec.CommandContext(ctx, script, "judge"))
}

func start(process *exec.Cmd) (*Judge, error) {
	j := &Judge{process: process, said: &bytes.Buffer{}}
	process.Stderr = j.said
	process.WaitDelay = time.Second
	in, err := process.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	j.in, j.out = in, bufio.NewScanner(out)
	j.out.Buffer(nil, maxAnswerBytes)
	return j, process.Start()
}

// Run runs an execution to its end. Executions run one after the other.
func (j *Judge) Run(ctx context.Context, c Case) (End, error) {
	address, stop, err := serve(ctx, c.Function)
	if err != nil {
		return End{}, err
	}
	defer stop()
	line, err := json.Marshal(struct {
		Case
		Functions string `json:"functions"`
	}{c, address})
	if err != nil {
		return End{}, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.in.Write(append(line, '\n')); err != nil {
		return End{}, err
	}
	if !j.out.Scan() {
		// Only Wait makes what the process said safe to read.
		return End{}, errors.Join(j.out.Err(), j.process.Wait(), fmt.Errorf("moto broke off: %s", j.said))
	}
	var end End
	return end, json.Unmarshal(j.out.Bytes(), &end)
}

// serve is Lambda's Invoke on loopback.
func serve(ctx context.Context, f Function) (address string, stop func(), err error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /2015-03-31/functions/{name}/invocations", func(w http.ResponseWriter, r *http.Request) {
		payload, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "unreadable", http.StatusBadRequest)
			return
		}
		answer(w, f(r.Context(), r.PathValue("name"), payload))
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener) // ends when it is closed
	}()
	return "http://" + listener.Addr().String(), func() {
		_ = server.Close() // what is still open belongs to an execution that has ended
		<-served
	}, nil
}

func answer(w http.ResponseWriter, r Reply) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Requestid", "1") // moto names it in what it makes of Lambda's errors
	switch {
	case r.Error != "":
		w.Header().Set("X-Amzn-Errortype", r.Error)
	case r.Failed:
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		fallthrough
	default:
		w.Header().Set("X-Amz-Executed-Version", "$LATEST")
	}
	w.WriteHeader(max(r.Status, http.StatusOK))
	_, _ = w.Write(r.Payload) // a caller that is gone has ended its execution
}
