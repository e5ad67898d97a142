package main

import (
	"net"
	"net/http"
	"net/url"
	"path/filepath"

	openapi "github.com/videovector/exports/api"
	"github.com/videovector/exports/internal/asl"
	"github.com/videovector/exports/internal/demo"
	"github.com/videovector/exports/internal/failpoint"
	"github.com/videovector/exports/internal/localpage"
	"github.com/videovector/exports/statemachine"
)

// withPage answers "/" with the page about the demo account's exports, and everything else as the API does.
func (s *stack) withPage(api http.Handler) (http.Handler, error) {
	graph, err := asl.Draw(statemachine.Export)
	if err != nil {
		return nil, err
	}
	keyFile := filepath.Join(s.options.data, "api-key.header")
	if err := replaceFile(keyFile, []byte("X-API-Key: "+s.secrets.APIKeys.Write+"\n"), 0o600); err != nil {
		return nil, err
	}
	page, err := localpage.New(localpage.Config{
		BaseURL: s.local.BaseURL, Key: s.secrets.APIKeys.Write, KeyFile: keyFile, Description: openapi.Description, Machine: graph,
		History: s.engine.History, Example: s.example(), Clock: failpoint.Clock(), Log: s.log,
	})
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			page.ServeHTTP(w, r)
			return
		}
		api.ServeHTTP(w, r)
	}), nil
}

// example is the documented request, nil without the demo data.
func (s *stack) example() *localpage.Example {
	if !s.options.demo {
		return nil
	}
	x := &localpage.Example{Index: demo.IndexID, Connector: demo.ConnectorID, Subpath: "exports/review-team", IdempotencyKey: "export-archive-review"}
	for _, p := range demo.Runs() {
		x.Runs = append(x.Runs, p.Run.ID)
	}
	return x
}

// page is the page's address for a browser on this machine.
func (l localJSON) page() string {
	u, err := url.Parse(l.BaseURL)
	if err != nil {
		return l.BaseURL
	}
	if ip := net.ParseIP(u.Hostname()); ip.IsUnspecified() {
		u.Host = net.JoinHostPort("127.0.0.1", u.Port())
	}
	return u.Scheme + "://" + u.Host + "/"
}
