package localgw

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// childVariable makes the test binary a function's bootstrap: its value says which.
const childVariable = "LOCALGW_TEST_BOOTSTRAP"

func TestMain(m *testing.M) {
	if name := os.Getenv(childVariable); name != "" {
		children[name]()
		return
	}
	os.Exit(m.Run())
}

// children are the bootstraps.
var children = map[string]func(){
	"worker":   func() { lambda.Start(work) },
	"streamer": func() { lambda.Start(streamOut) },
	"stillborn": func() {
		fmt.Println("no configuration")
		os.Exit(7)
	},
	"hanging":  func() { time.Sleep(time.Hour) },
	"reporter": reportStart,
	"manual":   speakByHand,
}

// task is what a test asks of worker and streamer.
type task struct {
	Do    string `json:"do"`
	File  string `json:"file,omitempty"`
	Dir   string `json:"dir,omitempty"`
	Bytes int    `json:"bytes,omitempty"`
}

// seen is what worker answers: how it was called.
type seen struct {
	PID       int      `json:"pid"`
	RequestID string   `json:"request_id"`
	ARN       string   `json:"arn"`
	LimitMS   int64    `json:"limit_ms"` // from now to the deadline
	Env       []string `json:"env"`
	Dir       string   `json:"dir"`
}

type namedError struct{ text string }

func (e *namedError) Error() string { return e.text }

// work does what the task says. It serves in this process too, where the task doesn't end the process.
func work(ctx context.Context, in task) (any, error) {
	if f, ok := failures[in.Do]; ok {
		return f()
	}
	switch in.Do {
	case "nothing":
		return nil, nil
	case "exit":
		os.Exit(in.Bytes)
	case "be killed":
		return nil, syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "sleep":
		time.Sleep(time.Hour)
	case "bytes":
		return strings.Repeat("x", in.Bytes), nil
	case "wait":
		return seen{PID: os.Getpid()}, waitFor(in)
	}
	return observe(ctx), nil
}

func observe(ctx context.Context) seen {
	s := seen{PID: os.Getpid(), Env: os.Environ()}
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		s.RequestID, s.ARN = lc.AwsRequestID, lc.InvokedFunctionArn
	}
	if deadline, ok := ctx.Deadline(); ok {
		s.LimitMS = time.Until(deadline).Milliseconds()
	}
	s.Dir, _ = os.Getwd()
	return s
}

// waitFor leaves a file of its own in the folder and waits until the task's file is there.
func waitFor(in task) error {
	f, err := os.CreateTemp(in.Dir, "entered")
	if err != nil {
		return err
	}
	defer f.Close()
	for {
		if _, err := os.Stat(in.File); err == nil {
			return nil
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// streamOut streams letters, and then what the task says.
func streamOut(_ context.Context, in task) (*events.APIGatewayProxyStreamingResponse, error) {
	if in.Do == "fail" {
		return nil, messages.InvokeResponse_Error{Type: "Export.Unavailable", Message: "Not now."}
	}
	return &events.APIGatewayProxyStreamingResponse{
		StatusCode: http.StatusTeapot, Headers: map[string]string{"Content-Type": "text/plain"}, Body: &letters{in: in, left: in.Bytes},
	}, nil
}

// letters is a body of n times the letter a that ends as the task says.
type letters struct {
	in   task
	left int
}

func (l *letters) Read(p []byte) (int, error) {
	if l.left == 0 {
		return 0, l.end()
	}
	n := copy(p, bytes.Repeat([]byte("a"), min(l.left, len(p))))
	l.left -= n
	return n, nil
}

func (l *letters) end() error {
	switch l.in.Do {
	case "break":
		return errors.New("the disk is gone")
	case "exit":
		os.Exit(1)
	case "sleep":
		time.Sleep(time.Hour)
	case "leave a file":
		if err := os.WriteFile(l.in.File, nil, 0o600); err != nil {
			return err
		}
	}
	return io.EOF
}

// runtimeURL is an address of the Runtime API.
func runtimeURL(path string) string {
	return "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/" + path
}

// post sends a body and gives the status.
func post(path, body string) int {
	res, err := http.Post(runtimeURL(path), "application/json", strings.NewReader(body))
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	return res.StatusCode
}

// reportStart says why it can't start, and ends.
func reportStart() {
	post("init/error", `{"errorType":"Config.Missing","errorMessage":"TABLE_NAME is not set"}`)
	os.Exit(1)
}

// speakByHand breaks every rule of the protocol in its first invocation; the second is answered with the statuses.
func speakByHand() {
	next := func() (string, int) {
		res, err := http.Get(runtimeURL("invocation/next"))
		if err != nil {
			os.Exit(1)
		}
		defer res.Body.Close()
		return res.Header.Get(requestIDHeader), res.StatusCode
	}
	id, first := next()
	_, early := next()
	statuses := []int{
		first, early,
		post("invocation/another/response", "{}"), post("invocation/another/error", "{}"), post("init/error", "{}"),
		post("invocation/"+id+"/response", `"one"`),
		post("invocation/"+id+"/response", `"two"`), post("invocation/"+id+"/error", "{}"),
		post("nowhere", ""),
	}
	id, _ = next()
	post("invocation/"+id+"/response", strings.ReplaceAll(fmt.Sprint(statuses), " ", ","))
	next()
}

// self is this test binary.
func self(t *testing.T) string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// entered lists what waitFor left.
func entered(t *testing.T, dir string) int {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "entered*"))
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}
