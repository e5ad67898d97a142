package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/videovector/exports/client"
)

const testKey = "sk_test_0123456789abcdef0123456789abcdef0123456789abcdef"

// request is what a server saw.
type request struct {
	method, path string // with the query
	header       http.Header
	body         string
}

// server answers the n-th request with its n-th answer, and every further one with the last.
type server struct {
	*httptest.Server
	answers []http.HandlerFunc

	mu   sync.Mutex
	seen []request
}

func serve(t *testing.T, answers ...http.HandlerFunc) *server {
	t.Helper()
	s := &server{answers: answers}
	s.Server = httptest.NewServer(http.HandlerFunc(s.answer))
	t.Cleanup(s.Close)
	return s
}

func (s *server) answer(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // what is missing shows in the test
	s.mu.Lock()
	s.seen = append(s.seen, request{r.Method, r.URL.RequestURI(), r.Header.Clone(), string(body)})
	n := min(len(s.seen), len(s.answers)) - 1
	s.mu.Unlock()
	s.answers[n](w, r)
}

func (s *server) requests() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

// pauses are the waits that a client would have made.
type pauses struct {
	mu  sync.Mutex
	all []time.Duration
}

func (p *pauses) pause(ctx context.Context, d time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, d)
	return ctx.Err()
}

// connect makes a client of the server that never waits.
func connect(t *testing.T, s *server, opts ...client.Option) (*client.Client, *pauses) {
	t.Helper()
	p := &pauses{}
	c, err := client.New(testKey, append([]client.Option{client.WithBaseURL(s.URL + "/api/v2"), client.WithPause(p.pause)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c, p
}

// sends answers with a body, a status and headers in pairs.
func sends(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// fails answers with the API's error body.
func fails(status int, code string, header ...string) http.HandlerFunc {
	return sends(status, fmt.Sprintf(`{"error":{"code":%q,"message":"It is so.","details":{"a":1},"request_id":"req-1"}}`, code), header...)
}

// hangsUp takes the request and breaks the connection off: whatever it did, nobody hears of it.
func hangsUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// exportJSON is an export object as the API sends it, with members set over those of a completed download.
func exportJSON(id string, over map[string]any) string {
	e := map[string]any{
		"export_id": id, "target_id": "idx_1", "export_type": "index", "status": "completed", "queue_status": "succeeded",
		"attempts": 1, "max_attempts": 3, "created_at": "2026-03-02T09:30:00.000Z", "available_at": nil, "started_at": nil,
		"completed_at": nil, "updated_at": nil, "download_url": "/api/v2/exports/" + id + "/download", "file_size_bytes": nil,
		"error_message": nil, "last_error": nil, "destination_type": "download", "destination_connector_id": nil,
		"destination_base_path": nil, "destination_subpath": nil, "destination_uri": nil, "gcs_uri": "s3://bucket/" + id + ".json",
		"export_params": nil, "result_scope": "all", "presigned_url": nil, "presigned_url_expires_at": nil,
		"progress": map[string]any{"phase": "done", "records_done": 2, "records_total": 2, "bytes_written": 9, "percent": 100},
	}
	for k, v := range over {
		e[k] = v
	}
	raw, err := json.Marshal(e)
	if err != nil {
		panic(err) // the test's own values
	}
	return string(raw)
}
