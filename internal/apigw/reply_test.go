package apigw

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/google/go-cmp/cmp"
)

const secret = "sk_live_very_secret"

var discard = slog.New(slog.DiscardHandler)

func TestBufferedReply(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["X-Tag"] = []string{"a", "b"}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusAccepted)
		w.Header().Set("X-Late", "not sent")
		_, _ = io.WriteString(w, `{"é":1}`)
	})
	got, err := Handler(h, discard)(t.Context(), parse(t, event))
	want := events.APIGatewayProxyResponse{
		StatusCode: 202, Body: `{"é":1}`,
		Headers: map[string]string{"Content-Type": "application/json"}, MultiValueHeaders: map[string][]string{"X-Tag": {"a", "b"}},
	}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

func TestBufferedReplyOfBytesIsBase64(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte{0xff, 0x00}) })
	got, err := Handler(h, discard)(t.Context(), parse(t, event))
	if err != nil || got.StatusCode != 200 || !got.IsBase64Encoded || got.Body != "/wA=" {
		t.Errorf("reply %+v, %v", got, err)
	}
}

// checkCrash holds the reply to a panic: the envelope, the request's id, and no word of what was thrown, in the reply
// or in the log.
func checkCrash(t *testing.T, status int, header map[string]string, body, log string) {
	t.Helper()
	var e struct {
		Error struct {
			Code, Message string
			Details       map[string]any
			RequestID     string `json:"request_id"`
		}
	}
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	if status != 500 || e.Error.Code != "internal_error" || e.Error.Details == nil || e.Error.RequestID != "req-1" || header["X-Request-Id"] != "req-1" {
		t.Errorf("reply %d %v %s", status, header, body)
	}
	if header["X-Half"] != "" {
		t.Error("a header of the handler that panicked was sent")
	}
	if strings.Contains(body+log, secret) {
		t.Errorf("the secret is in the reply or in the log: %s %s", body, log)
	}
	if !strings.Contains(log, "reply_test.go") || !strings.Contains(log, "req-1") {
		t.Errorf("the log has no stack or no request id: %s", log)
	}
}

var crashing = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Half", "1")
	panic(errors.New(secret))
})

func TestPanicIsAnswered(t *testing.T) {
	var log bytes.Buffer
	got, err := Handler(crashing, slog.New(slog.NewJSONHandler(&log, nil)))(t.Context(), parse(t, event))
	if err != nil {
		t.Fatal(err)
	}
	checkCrash(t, got.StatusCode, got.Headers, got.Body, log.String())
}

func TestPanicBeforeTheStreamIsAnswered(t *testing.T) {
	var log bytes.Buffer
	got, err := StreamHandler(crashing, slog.New(slog.NewJSONHandler(&log, nil)))(t.Context(), parse(t, event))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	checkCrash(t, got.StatusCode, got.Headers, string(body), log.String())
}

func TestUnreadableEventIsAnswered(t *testing.T) {
	ev := parse(t, event)
	ev.Body, ev.IsBase64Encoded = "{", true
	unreached := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the handler was called") })
	got, err := Handler(unreached, discard)(t.Context(), ev)
	if err != nil || got.StatusCode != 400 || !strings.Contains(got.Body, `"bad_request"`) {
		t.Errorf("buffered: %+v, %v", got, err)
	}
	streamed, err := StreamHandler(unreached, discard)(t.Context(), ev)
	if err != nil || streamed.StatusCode != 400 {
		t.Errorf("streamed: %+v, %v", streamed, err)
	}
}

