package localsfn_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/videovector/exports/internal/asl"
	"github.com/videovector/exports/internal/localsfn"
)

const machineARN = "arn:aws:states:eu-central-1:123456789012:stateMachine:exports"

// definition is one task, whose function the test plays.
const definition = `{"StartAt":"Work","TimeoutSeconds":%d,"States":{"Work":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke",
	"Parameters":{"FunctionName":"work","Payload.$":"$"},"ResultSelector":{"did.$":"$.Payload"},"End":true}}}`

// world is the HTTP API over the interpreter, and the AWS SDK that speaks to it.
type world struct {
	url    string
	client *sfn.Client
	engine *asl.Engine
	work   chan asl.Reply // what the function answers, call by call
	ends   chan asl.Execution
	log    bytes.Buffer
}

// Invoke implements asl.Invoker: it waits for the test's answer.
func (w *world) Invoke(ctx context.Context, _ string, _ []byte) (asl.Reply, error) {
	select {
	case r := <-w.work:
		return r, nil
	case <-ctx.Done():
		return asl.Reply{}, ctx.Err()
	}
}

func newWorld(t *testing.T, executions localsfn.Executions) *world {
	t.Helper()
	return newWorldWith(t, executions, 60)
}

// newWorldWith makes a world over the interpreter, or over other executions if there are any. An execution ends after
// that many seconds.
func newWorldWith(t *testing.T, executions localsfn.Executions, seconds int) *world {
	t.Helper()
	w := &world{work: make(chan asl.Reply), ends: make(chan asl.Execution, 100)}
	m, err := asl.Load(fmt.Appendf(nil, definition, seconds))
	if err != nil {
		t.Fatal(err)
	}
	w.engine = asl.NewEngine(asl.Config{
		Machine: m, ARN: machineARN, Functions: w, Journal: asl.NewMemoryJournal(), OnEnd: func(x asl.Execution) { w.ends <- x },
	})
	t.Cleanup(w.engine.Close)
	if executions == nil {
		executions = w.engine
	}
	var ids atomic.Int64
	server := httptest.NewServer(localsfn.Handler(localsfn.Config{
		Executions: executions, StateMachineARN: machineARN, NewID: func() string { return fmt.Sprintf("id-%d", ids.Add(1)) },
		Log: slog.New(slog.NewJSONHandler(&w.log, nil)),
	}))
	t.Cleanup(server.Close)
	w.url = server.URL
	w.client = sfn.New(sfn.Options{
		BaseEndpoint: &server.URL, Region: "eu-central-1", Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		Retryer: aws.NopRetryer{},
	})
	return w
}

func (w *world) start(t *testing.T, name, input string) (*sfn.StartExecutionOutput, error) {
	t.Helper()
	return w.client.StartExecution(t.Context(), &sfn.StartExecutionInput{
		StateMachineArn: aws.String(machineARN), Name: aws.String(name), Input: aws.String(input),
	})
}

func (w *world) mustStart(t *testing.T, name, input string) *sfn.StartExecutionOutput {
	t.Helper()
	out, err := w.start(t, name, input)
	if err != nil {
		t.Fatalf("starting %s: %v", name, err)
	}
	return out
}

// end lets the function answer once and gives the execution that ended.
func (w *world) end(t *testing.T, r asl.Reply) asl.Execution {
	t.Helper()
	w.work <- r
	return w.ended(t)
}

func (w *world) ended(t *testing.T) asl.Execution {
	t.Helper()
	select {
	case x := <-w.ends:
		return x
	case <-time.After(10 * time.Second):
		t.Fatal("no execution ended")
		return asl.Execution{}
	}
}

func done(payload string) asl.Reply { return asl.Reply{Payload: []byte(payload)} }

func broken(name, message string) asl.Reply {
	return asl.Reply{Payload: fmt.Appendf(nil, `{"errorMessage":%q,"errorType":%q}`, message, name), Failed: true}
}

// post sends a request of one's own making, and gives status, error type and message.
func (w *world) post(t *testing.T, method, target, body string) (status int, kind, message string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, w.url, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Amz-Target", target)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var reply struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	if err := json.NewDecoder(res.Body).Decode(&reply); err != nil {
		t.Fatal(err)
	}
	if res.Header.Get("X-Amzn-Requestid") == "" || res.Header.Get("Content-Type") != "application/x-amz-json-1.0" {
		t.Errorf("headers = %v", res.Header)
	}
	return res.StatusCode, reply.Type, reply.Message
}
