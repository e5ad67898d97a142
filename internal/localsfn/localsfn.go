// Package localsfn is the part of the Step Functions HTTP API that a program needs to start executions: StartExecution
// and DescribeExecution, in the JSON protocol of the AWS SDKs, over one state machine of the local interpreter; and the
// event by which EventBridge tells of an execution's end. It checks no signature, so it is to be served on loopback only.
package localsfn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf8"

	strictjson "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/videovector/exports/internal/asl"
)

// Executions is the interpreter. Start fails with asl.ErrExecutionExists or asl.ErrBadName, Describe with
// asl.ErrNoExecution.
type Executions interface {
	Start(ctx context.Context, name string, input json.RawMessage) error
	Describe(name string) (asl.Execution, error)
}

// Config is what a Handler needs.
type Config struct {
	Executions      Executions
	StateMachineARN string        // the one machine that there is
	NewID           func() string // names of executions that are started without one, and request ids
	Log             *slog.Logger
}

// maxInput is Step Functions' limit on an execution's input, in bytes; maxRequest holds such an input in quotes.
const (
	maxInput   = 262_144
	maxRequest = 8 * maxInput
)

// Handler makes the HTTP API.
func Handler(cfg Config) http.Handler { return &handler{cfg} }

type handler struct{ cfg Config }

// problem is a refusal as the SDKs read it.
type problem struct {
	status  int
	kind    string
	message string
}

func refusal(kind, format string, args ...any) *problem {
	return &problem{http.StatusBadRequest, kind, fmt.Sprintf(format, args...)}
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := h.cfg.NewID()
	w.Header().Set("X-Amzn-Requestid", id)
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	out, p := h.operate(r)
	if p == nil {
		h.write(w, http.StatusOK, out)
		return
	}
	if p.status >= http.StatusInternalServerError {
		h.cfg.Log.ErrorContext(r.Context(), "step functions request failed", "request_id", id, "error", p.message)
		p.message = "Internal server error"
	}
	h.write(w, p.status, map[string]string{"__type": p.kind, "message": p.message})
}

func (h *handler) write(w http.ResponseWriter, status int, v any) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a caller that hung up has no use for it
}

// operate carries one request out.
func (h *handler) operate(r *http.Request) (any, *problem) {
	operation, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "AWSStepFunctions.")
	if r.Method != http.MethodPost || !ok {
		return nil, refusal("UnknownOperationException", "")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest+1))
	if err != nil {
		return nil, refusal("SerializationException", "The request broke off.")
	}
	switch operation {
	case "StartExecution":
		return h.start(r.Context(), body)
	case "DescribeExecution":
		return h.describe(body)
	}
	return nil, refusal("UnknownOperationException", "")
}

// decode reads a request; members that this API doesn't use are ignored.
func decode(body []byte, v any) *problem {
	if len(body) > maxRequest {
		return &problem{http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", "The request is too large."}
	}
	if err := strictjson.Unmarshal(body, v); err != nil {
		return refusal("SerializationException", "The request is not the JSON that the operation takes.")
	}
	return nil
}

// internal is a failure that is not the caller's.
func internal(err error) *problem {
	return &problem{http.StatusInternalServerError, "InternalServerException", err.Error()}
}

func (h *handler) describe(body []byte) (any, *problem) {
	var in struct {
		ExecutionARN string `json:"executionArn"`
	}
	if p := decode(body, &in); p != nil {
		return nil, p
	}
	if p := checkARN(in.ExecutionARN); p != nil {
		return nil, p
	}
	missing := refusal("ExecutionDoesNotExist", "Execution Does Not Exist: '%s'", in.ExecutionARN)
	name, ok := strings.CutPrefix(in.ExecutionARN, ExecutionARN(h.cfg.StateMachineARN, ""))
	if !ok || !executionName.MatchString(name) {
		return nil, missing
	}
	x, err := h.cfg.Executions.Describe(name)
	switch {
	case errors.Is(err, asl.ErrNoExecution):
		return nil, missing
	case err != nil:
		return nil, internal(err)
	}
	return h.description(x), nil
}

// executionName is what the interpreter takes; anything else names no execution, and no file either.
var executionName = regexp.MustCompile(`\A[A-Za-z0-9_-]{1,80}\z`)

// ExecutionARN names an execution of a state machine.
func ExecutionARN(stateMachineARN, name string) string {
	return strings.Replace(stateMachineARN, ":stateMachine:", ":execution:", 1) + ":" + name
}

func checkARN(arn string) *problem {
	if !strings.HasPrefix(arn, "arn:") {
		return refusal("InvalidArn", "Invalid Arn: 'Invalid ARN prefix: %s'", arn)
	}
	return nil
}

// checkInput holds an execution's input against the limit on its size and against JSON.
func checkInput(input string) *problem {
	if len(input) > maxInput {
		return refusal("ValidationException",
			"1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have length less than or equal to %d", maxInput)
	}
	if !utf8.ValidString(input) || !json.Valid([]byte(input)) {
		return refusal("InvalidExecutionInput", "Invalid State Machine Execution Input: it is not JSON")
	}
	return nil
}

// sameInput compares two inputs as JSON, not as text: the interpreter writes them in its own way.
func sameInput(a, b []byte) bool {
	x, y := jsontext.Value(append([]byte(nil), a...)), jsontext.Value(append([]byte(nil), b...))
	return x.Canonicalize(jsontext.AllowDuplicateNames(true)) == nil && y.Canonicalize(jsontext.AllowDuplicateNames(true)) == nil && string(x) == string(y)
}
