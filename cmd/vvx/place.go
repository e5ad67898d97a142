package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"os"
	"strings"

	"github.com/videovector/exports/client"
)

const defaultBaseURL = client.DefaultBaseURL

// Environment variables, named as every published client has them.
const (
	urlVariable = "VIDEO_VECTOR_BASE_URL"
	keyVariable = "VIDEO_VECTOR_API_KEY"
)

// place is where the API is and which key opens it, and who said so.
type place struct {
	baseURL, urlFrom string
	key, keyFrom     string
	local            bool   // the URL is the local service's, from its file
	caFile           string // of the local service's authority, "" for none
}

// advice is what to do when nothing answers there.
func (p place) advice(err error) string {
	if p.local {
		return `the local service has stopped. Start it with "go run ./cmd/local" in this folder, or give --base-url`
	}
	return strings.TrimPrefix(err.Error(), "client: ") + ". Check the URL, or give another one with --base-url"
}

// connect makes a client of the API that flags, environment and local service name.
func (a *app) connect() (*client.Client, error) {
	p, err := a.find()
	if err != nil {
		return nil, err
	}
	a.place = p
	opts := []client.Option{client.WithBaseURL(p.baseURL), client.WithUserAgent("vvx/1")}
	if p.caFile != "" {
		h, err := trusting(p.caFile)
		if err != nil {
			return nil, err
		}
		opts = append(opts, client.WithHTTPClient(h))
	}
	c, err := client.New(p.key, opts...)
	if err != nil {
		return nil, misuse("%s (URL from %s, key from %s)", strings.TrimPrefix(err.Error(), "client: "), p.urlFrom, p.keyFrom)
	}
	return c, nil
}

// find takes URL and key each from where it is given first: flags, --local, the environment, a local service in this folder.
func (a *app) find() (place, error) {
	p, err := a.flagged()
	if err != nil {
		return p, err
	}
	if a.global.localGiven && (p.baseURL == "" || p.key == "") {
		return a.atLocal(p)
	}
	if v := a.getenv(urlVariable); p.baseURL == "" && v != "" {
		p.baseURL, p.urlFrom = v, urlVariable
	}
	if v := a.getenv(keyVariable); p.key == "" && v != "" {
		p.key, p.keyFrom = v, keyVariable
	}
	switch {
	case p.key == "", p.baseURL == "" && a.localHere():
		return a.atLocal(p)
	case p.baseURL == "":
		p.baseURL, p.urlFrom = defaultBaseURL, "no flag and no variable"
	}
	return p, nil
}

// localHere reports whether a local service has been started in this folder.
func (a *app) localHere() bool {
	_, err := os.Stat(a.global.local)
	return err == nil
}

// flagged is what the flags say.
func (a *app) flagged() (p place, err error) {
	if a.global.baseURL != "" {
		p.baseURL, p.urlFrom = a.global.baseURL, "--base-url"
	}
	switch {
	case a.global.key != "" && a.global.keyFile != "":
		return p, misuse("give --api-key or --api-key-file, not both")
	case a.global.key != "":
		p.key, p.keyFrom = a.global.key, "--api-key"
	case a.global.keyFile != "":
		key, err := a.secretFrom(a.global.keyFile)
		if err != nil {
			return p, err
		}
		p.key, p.keyFrom = string(key), "--api-key-file"
	}
	return p, nil
}

// atLocal fills in what is missing from the local service's file. Its key goes to its own URLs only.
func (a *app) atLocal(p place) (place, error) {
	c, err := readCoordinates(a.global.local)
	switch {
	case errors.Is(err, os.ErrNotExist) && !a.global.localGiven:
		return p, misuse("there is no API key: give --api-key-file, --api-key or %s, or start the local service with \"go run ./cmd/local\" in this folder", keyVariable)
	case err != nil:
		return p, notRunning(a.global.local, err)
	}
	if p.baseURL == "" {
		p.baseURL, p.urlFrom, p.local = c.BaseURL, a.global.local, true
	}
	own := p.baseURL == c.BaseURL || p.baseURL == c.TLSBaseURL
	if p.key == "" && !own {
		return p, misuse("there is no API key for %s (from %s): the local service's key is for %s only. Give --api-key-file, --api-key or %s", p.baseURL, p.urlFrom, c.BaseURL, keyVariable)
	}
	if p.key == "" {
		p.key, p.keyFrom = c.APIKeys.Admin, a.global.local
	}
	if own {
		p.caFile = c.CAFile
	}
	return p, nil
}

// trusting is an HTTP client that trusts the local service's authority as well as the system's.
func trusting(caFile string) (*http.Client, error) {
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, err
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	roots.AppendCertsFromPEM(pem)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return &http.Client{Transport: transport}, nil
}
