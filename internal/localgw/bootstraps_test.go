package localgw

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/emulator"
	"github.com/videovector/exports/internal/fault"
)

// patience is how long a test waits for what has to come.
const patience = 60 * time.Second

// startBootstraps runs every child as a function; change may alter the configuration.
func startBootstraps(t *testing.T, change func(*BootstrapsConfig)) (*Bootstraps, *emulator.Log) {
	t.Helper()
	log := &emulator.Log{}
	cfg := BootstrapsConfig{
		Functions: map[string]Bootstrap{}, Region: "eu-west-1", AccountID: "123456789012", NewID: rand.Text,
		Log: slog.New(slog.NewJSONHandler(log, nil)),
	}
	for name := range children {
		cfg.Functions[name] = Bootstrap{
			Program: self(t), Env: []string{childVariable + "=" + name, "TABLE_NAME=exports"}, Timeout: patience, MemoryMB: 512,
		}
	}
	if change != nil {
		change(&cfg)
	}
	b := NewBootstraps(cfg)
	t.Cleanup(func() { closeAll(t, b) })
	return b, log
}

func closeAll(t *testing.T, b *Bootstraps) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := b.Close(ctx); err != nil {
		t.Errorf("close: %v", err)
	}
}

func withTimeout(function string, d time.Duration) func(*BootstrapsConfig) {
	return func(cfg *BootstrapsConfig) {
		f := cfg.Functions[function]
		f.Timeout = d
		cfg.Functions[function] = f
	}
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func invoke(t *testing.T, i Invoker, function string, in task) Reply {
	t.Helper()
	r, err := i.Invoke(t.Context(), function, encode(t, in))
	if err != nil {
		t.Fatalf("%s %+v: %v", function, in, err)
	}
	return r
}

// invokeAlone is invoke, and a wait until the process is ready for more or gone: a reply comes before either.
func invokeAlone(t *testing.T, b *Bootstraps, function string, in task) Reply {
	t.Helper()
	r := invoke(t, b, function, in)
	for deadline := time.Now().Add(patience); len(b.pools[function].turns) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s has replied and is still at work", function)
		}
	}
	return r
}

// asWorker reads what worker saw.
func asWorker(t *testing.T, r Reply) seen {
	t.Helper()
	var s seen
	if err := json.Unmarshal(r.Payload, &s); err != nil || r.FunctionError != "" {
		t.Fatalf("reply = %s %s, %v", r.FunctionError, r.Payload, err)
	}
	return s
}

// failureOf reads {"errorType","errorMessage"}.
func failureOf(t *testing.T, r Reply) [2]string {
	t.Helper()
	var e struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}
	if err := json.Unmarshal(r.Payload, &e); err != nil || r.FunctionError != "Unhandled" {
		t.Fatalf("not a failure: %q %s, %v", r.FunctionError, r.Payload, err)
	}
	return [2]string{e.Type, e.Message}
}

