package kill

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
)

// quiet is for servers whose clients are killed: that is no news.
var quiet = log.New(io.Discard, "", 0)

// receiver is a webhook's address, which notes what comes.
type receiver struct {
	*httptest.Server
	mu   sync.Mutex
	came []arrival
}

// arrival is an event as it was received.
type arrival struct {
	key   string // of its repetitions
	body  string
	event struct {
		ID    string `json:"id"`
		Event string `json:"event"`
		Data  struct {
			ExportID     string `json:"export_id"`
			Outcome      string `json:"outcome"`
			ErrorMessage string `json:"error_message"`
			CompletedAt  string `json:"completed_at"`
		} `json:"data"`
	}
}

func startReceiver(t *testing.T, pair tls.Certificate) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			return // a caller that was killed has sent half of one
		}
		a := arrival{key: q.Header.Get("Idempotency-Key"), body: string(body)}
		if err := json.Unmarshal(body, &a.event); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.came = append(r.came, a)
	}))
	r.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	r.Config.ErrorLog = quiet
	r.StartTLS()
	t.Cleanup(r.Close)
	return r
}

// about are the arrivals that tell of the export.
func (r *receiver) about(exportID string) (found []arrival) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range r.came {
		if a.event.Data.ExportID == exportID {
			found = append(found, a)
		}
	}
	return found
}

// after are the arrivals but for the first n.
func (r *receiver) after(n int) []arrival {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.came[n:])
}
