package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/videovector/exports/internal/connector/guard"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/store"
)

// Message is what goes to a webhook.
type Message struct {
	DeliveryID string
	EventID    string
	EventType  string
	Body       []byte
}

// Outcome is what became of it.
type Outcome struct {
	Status int    // of the reply; 0 for none
	Body   string // the reply's beginning
	Error  string // why it counts as not delivered, for the webhook's owner; "" if it was delivered
}

// Gone reports whether the receiver says that it will never take anything again.
func (o Outcome) Gone() bool { return o.Status == http.StatusGone }

// Post sends the message once. The client is the guard's: it follows no redirect, and dials no address that isn't on the
// public internet. The receiver has the patience's time in all. Neither the address nor the reply is for a log.
func Post(ctx context.Context, client *http.Client, w store.Webhook, secret seal.Secret, m Message, patience time.Duration) Outcome {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(m.Body))
	if err != nil {
		return Outcome{Error: "The webhook's address can't be used."}
	}
	r.GetBody = nil // else the client would send it again by itself, since it has an Idempotency-Key
	h := r.Header
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", guard.UserAgent)
	h.Set("X-Webhook-Signature", Sign(secret, m.Body))
	h.Set("X-Webhook-ID", w.ID)
	h.Set("X-Delivery-ID", m.DeliveryID)
	h.Set("X-Event-Type", m.EventType)
	h.Set("Idempotency-Key", m.EventID)
	reply, err := client.Do(r)
	if err != nil {
		return Outcome{Error: why(err, patience)}
	}
	defer reply.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(reply.Body, maxResponse)) // the status decides, however its body ends
	o := Outcome{Status: reply.StatusCode, Body: strings.ToValidUTF8(string(text), "\uFFFD")}
	if o.Status < 200 || o.Status > 299 {
		o.Error = fmt.Sprintf("The receiver answered with status %d.", o.Status)
	}
	return o
}

// why no reply came, in words for the webhook's owner. They name no address: one that a name led to inside of our network
// is nobody's business.
func why(err error, patience time.Duration) string {
	var known *fault.Error
	var dns *net.DNSError
	var unverified *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var timeout net.Error
	switch {
	case errors.As(err, &known) && known.Code == "destination_address_refused":
		return "The webhook's address isn't on the public internet, or isn't on port 443 or 8443. Nothing was sent."
	case errors.Is(err, context.Canceled):
		return "The attempt was broken off."
	case errors.As(err, &dns):
		return "The name of the webhook's host could not be resolved."
	case errors.As(err, &unverified), errors.As(err, &unknown):
		return "The receiver's certificate could not be verified."
	case errors.As(err, &record), errors.As(err, &alert):
		return "The receiver didn't speak TLS as it should."
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Sprintf("No answer came within %v.", patience)
	}
	return "The receiver could not be reached, or broke the connection off."
}

// Client is the guard's client for webhooks.
func Client(cfg guard.Config) *http.Client {
	if cfg.Ports == nil {
		cfg.Ports = []string{"443", "8443"}
	}
	return guard.NewClient(cfg)
}