// TestUnreadableEventLeavesTheNextAlone holds that a refused event is that event's matter only: a process serves many.
func TestUnreadableEventLeavesTheNextAlone(t *testing.T) {
	serve := StreamHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusAccepted) }), discard)
	bad := parse(t, event)
	bad.Body, bad.IsBase64Encoded = "{", true
	for _, c := range []struct {
		ev   events.APIGatewayProxyRequest
		want int
	}{{bad, 400}, {parse(t, event), 202}, {bad, 400}, {parse(t, event), 202}} {
		got, err := serve(t.Context(), c.ev)
		if err != nil || got.StatusCode != c.want {
			t.Fatalf("reply %+v, %v; want %d", got, err, c.want)
		}
		if _, err := io.ReadAll(got.Body); err != nil {
			t.Fatal(err)
		}
	}
}

// TestStreamFlows reads what the handler has written before the handler goes on.
func TestStreamFlows(t *testing.T) {
	goOn := make(chan struct{})
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "8")
		_, _ = io.WriteString(w, "half")
		<-goOn
		_, _ = io.WriteString(w, "rest")
	})
	got, err := StreamHandler(h, discard)(t.Context(), parse(t, event))
	if err != nil || got.StatusCode != 200 || got.Headers["Content-Length"] != "8" {
		t.Fatalf("reply %+v, %v", got, err)
	}
	first := make([]byte, 4)
	if _, err := io.ReadFull(got.Body, first); err != nil || string(first) != "half" {
		t.Fatalf("first read %q, %v", first, err)
	}
	close(goOn)
	if rest, err := io.ReadAll(got.Body); err != nil || string(rest) != "rest" {
		t.Errorf("then %q, %v", rest, err)
	}
}

func TestStreamIsBrokenOffByAPanic(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "half")
		panic(http.ErrAbortHandler)
	})
	got, err := StreamHandler(h, discard)(t.Context(), parse(t, event))
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(got.Body); err == nil {
		t.Errorf("a broken body reads as whole: %q", body)
	}
}

func TestClosingTheStreamStopsTheHandler(t *testing.T) {
	stopped := make(chan error, 1)
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 1024)); err != nil {
				stopped <- r.Context().Err()
				return
			}
		}
	})
	got, err := StreamHandler(h, discard)(t.Context(), parse(t, event))
	if err != nil {
		t.Fatal(err)
	}
	if err := got.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-stopped; !errors.Is(err, context.Canceled) {
		t.Errorf("the handler's context says %v", err)
	}
}

// TestStreamInLambdasForm runs the handler as the Lambda runtime does, from the event's bytes to the reply's: JSON
// prelude, eight zero bytes, body.
func TestStreamInLambdasForm(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, r.URL.Path)
	})
	got, err := lambda.NewHandler(StreamHandler(h, discard)).Invoke(t.Context(), []byte(event))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"statusCode":200,"headers":{"Content-Type":"text/plain"}}` + strings.Repeat("\x00", 8) + "/api/v2/exports/exp_1"
	if string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzEvent: any event gets a reply that is not a failure of the service, and no id has a slash.
func FuzzEvent(f *testing.F) {
	f.Add([]byte(event))
	f.Add([]byte(`{"path":"//..%2f%","httpMethod":"","body":"x","isBase64Encoded":true}`))
	f.Add([]byte(`{"headers":{"":"\n"},"multiValueHeaders":{"a":null}}`))
	h := http.NewServeMux()
	h.HandleFunc("GET /api/v2/exports/{id}", func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.EscapedPath()[len("/api/v2/exports/"):], "/") {
			w.WriteHeader(http.StatusInternalServerError) // two segments in one id
		}
		_, _ = io.Copy(w, r.Body)
	})
	buffered := Handler(h, discard)
	f.Fuzz(func(t *testing.T, text []byte) {
		var ev events.APIGatewayProxyRequest
		if json.Unmarshal(text, &ev) != nil {
			return
		}
		got, err := buffered(t.Context(), ev)
		if err != nil || got.StatusCode < 200 || got.StatusCode >= 500 {
			t.Errorf("reply %d, %v", got.StatusCode, err)
		}
		if _, err := json.Marshal(got); err != nil {
			t.Error(err)
		}
	})
}
