package localsfn_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/videovector/exports/internal/asl"
	"github.com/videovector/exports/internal/localsfn"
)

func (w *world) describe(t *testing.T, name string) *sfn.DescribeExecutionOutput {
	t.Helper()
	out, err := w.client.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: aws.String(localsfn.ExecutionARN(machineARN, name))})
	if err != nil {
		t.Fatalf("describing %s: %v", name, err)
	}
	return out
}

func TestDescribe(t *testing.T) {
	w := newWorld(t, nil)
	started := w.mustStart(t, "exp_1-g1", input)
	d := w.describe(t, "exp_1-g1")
	if d.Status != types.ExecutionStatusRunning || *d.Name != "exp_1-g1" || *d.Input != input || d.Output != nil || d.StopDate != nil ||
		*d.StateMachineArn != machineARN || *d.ExecutionArn != *started.ExecutionArn || !d.StartDate.Equal(*started.StartDate) {
		t.Errorf("while it runs: %+v", d)
	}
	w.end(t, done(`"well"`))
	d = w.describe(t, "exp_1-g1")
	if d.Status != types.ExecutionStatusSucceeded || *d.Output != `{"did":"well"}` || d.StopDate == nil || d.StopDate.Before(*d.StartDate) || d.Error != nil {
		t.Errorf("after its end: %+v", d)
	}
	w.mustStart(t, "exp_1-g2", input)
	w.end(t, broken("Export.Permanent", "No such bucket."))
	d = w.describe(t, "exp_1-g2")
	if d.Status != types.ExecutionStatusFailed || *d.Error != "Export.Permanent" || !strings.Contains(*d.Cause, "No such bucket.") || d.Output != nil {
		t.Errorf("after its failure: %+v", d)
	}
}

func TestDescribeRefuses(t *testing.T) {
	w := newWorld(t, nil)
	w.mustStart(t, "exp_1-g1", input)
	for _, arn := range []string{
		localsfn.ExecutionARN(machineARN, "exp_1-g2"), localsfn.ExecutionARN(machineARN, ""), localsfn.ExecutionARN(machineARN, "../exp_1-g1"),
		localsfn.ExecutionARN(machineARN, "exp_1-g1\n"), localsfn.ExecutionARN(machineARN+"2", "exp_1-g1"), machineARN, "arn:",
	} {
		_, err := w.client.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &arn})
		var missing *types.ExecutionDoesNotExist
		if !errors.As(err, &missing) {
			t.Errorf("%q: %v, want ExecutionDoesNotExist", arn, err)
		}
	}
	_, err := w.client.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: aws.String("exp_1-g1")})
	var invalid *types.InvalidArn
	if !errors.As(err, &invalid) {
		t.Errorf("a name for an ARN: %v, want InvalidArn", err)
	}
}

// TestRequests are requests that no SDK makes.
func TestRequests(t *testing.T) {
	w := newWorld(t, nil)
	const start = "AWSStepFunctions.StartExecution"
	for name, c := range map[string]struct {
		method, target, body string
		status               int
		kind                 string
	}{
		"another operation":      {"POST", "AWSStepFunctions.StopExecution", "{}", 400, "UnknownOperationException"},
		"another service":        {"POST", "DynamoDB_20120810.PutItem", "{}", 400, "UnknownOperationException"},
		"no operation":           {"POST", "", "{}", 400, "UnknownOperationException"},
		"not a POST":             {"PUT", start, "{}", 400, "UnknownOperationException"},
		"no body":                {"POST", start, "", 400, "SerializationException"},
		"no JSON":                {"POST", start, "name=x", 400, "SerializationException"},
		"a list":                 {"POST", start, "[]", 400, "SerializationException"},
		"a name of another type": {"POST", start, `{"stateMachineArn":"` + machineARN + `","name":5}`, 400, "SerializationException"},
		"two names":              {"POST", start, `{"stateMachineArn":"` + machineARN + `","name":"a","name":"b"}`, 400, "SerializationException"},
		"something after it":     {"POST", start, `{"stateMachineArn":"` + machineARN + `"} {}`, 400, "SerializationException"},
		"no machine":             {"POST", start, `{}`, 400, "InvalidArn"},
		"more than fits":         {"POST", start, `{"input":"` + strings.Repeat("x", 8*262_144) + `"}`, 413, "RequestEntityTooLargeException"},
		"two ARNs":               {"POST", "AWSStepFunctions.DescribeExecution", `{"executionArn":"a","executionArn":"b"}`, 400, "SerializationException"},
	} {
		t.Run(name, func(t *testing.T) {
			if status, kind, _ := w.post(t, c.method, c.target, c.body); status != c.status || kind != c.kind {
				t.Errorf("answer = %d %s, want %d %s", status, kind, c.status, c.kind)
			}
		})
	}
	status, kind, _ := w.post(t, "POST", start, `{"stateMachineArn":"`+machineARN+`","name":"x","traceHeader":"Root=1"}`)
	if status != 200 || kind != "" {
		t.Errorf("a member that is not used: %d %s", status, kind)
	}
}

// faulty is an interpreter in trouble.
type faulty struct{ start, describe error }

func (f faulty) Start(context.Context, string, json.RawMessage) error { return f.start }

func (f faulty) Describe(string) (asl.Execution, error) { return asl.Execution{}, f.describe }

// TestTrouble: a failure of the interpreter is one of ours. The caller learns no more; the log does.
func TestTrouble(t *testing.T) {
	full := errors.New("the disk of /srv/secret is full")
	for name, executions := range map[string]faulty{
		"it can't start": {start: full}, "it can't say that it has": {describe: full}, "it lost what it started": {describe: asl.ErrNoExecution},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, executions)
			status, kind, message := w.post(t, "POST", "AWSStepFunctions.StartExecution", `{"stateMachineArn":"`+machineARN+`","name":"x"}`)
			if status != 500 || kind != "InternalServerException" || message != "Internal server error" {
				t.Errorf("answer = %d %s %q", status, kind, message)
			}
			if _, err := w.start(t, "x", "{}"); err == nil {
				t.Error("the SDK sees no error")
			}
			if log := w.log.String(); !strings.Contains(log, "request_id") || executions.start != nil && !strings.Contains(log, full.Error()) {
				t.Errorf("the log is %q", log)
			}
		})
	}
}
