package guard

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/stall/stalltest"
)

// TestSilence: a destination that takes a connection and falls silent, wherever, does not answer.
func TestSilence(t *testing.T) {
	const reply = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
	for name, c := range map[string]struct {
		says string
		body []byte
	}{
		"before the reply":                 {"", nil},
		"in the reply's header":            {reply[:20], nil},
		"in the middle of its body":        {reply + "half.", nil},
		"while a body is on its way to it": {"", make([]byte, 512<<10)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := stalltest.Serve(t, c.says).Address
			client := NewClient(Config{Allow: []string{address}, Silence: 200 * time.Millisecond})
			begun := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			text, err := ask(ctx, client, "http://"+address, c.body)
			if !fault.Is(err, fault.Unavailable) || fault.As(err).Code != "destination_unavailable" || ctx.Err() != nil {
				t.Errorf("after %v: %q, %v", time.Since(begun), text, err)
			}
		})
	}
}

// ask sends the body and reads the reply.
func ask(ctx context.Context, client *http.Client, url string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	reply, err := client.Do(request)
	if err != nil {
		return nil, Unanswered(err)
	}
	content := Content(reply.Body)
	defer content.Close()
	return io.ReadAll(content)
}
