package apigw

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync"

	"github.com/aws/aws-lambda-go/events"

	"github.com/videovector/exports/internal/api/envelope"
)

// Streamed is a Lambda handler whose reply's body flows while the handler still writes it.
type Streamed = func(context.Context, events.APIGatewayProxyRequest) (*events.APIGatewayProxyStreamingResponse, error)

// StreamHandler serves events with h, for an integration whose response transfer mode is STREAM. The reply is given
// out as soon as h writes its status; what h writes then passes to the reader without being kept. A reader that
// closes the body makes h's next write fail and cancels its context. A handler that panics midway breaks the stream
// off with an error, so that a short body is never taken for a whole one.
func StreamHandler(h http.Handler, log *slog.Logger) Streamed {
	return func(ctx context.Context, ev events.APIGatewayProxyRequest) (*events.APIGatewayProxyStreamingResponse, error) {
		ctx, cancel := context.WithCancel(ctx)
		r, err := request(ctx, ev)
		c := corsOf(ev.StageVariables[corsVariable])
		h := h
		if err != nil {
			h = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				logUnread(log, r, err)
				envelope.Write(w, r, err)
			})
		}
		w := newStream()
		go func() {
			defer cancel()
			w.run(c, h, r, log)
		}()
		<-w.started
		single, multi := replyHeaders(w.sent)
		body := &streamBody{w.reader, cancel}
		return &events.APIGatewayProxyStreamingResponse{StatusCode: w.status, Headers: single, MultiValueHeaders: multi, Body: body}, nil
	}
}

// stream is an http.ResponseWriter into a pipe.
type stream struct {
	header  http.Header
	once    sync.Once
	started chan struct{} // closed when status and sent are there
	status  int
	sent    http.Header
	reader  *io.PipeReader
	writer  *io.PipeWriter
}

func newStream() *stream {
	r, w := io.Pipe()
	return &stream{header: http.Header{}, started: make(chan struct{}), reader: r, writer: w}
}

func (s *stream) Header() http.Header { return s.header }

func (s *stream) WriteHeader(status int) {
	s.once.Do(func() {
		s.status, s.sent = status, s.header.Clone()
		close(s.started)
	})
}

func (s *stream) Write(p []byte) (int, error) {
	s.WriteHeader(http.StatusOK)
	return s.writer.Write(p)
}

// Flush does nothing: every write has been taken by the reader when it returns.
func (s *stream) Flush() {}

// run serves the request and ends the body: well, or with an error if the handler gave up midway.
func (s *stream) run(origins cors, h http.Handler, r *http.Request, log *slog.Logger) {
	c := serve(origins.wrap(h), s, r)
	if c == nil {
		s.WriteHeader(http.StatusOK)
		_ = s.writer.Close() // closing a pipe doesn't fail
		return
	}
	c.log(log, r)
	if s.begun() {
		_ = s.writer.CloseWithError(errAborted)
		return
	}
	clear(s.header)
	origins.allow(s.header, r)
	envelope.Write(s, r, c)
	_ = s.writer.Close()
}

func (s *stream) begun() bool {
	select {
	case <-s.started:
		return true
	default:
		return false
	}
}

// streamBody is the reader's end; closing it lets the handler stop.
type streamBody struct {
	*io.PipeReader
	cancel context.CancelFunc
}

func (b *streamBody) Close() error {
	b.cancel()
	return b.PipeReader.Close()
}
