// Package clouds makes the openers of every provider, for a deployed function and for the local service alike. All of
// them reach the outside by one guarded client.
package clouds

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/connector/azureconn"
	"github.com/videovector/exports/internal/connector/gcsconn"
	"github.com/videovector/exports/internal/connector/guard"
	"github.com/videovector/exports/internal/connector/s3conn"
	"github.com/videovector/exports/internal/seal"
)

// Config is what the openers are made of.
type Config struct {
	Sealer seal.Sealer
	// Self is the service's own region and credentials, with which customers' roles are taken.
	Self aws.Config
	// Silence is how long nothing may move on a connection; 0 means the guard's.
	Silence time.Duration
	Endpoints
}

// Endpoints are base URLs of what stands in for a cloud on this machine, http or https; "" is the cloud itself. Only a
// local service has any, since their addresses are not looked at.
type Endpoints struct {
	S3, STS           string
	GCS, GCSToken     string
	Azure, AzureLogin string
}

// variables are the environment variables that hand the endpoints from a local service on to its functions.
func (e *Endpoints) variables() map[string]*string {
	return map[string]*string{
		"CONNECTOR_S3_ENDPOINT": &e.S3, "CONNECTOR_STS_ENDPOINT": &e.STS,
		"CONNECTOR_GCS_ENDPOINT": &e.GCS, "CONNECTOR_GCS_TOKEN_URL": &e.GCSToken,
		"CONNECTOR_AZURE_ENDPOINT": &e.Azure, "CONNECTOR_AZURE_LOGIN_URL": &e.AzureLogin,
	}
}

// Environment are the variables of the endpoints that are set, as NAME=value, in order.
func (e Endpoints) Environment() []string {
	var lines []string
	for name, endpoint := range e.variables() {
		if *endpoint != "" {
			lines = append(lines, name+"="+*endpoint)
		}
	}
	slices.Sort(lines)
	return lines
}

// FromEnvironment is the reverse of Environment.
func FromEnvironment(get func(string) string) Endpoints {
	var e Endpoints
	for name, endpoint := range e.variables() {
		*endpoint = get(name)
	}
	return e
}

// New makes the openers. It fails for an endpoint that is no URL.
func New(cfg Config) (connector.Providers, error) {
	client, err := client(cfg.Endpoints, cfg.Silence)
	if err != nil {
		return nil, err
	}
	if cfg.S3 != "" && cfg.STS == "" { // the service's credentials are not Amazon's then
		cfg.Self.Credentials = nil
	}
	return connector.Providers{
		"s3":    s3conn.Opener{Sealer: cfg.Sealer, Client: client, Self: cfg.Self, Endpoint: cfg.S3, STSEndpoint: cfg.STS},
		"gcs":   gcsconn.Opener{Sealer: cfg.Sealer, Client: client, Endpoint: cfg.GCS, TokenURL: cfg.GCSToken},
		"azure": azureconn.Opener{Sealer: cfg.Sealer, Client: client, Endpoint: cfg.Azure, LoginURL: cfg.AzureLogin},
	}, nil
}

// client is the guard's, with the endpoints allowed.
func client(e Endpoints, silence time.Duration) (*http.Client, error) {
	cfg := guard.Config{Silence: silence}
	for _, line := range e.Environment() {
		_, endpoint, _ := strings.Cut(line, "=")
		u, err := url.Parse(endpoint)
		if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || defaultPorts[u.Scheme] == "" {
			return nil, fmt.Errorf("%q is not the base URL of a storage, such as http://127.0.0.1:4443", endpoint)
		}
		port := u.Port()
		if port == "" {
			port = defaultPorts[u.Scheme]
		}
		cfg.Allow = append(cfg.Allow, u.Host, net.JoinHostPort(u.Hostname(), port))
	}
	return guard.NewClient(cfg), nil
}

var defaultPorts = map[string]string{"http": "80", "https": "443"}
