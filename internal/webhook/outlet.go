package webhook

import (
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/videovector/exports/internal/connector/guard"
)

// Local is what a local service adds to the rules, so that a receiver on the same machine can be tried. A deployed one
// has none of it.
type Local struct {
	Allow  string        // host:port pairs that may be anywhere, with commas between them
	CAFile string        // PEM of the authorities to trust in place of the system's; "" is the system's
	Retry  time.Duration // the pause after a first attempt; 0 is FirstRetry
}

// Environment are the variables of what is set, as NAME=value.
func (l Local) Environment() (lines []string) {
	if l.Allow != "" {
		lines = append(lines, "WEBHOOK_ALLOW="+l.Allow)
	}
	if l.CAFile != "" {
		lines = append(lines, "WEBHOOK_CA_FILE="+l.CAFile)
	}
	if l.Retry != 0 {
		lines = append(lines, "WEBHOOK_RETRY="+l.Retry.String())
	}
	return lines
}

// LocalFromEnvironment is the reverse of Environment.
func LocalFromEnvironment(get func(string) string) (l Local, err error) {
	l.Allow, l.CAFile = get("WEBHOOK_ALLOW"), get("WEBHOOK_CA_FILE")
	if text := get("WEBHOOK_RETRY"); text != "" {
		l.Retry, err = time.ParseDuration(text)
	}
	return l, err
}

// Client is the client that goes by it.
func (l Local) Client() (*http.Client, error) {
	var cfg guard.Config
	if l.Allow != "" {
		cfg.Allow = strings.Split(l.Allow, ",")
	}
	if l.CAFile == "" {
		return Client(cfg), nil
	}
	text, err := os.ReadFile(l.CAFile)
	if err != nil {
		return nil, err
	}
	cfg.Roots = x509.NewCertPool()
	if !cfg.Roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", l.CAFile)
	}
	return Client(cfg), nil
}