// TestBothInvokersAnswerAlike holds a compiled function's replies against those of the same handler in this process.
func TestBothInvokersAnswerAlike(t *testing.T) {
	out, _ := startBootstraps(t, nil)
	in, err := NewInProcess(InProcessConfig{
		Functions: map[string]Function{"worker": {Handler: work}, "streamer": {Handler: streamOut}}, NewID: rand.Text, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		function string
		in       task
	}{
		{"worker", task{Do: "nothing"}},
		{"worker", task{Do: "bytes", Bytes: 100_000}},
		{"worker", task{Do: "bytes", Bytes: MaxReply + 1}},
		{"worker", task{Do: "fail"}},
		{"streamer", task{Bytes: 300_000}},
		{"streamer", task{Do: "fail"}},
		{"streamer", task{Do: "break", Bytes: 3}},
		{"streamer", task{Bytes: MaxReply}},
	} {
		got, want := invoke(t, out, c.function, c.in), invoke(t, in, c.function, c.in)
		if (got.Stream == nil) != (want.Stream == nil) || got.ContentType != want.ContentType {
			t.Errorf("%s %+v: stream %t of %q, want %t of %q", c.function, c.in, got.Stream != nil, got.ContentType, want.Stream != nil, want.ContentType)
		}
		got, want = got.Buffer(), want.Buffer()
		if got.FunctionError != want.FunctionError {
			t.Errorf("%s %+v: failed %q, want %q", c.function, c.in, got.FunctionError, want.FunctionError)
		} else if got.FunctionError != "" && failureOf(t, got) != failureOf(t, want) {
			t.Errorf("%s %+v: %s, want %s", c.function, c.in, got.Payload, want.Payload)
		} else if got.FunctionError == "" && !bytes.Equal(got.Payload, want.Payload) {
			t.Errorf("%s %+v: %d bytes, want %d", c.function, c.in, len(got.Payload), len(want.Payload))
		}
	}
}

func TestWhatAFunctionIsShown(t *testing.T) {
	t.Setenv("SECRET_OF_THE_USER", "x")
	b, _ := startBootstraps(t, withTimeout("worker", 20*time.Second))
	s := asWorker(t, invoke(t, b, "worker", task{}))
	if s.RequestID == "" || s.ARN != "arn:aws:lambda:eu-west-1:123456789012:function:worker" {
		t.Errorf("request %q of %q", s.RequestID, s.ARN)
	}
	if s.LimitMS < 10_000 || s.LimitMS > 20_000 {
		t.Errorf("%d ms to the deadline, want nearly 20,000", s.LimitMS)
	}
	if want := filepath.Dir(self(t)); s.Dir != want {
		t.Errorf("working directory %s, want %s", s.Dir, want)
	}
	env := map[string]string{}
	for _, e := range s.Env {
		name, value, _ := strings.Cut(e, "=")
		env[name] = value
	}
	for name, want := range map[string]string{
		"AWS_LAMBDA_FUNCTION_NAME": "worker", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
		"AWS_REGION": "eu-west-1", "TABLE_NAME": "exports", "PATH": os.Getenv("PATH"),
	} {
		if env[name] != want {
			t.Errorf("%s=%q, want %q", name, env[name], want)
		}
	}
	known := []string{
		childVariable, "TABLE_NAME", "PATH", "TMPDIR", "AWS_LAMBDA_RUNTIME_API", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
		"AWS_REGION", "AWS_DEFAULT_REGION", "LAMBDA_TASK_ROOT", "_HANDLER", "LANG", "TZ",
		"_X_AMZN_TRACE_ID", // set by the runtime itself, for each invocation
	}
	for name := range maps.Keys(env) {
		if !slices.Contains(known, name) {
			t.Errorf("the function sees %s", name)
		}
	}
}

// TestAProcessIsUsedAgain, after replies and after errors, one invocation at a time.
func TestAProcessIsUsedAgain(t *testing.T) {
	b, _ := startBootstraps(t, nil)
	first := asWorker(t, invokeAlone(t, b, "worker", task{}))
	invokeAlone(t, b, "worker", task{Do: "fail"})
	second := asWorker(t, invokeAlone(t, b, "worker", task{}))
	if first.PID != second.PID || first.RequestID == second.RequestID {
		t.Errorf("processes %d and %d, requests %q and %q", first.PID, second.PID, first.RequestID, second.RequestID)
	}
}

// TestAProcessThatEnds is replaced, and the invocation that it ended in is told how.
func TestAProcessThatEnds(t *testing.T) {
	b, log := startBootstraps(t, nil)
	for _, c := range []struct {
		in   task
		want [2]string // # stands for the request id
	}{
		{task{Do: "exit", Bytes: 3}, [2]string{"Runtime.ExitError", "RequestId: # Error: Runtime exited with error: exit status 3"}},
		{task{Do: "exit"}, [2]string{"Runtime.ExitError", "RequestId: # Error: Runtime exited without providing a reason"}},
		{task{Do: "be killed"}, [2]string{"Runtime.ExitError", "RequestId: # Error: Runtime exited with error: signal: killed"}},
		{task{Do: "panic with text"}, [2]string{"string", "out of coffee"}},
	} {
		before := asWorker(t, invokeAlone(t, b, "worker", task{}))
		got := failureOf(t, invokeAlone(t, b, "worker", c.in))
		after := asWorker(t, invokeAlone(t, b, "worker", task{}))
		if withoutID(got[1]) != c.want[1] || got[0] != c.want[0] {
			t.Errorf("%+v: %q, want %q", c.in, got, c.want)
		}
		if before.PID == after.PID || !gone(before.PID) {
			t.Errorf("%+v: process %d, then %d", c.in, before.PID, after.PID)
		}
	}
	if n := strings.Count(log.String(), `"msg":"function failed"`); n != 4 {
		t.Errorf("%d failures in the log, want 4:\n%s", n, log)
	}
}

// withoutID puts # for the id in "RequestId: id Error: …".
func withoutID(message string) string {
	head, rest, ok := strings.Cut(message, "RequestId: ")
	_, tail, _ := strings.Cut(rest, " ")
	if !ok {
		return message
	}
	return head + "RequestId: # " + tail
}

// gone reports whether no process has the id any more.
func gone(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

func TestAnIdleProcessThatEnded(t *testing.T) {
	b, _ := startBootstraps(t, nil)
	before := asWorker(t, invokeAlone(t, b, "worker", task{}))
	if err := syscall.Kill(before.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	pool := b.pools["worker"]
	idle := pool.unpark()
	select {
	case <-idle.done:
	case <-time.After(patience):
		t.Fatal("the killed process is still there")
	}
	pool.park(idle)
	if after := asWorker(t, invokeAlone(t, b, "worker", task{})); after.PID == before.PID {
		t.Errorf("process %d again", after.PID)
	}
}

func TestTimeLimit(t *testing.T) {
	b, _ := startBootstraps(t, func(cfg *BootstrapsConfig) {
		withTimeout("worker", 1500*time.Millisecond)(cfg)
		withTimeout("streamer", 1500*time.Millisecond)(cfg)
	})
	want := [2]string{"Sandbox.Timedout", "RequestId: # Error: Task timed out after 1.50 seconds"}
	got := failureOf(t, invoke(t, b, "worker", task{Do: "sleep"}))
	if got[1] = withoutID(got[1]); got != want {
		t.Errorf("failure = %q, want %q", got, want)
	}
	r := invoke(t, b, "streamer", task{Do: "sleep", Bytes: 1000})
	defer r.Stream.Close()
	raw, err := io.ReadAll(r.Stream)
	if err == nil || !bytes.HasSuffix(raw, []byte("aaa")) {
		t.Errorf("a stream that was late ended with %v after %d bytes", err, len(raw))
	}
	pool := b.pools["worker"]
	if s := pool.unpark(); s != nil {
		t.Error("the process that was late is kept")
	}
}

func TestStarts(t *testing.T) {
	b, log := startBootstraps(t, func(cfg *BootstrapsConfig) {
		withTimeout("hanging", time.Second)(cfg)
		cfg.StartLimit = 100 * time.Millisecond
		cfg.Functions["absent"] = Bootstrap{Program: filepath.Join(t.TempDir(), "bootstrap")}
	})
	for function, want := range map[string][2]string{
		"stillborn": {"Runtime.ExitError", "RequestId: # Error: Runtime exited with error: exit status 7"},
		"reporter":  {"Config.Missing", "TABLE_NAME is not set"},
		"hanging":   {"Sandbox.Timedout", "RequestId: # Error: Task timed out after 1.00 seconds"},
		"absent":    {"Runtime.InvalidEntrypoint", ""},
	} {
		got := failureOf(t, invoke(t, b, function, task{}))
		if got[1] = withoutID(got[1]); want[1] == "" {
			got[1] = ""
		}
		if got != want {
			t.Errorf("%s: %q, want %q", function, got, want)
		}
	}
	if !strings.Contains(log.String(), `"msg":"function output","function":"stillborn","output":"no configuration"`) {
		t.Errorf("what the function printed is not in the log:\n%s", log)
	}
}

func TestRuntimeProtocol(t *testing.T) {
	b, _ := startBootstraps(t, nil)
	if r := invokeAlone(t, b, "manual", task{}); string(r.Payload) != `"one"` {
		t.Errorf("first reply = %s %s", r.FunctionError, r.Payload)
	}
	want := "[200,403,400,400,403,202,403,403,404]"
	if r := invokeAlone(t, b, "manual", task{}); string(r.Payload) != want {
		t.Errorf("statuses = %s, want %s", r.Payload, want)
	}
}

// TestManyAtOnce: two processes at most, so the third invocation waits for one of them.
func TestManyAtOnce(t *testing.T) {
	b, _ := startBootstraps(t, func(cfg *BootstrapsConfig) { cfg.Processes = 2 })
	dir := t.TempDir()
	in := task{Do: "wait", Dir: dir, File: filepath.Join(dir, "go on")}
	pids := make(chan int)
	for range 3 {
		go func() {
			r, err := b.Invoke(context.Background(), "worker", encode(t, in))
			if err != nil {
				t.Error(err)
			}
			var s seen
			_ = json.Unmarshal(r.Payload, &s) // 0 is none of the expected
			pids <- s.PID
		}()
	}
	for deadline := time.Now().Add(patience); entered(t, dir) < 2; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no two invocations at once")
		}
	}
	time.Sleep(50 * time.Millisecond) // a third one would have the time to show
	if n := entered(t, dir); n != 2 {
		t.Errorf("%d invocations at once, want 2", n)
	}
	if err := os.WriteFile(in.File, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	distinct := map[int]int{}
	for range 3 {
		distinct[<-pids]++
	}
	if len(distinct) != 2 || distinct[0] != 0 {
		t.Errorf("invocations by process: %v, want three in two", distinct)
	}
}

// TestACallerThatLeaves doesn't stop the function.
func TestACallerThatLeaves(t *testing.T) {
	b, _ := startBootstraps(t, nil)
	dir := t.TempDir()
	ctx, leave := context.WithCancel(t.Context())
	in := task{Do: "wait", Dir: dir, File: filepath.Join(dir, "go on")}
	left := make(chan error)
	go func() {
		_, err := b.Invoke(ctx, "worker", encode(t, in))
		left <- err
	}()
	for deadline := time.Now().Add(patience); entered(t, dir) < 1; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the invocation doesn't begin")
		}
	}
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v", err)
	}
	if err := os.WriteFile(in.File, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	waitIdle(t, b, "worker")
}

