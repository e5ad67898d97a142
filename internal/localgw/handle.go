package localgw

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"reflect"

	"github.com/aws/aws-lambda-go/lambda"
)

var (
	readerType  = reflect.TypeFor[io.Reader]()
	contextType = reflect.TypeFor[context.Context]()
)

// handle calls a handler as the Go runtime would. A buffered reply is a *bytes.Reader.
func handle(ctx context.Context, handler any, payload []byte) (body io.Reader, contentType string, err error) {
	if streams(reflect.TypeOf(handler)) {
		return handleStream(ctx, handler, payload)
	}
	// lambda.Handler lends its reply from a pool that the next invocation may take it from; a handler of one use has
	// the pool to itself.
	raw, err := lambda.NewHandler(handler).Invoke(ctx, payload)
	if err != nil {
		return nil, "", err
	}
	return bytes.NewReader(raw), "application/json", nil
}

// streams reports whether a handler is func(context.Context, In) (io.Reader, error).
func streams(t reflect.Type) bool {
	return t.NumIn() == 2 && t.In(0) == contextType && t.NumOut() == 2 && t.Out(0).Implements(readerType)
}

func handleStream(ctx context.Context, handler any, payload []byte) (io.Reader, string, error) {
	h := reflect.ValueOf(handler)
	event := reflect.New(h.Type().In(1))
	if err := json.Unmarshal(payload, event.Interface()); err != nil {
		return nil, "", err
	}
	out := h.Call([]reflect.Value{reflect.ValueOf(ctx), event.Elem()})
	if err, _ := out[1].Interface().(error); err != nil {
		return nil, "", err
	}
	body, ok := out[0].Interface().(io.Reader)
	if !ok { // a nil interface
		return bytes.NewReader([]byte("null")), "application/json", nil
	}
	contentType := "application/octet-stream"
	if typed, ok := body.(interface{ ContentType() string }); ok {
		contentType = typed.ContentType()
	}
	return unread{body}, contentType, nil
}

// unread hides what else a reader can do, but for closing it: a streamed reply stays a stream even from memory.
type unread struct{ io.Reader }

func (u unread) Close() error {
	if c, ok := u.Reader.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// logFailure notes that a function failed, as it reported it.
func logFailure(ctx context.Context, log *slog.Logger, function, requestID string, r Reply) {
	var e struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}
	if json.Unmarshal(r.Payload, &e) != nil {
		e.Type = "unknown"
	}
	log.ErrorContext(ctx, "function failed", "function", function, "request_id", requestID, "error_type", e.Type, "error", e.Message)
}
