package apigw

import (
	"bytes"
	"context"
	"encoding/base64"
	"log/slog"
	"net/http"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"github.com/videovector/exports/internal/api/envelope"
)

// Buffered is a Lambda handler whose reply is held in memory until it is whole.
type Buffered = func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error)

// Handler serves events with h. A panic in h is logged, with its stack and without its value unless that is a runtime
// error, and answered with 500; it never fails the invocation.
func Handler(h http.Handler, log *slog.Logger) Buffered {
	return func(ctx context.Context, ev events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		r, err := request(ctx, ev)
		w, c := &buffer{header: http.Header{}}, corsOf(ev.StageVariables[corsVariable])
		if err != nil {
			logUnread(log, r, err)
			c.allow(w.header, r)
			envelope.Write(w, r, err)
			return w.reply(), nil
		}
		if crash := serve(c.wrap(h), w, r); crash != nil {
			crash.log(log, r)
			w = &buffer{header: http.Header{}}
			c.allow(w.header, r)
			envelope.Write(w, r, crash)
		}
		return w.reply(), nil
	}
}

// buffer is an http.ResponseWriter that keeps everything.
type buffer struct {
	header http.Header
	sent   http.Header // as it was when the status was written
	status int
	body   bytes.Buffer
}

func (b *buffer) Header() http.Header { return b.header }

func (b *buffer) WriteHeader(status int) {
	if b.status == 0 {
		b.status, b.sent = status, b.header.Clone()
	}
}

func (b *buffer) Write(p []byte) (int, error) {
	b.WriteHeader(http.StatusOK)
	return b.body.Write(p)
}

func (b *buffer) reply() events.APIGatewayProxyResponse {
	b.WriteHeader(http.StatusOK)
	single, multi := replyHeaders(b.sent)
	out := events.APIGatewayProxyResponse{StatusCode: b.status, Headers: single, MultiValueHeaders: multi, Body: b.body.String()}
	if !utf8.Valid(b.body.Bytes()) {
		out.Body, out.IsBase64Encoded = base64.StdEncoding.EncodeToString(b.body.Bytes()), true
	}
	return out
}

// replyHeaders splits headers into those with one value and those with several.
func replyHeaders(h http.Header) (single map[string]string, multi map[string][]string) {
	single = map[string]string{}
	for name, values := range h {
		if len(values) == 1 {
			single[name] = values[0]
			continue
		}
		if multi == nil {
			multi = map[string][]string{}
		}
		multi[name] = values
	}
	return single, multi
}
