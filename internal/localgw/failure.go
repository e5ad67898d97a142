package localgw

import (
	"encoding/json"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
)

// unhandled is how Lambda marks the reply of a Go function that failed.
const unhandled = "Unhandled"

// failed is the reply of a function that ended with the error type and message.
func failed(errorType, message string) Reply {
	return failure(messages.InvokeResponse_Error{Type: errorType, Message: message})
}

func failure(e messages.InvokeResponse_Error) Reply {
	payload, err := json.Marshal(e)
	if err != nil { // only a broken stack frame could be the reason, and frames are strings and numbers
		payload = []byte(`{"errorMessage":"the error could not be encoded","errorType":"Runtime.SerializationError"}`)
	}
	return Reply{Payload: payload, ContentType: "application/json", FunctionError: unhandled}
}

func timedOut(requestID string, limit time.Duration) Reply {
	return failed("Sandbox.Timedout", fmt.Sprintf("RequestId: %s Error: Task timed out after %.2f seconds", requestID, limit.Seconds()))
}

func exited(requestID, status string) Reply {
	return failed("Runtime.ExitError", fmt.Sprintf("RequestId: %s Error: Runtime exited with error: %s", requestID, status))
}

// returned is what the Go runtime reports of an error that a handler gave back: the type name of the outermost error,
// unless it is a messages.InvokeResponse_Error, which says its type itself.
func returned(err error) messages.InvokeResponse_Error {
	if e, ok := err.(messages.InvokeResponse_Error); ok { //nolint:errorlint // the runtime doesn't unwrap, so neither may this
		return e
	}
	return messages.InvokeResponse_Error{Message: err.Error(), Type: typeName(err)}
}

// panicked is what the Go runtime reports of a panic. It is to be called in the deferred function that recovered.
func panicked(value any) messages.InvokeResponse_Error {
	if e, ok := value.(messages.InvokeResponse_Error); ok {
		return e
	}
	return messages.InvokeResponse_Error{Message: fmt.Sprint(value), Type: typeName(value), StackTrace: stack(), ShouldExit: true}
}

func typeName(v any) string {
	t := reflect.TypeOf(v)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}

// maxFrames is how deep a reported stack goes.
const maxFrames = 32

// stack is the stack below panicked and the function that recovered.
func stack() []*messages.InvokeResponse_Error_StackFrame {
	pcs := make([]uintptr, maxFrames)
	n := runtime.Callers(4, pcs) // Callers, stack, panicked, the deferred function
	frames := runtime.CallersFrames(pcs[:n])
	var out []*messages.InvokeResponse_Error_StackFrame
	for n > 0 {
		f, more := frames.Next()
		out = append(out, &messages.InvokeResponse_Error_StackFrame{
			Path: sourcePath(f), Line: int32(f.Line), Label: label(f.Function), //nolint:gosec // G115: a line number
		})
		if !more {
			break
		}
	}
	return out
}

// sourcePath is a frame's file from the root of its package's import path on.
func sourcePath(f runtime.Frame) string {
	keep := strings.Count(f.Function, "/") + 2 // the import path's elements and the file
	parts := strings.Split(f.File, "/")
	return strings.Join(parts[max(0, len(parts)-keep):], "/")
}

// label is a function's name without its package.
func label(function string) string {
	base := function[strings.LastIndex(function, "/")+1:]
	_, name, _ := strings.Cut(base, ".")
	return name
}
