package deadlinks

import (
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/videovector/exports/client"
)

// receiver is an address that events go to. It notes the bodies that came, by the ids of their events.
type receiver struct {
	*httptest.Server
	mu   sync.Mutex
	came map[string][]string
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{came: map[string][]string{}}
	r.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			return // half of one is none
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		id := q.Header.Get("Idempotency-Key")
		r.came[id] = append(r.came[id], string(body))
		w.WriteHeader(http.StatusNoContent)
	}))
	r.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that break off
	r.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	r.StartTLS()
	t.Cleanup(r.Close)
	return r
}

// of are the events that tell of the export: the bodies that came of each.
func (r *receiver) of(export string) (all [][]string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, bodies := range r.came {
		if strings.Contains(bodies[0], export) {
			all = append(all, bodies)
		}
	}
	return all
}

// TestWebhook: the link to an address that is told of exports. Every export is told of, under one id and with the same
// bytes each time.
func TestWebhook(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	l := newLink(t, "webhook", r.URL)
	s := start(t, config{flags: []string{"-webhook-allow", l.address, "-webhook-ca", authority, "-webhook-retry", "200ms"}})
	hook, err := s.api.Webhooks.Create(t.Context(), client.CreateWebhookParams{Name: "n", URL: l.URL(), Events: []string{client.EventExportReady}})
	if err != nil {
		t.Fatal(err)
	}
	s.secrets = append(s.secrets, string(hook.Secret))
	for _, tr := range webhookTroubles {
		t.Run(tr.name, func(t *testing.T) {
			s := s.in(t)
			before := strings.Count(s.log(), `"delivery_status":"retrying"`)
			l.suffer(tr)
			e := s.ended(s.order("idx_small", ""), patience)
			if e.Status != "completed" {
				t.Errorf("%s is %s: an export waited for its webhook", e.ID, e.Status)
			}
			if !tr.slows {
				s.until(patience, "noticed", func() bool { return strings.Count(s.log(), `"delivery_status":"retrying"`) > before })
				l.mend()
			}
			s.until(patience, "told", func() bool { return len(r.of(e.ID)) > 0 })
			time.Sleep(50 * time.Millisecond)
			events := r.of(e.ID)
			for _, bodies := range events {
				for _, body := range bodies {
					if body != bodies[0] {
						t.Errorf("the event came as %s, then as %s", bodies[0], body)
					}
				}
			}
			if len(events) != 1 {
				t.Errorf("%d events tell of one export", len(events))
			}
			if !tr.refused && l.met.Load() == 0 {
				t.Error("nothing has met the trouble")
			}
			l.mend()
		})
	}
}
