package localgw

import (
	"context"
	"fmt"
	"io"

	"github.com/videovector/exports/internal/fault"
)

// Lambda's quotas for a synchronous invocation, in bytes.
const (
	MaxPayload = 6 << 20
	MaxReply   = 6<<20 + 100 // what the service says in its own error
)

// streamingType is the content type of a reply that carries its own status and headers ahead of the body.
const streamingType = "application/vnd.awslambda.http-integration-response"

// Invoker runs Lambda functions by name. An error means that the function was not run to its end: fault.NotFound for
// an unknown function, fault.TooLarge for a payload beyond MaxPayload, fault.Throttled when no further invocation is
// taken just now, ctx's error when the caller stopped waiting (the function itself goes on, as it does in Lambda). A
// function that ran and failed is a Reply with FunctionError.
type Invoker interface {
	Invoke(ctx context.Context, function string, payload []byte) (Reply, error)
}

// Reply is what a function answered. Either Payload holds it whole, or Stream gives it as it comes; a Stream must be
// closed. A stream that breaks off ends with an error that is not io.EOF.
type Reply struct {
	Payload       []byte
	Stream        io.ReadCloser
	ContentType   string
	FunctionError string // "Unhandled" when the function failed; Payload is then {"errorType","errorMessage",…}
}

// Buffer turns a stream into a payload, up to Lambda's limit on buffered replies. A reply that breaks that limit, or
// whose stream breaks off, becomes the function error that Lambda makes of it.
func (r Reply) Buffer() Reply {
	if r.Stream == nil {
		return limited(r)
	}
	defer func() { _ = r.Stream.Close() }() // everything needed has been read
	raw, err := io.ReadAll(io.LimitReader(r.Stream, MaxReply+1))
	if err != nil {
		return failed("Function.ResponseStreamBroken", "The response stream broke off.")
	}
	return limited(Reply{Payload: raw, ContentType: r.ContentType})
}

// limited replaces a payload that is too large.
func limited(r Reply) Reply {
	if len(r.Payload) <= MaxReply {
		return r
	}
	return failed("Function.ResponseSizeTooLarge",
		fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", MaxReply))
}

func unknownFunction(name string) error {
	return fault.Newf(fault.NotFound, "function_not_found", "Function not found: %s", name)
}

func payloadTooLarge(n int) error {
	return fault.Newf(fault.TooLarge, "request_entity_too_large", "%d byte payload is too large for the RequestResponse invocation type (limit %d bytes)", n, MaxPayload)
}