// waitIdle waits until a process of the function is parked: its invocation has ended.
func waitIdle(t *testing.T, b *Bootstraps, function string) {
	t.Helper()
	p := b.pools[function]
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		p.mu.Lock()
		n := len(p.idle)
		p.mu.Unlock()
		if n > 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the invocation doesn't end")
		}
	}
}

// TestAReaderThatLeaves doesn't stop a stream: the function writes to its end.
func TestAReaderThatLeaves(t *testing.T) {
	b, _ := startBootstraps(t, nil)
	file := filepath.Join(t.TempDir(), "written")
	r := invoke(t, b, "streamer", task{Do: "leave a file", File: file, Bytes: 20 << 20})
	if _, err := io.ReadFull(r.Stream, make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	if err := r.Stream.Close(); err != nil {
		t.Fatal(err)
	}
	waitIdle(t, b, "streamer")
	if _, err := os.Stat(file); err != nil {
		t.Errorf("the function did not write to the end: %v", err)
	}
}

// TestStreamsFlow: what was written is there before the function ends.
func TestStreamsFlow(t *testing.T) {
	b, _ := startBootstraps(t, nil)
	r := invoke(t, b, "streamer", task{Do: "sleep", Bytes: 3})
	defer r.Stream.Close()
	want := `{"statusCode":418,"headers":{"Content-Type":"text/plain"}}` + strings.Repeat("\x00", 8) + "aaa"
	got := make([]byte, len(want))
	if _, err := io.ReadFull(r.Stream, got); err != nil || r.ContentType != streamingType {
		t.Fatal(r.ContentType, err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("stream (-want +got):\n%s", diff)
	}
}

func TestStreamsThatBreak(t *testing.T) {
	b, _ := startBootstraps(t, nil)
	for _, do := range []string{"break", "exit"} {
		r := invoke(t, b, "streamer", task{Do: do, Bytes: 100_000})
		if r.Stream == nil { // its end was seen before its beginning
			if r.FunctionError == "" {
				t.Errorf("%s: no stream, and no failure", do)
			}
			continue
		}
		raw, err := io.ReadAll(r.Stream)
		if err == nil {
			t.Errorf("%s: a stream of %d bytes ends well", do, len(raw))
		}
		_ = r.Stream.Close()
	}
}

func TestInvokeRefuses(t *testing.T) {
	b, _ := startBootstraps(t, nil)
	if _, err := b.Invoke(t.Context(), "nobody", nil); !fault.Is(err, fault.NotFound) {
		t.Errorf("an unknown function: %v", err)
	}
	if _, err := b.Invoke(t.Context(), "worker", make([]byte, MaxPayload+1)); !fault.Is(err, fault.TooLarge) {
		t.Errorf("too large a payload: %v", err)
	}
	closeAll(t, b)
	if _, err := b.Invoke(t.Context(), "worker", nil); !fault.Is(err, fault.Unavailable) {
		t.Errorf("after Close: %v", err)
	}
}

// TestClose ends idle processes and busy ones; the invocation under way is told that it was not run to its end.
func TestClose(t *testing.T) {
	b, _ := startBootstraps(t, nil)
	idle := asWorker(t, invoke(t, b, "worker", task{}))
	dir := t.TempDir()
	in := task{Do: "wait", Dir: dir, File: filepath.Join(dir, "never")}
	failed := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := b.Invoke(context.Background(), "worker", encode(t, in))
			failed <- err
		}()
	}
	for deadline := time.Now().Add(patience); entered(t, dir) < 2; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the invocations don't begin")
		}
	}
	closeAll(t, b)
	for range 2 {
		if err := <-failed; !fault.Is(err, fault.Unavailable) {
			t.Errorf("error = %v", err)
		}
	}
	if !gone(idle.PID) {
		t.Errorf("process %d is left", idle.PID)
	}
}
