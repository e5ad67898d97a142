package localpage

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestGuard(t *testing.T) {
	served := guard(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	const here, lan = "127.0.0.1:3000", "192.168.1.5:3000"
	for name, c := range map[string]struct {
		method, remote, reached, host string
		header                        []string
		allowed                       bool
	}{
		"a browser here":                      {"GET", "127.0.0.1:5", here, "127.0.0.1:3000", nil, true},
		"by name":                             {"GET", "127.0.0.1:5", here, "LocalHost:3000", nil, true},
		"by name without a port":              {"GET", "127.0.0.1:5", here, "localhost", nil, true},
		"over IPv6":                           {"GET", "[::1]:5", "[::1]:3000", "[::1]:3000", nil, true},
		"at the machine's own address":        {"GET", "192.168.1.5:5", lan, "192.168.1.5:3000", nil, true},
		"from the network":                    {"GET", "192.168.1.9:5", lan, "192.168.1.5:3000", nil, false},
		"from the network, as if from here":   {"GET", "192.168.1.9:5", lan, "127.0.0.1:3000", nil, false},
		"through a proxy that says from here": {"GET", "192.168.1.9:5", lan, "localhost:3000", []string{"X-Forwarded-For", "127.0.0.1"}, false},
		"a foreign name that leads here":      {"GET", "127.0.0.1:5", here, "evil.example:3000", nil, false},
		"a name that only begins well":        {"GET", "127.0.0.1:5", here, "localhost.evil.example:3000", nil, false},
		"an address that isn't ours":          {"GET", "127.0.0.1:5", here, "10.0.0.1:3000", nil, false},
		"no name":                             {"GET", "127.0.0.1:5", here, "", nil, false},
		"no client":                           {"GET", "", here, "localhost", nil, false},

		"the page's own request":         {"GET", "127.0.0.1:5", here, "127.0.0.1:3000", []string{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors"}, true},
		"typed in":                       {"GET", "127.0.0.1:5", here, "127.0.0.1:3000", []string{"Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate"}, true},
		"a link on another site":         {"GET", "127.0.0.1:5", here, "127.0.0.1:3000", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, true},
		"a frame on another site":        {"GET", "127.0.0.1:5", here, "127.0.0.1:3000", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, false},
		"an image on another site":       {"GET", "127.0.0.1:5", here, "127.0.0.1:3000", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"}, false},
		"a script at another port":       {"GET", "127.0.0.1:5", here, "127.0.0.1:3000", []string{"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "cors"}, false},
		"the page's own form":            {"POST", "127.0.0.1:5", here, "127.0.0.1:3000", []string{"Sec-Fetch-Site", "same-origin", "Origin", "http://127.0.0.1:3000"}, true},
		"its form in an older browser":   {"POST", "127.0.0.1:5", here, "127.0.0.1:3000", []string{"Origin", "http://127.0.0.1:3000"}, true},
		"another site's form":            {"POST", "127.0.0.1:5", here, "127.0.0.1:3000", []string{"Sec-Fetch-Site", "cross-site", "Origin", "http://evil.example", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, false},
		"another port's form":            {"POST", "127.0.0.1:5", here, "127.0.0.1:3000", []string{"Sec-Fetch-Site", "same-site", "Origin", "http://127.0.0.1:8080", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, false},
		"the same in an older browser":   {"POST", "127.0.0.1:5", here, "127.0.0.1:3000", []string{"Origin", "http://127.0.0.1:8080"}, false},
		"a form without an origin":       {"POST", "127.0.0.1:5", here, "127.0.0.1:3000", []string{"Origin", "null"}, false},
		"a form at a foreign name":       {"POST", "127.0.0.1:5", here, "evil.example", []string{"Sec-Fetch-Site", "same-origin", "Origin", "http://evil.example"}, false},
		"a program that is no browser":   {"POST", "127.0.0.1:5", here, "127.0.0.1:3000", nil, true},
		"the same from the network":      {"POST", "192.168.1.9:5", lan, "192.168.1.5:3000", nil, false},
		"a method that changes":          {"DELETE", "127.0.0.1:5", here, "127.0.0.1:3000", []string{"Origin", "http://evil.example"}, false},
		"a client at an unknown address": {"GET", "127.0.0.1:5", "", "127.0.0.1:3000", nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, "/", nil)
			r.RemoteAddr, r.Host = c.remote, c.host
			if c.reached != "" {
				r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, addr(c.reached)))
			}
			for i := 0; i+1 < len(c.header); i += 2 {
				r.Header.Set(c.header[i], c.header[i+1])
			}
			rw := httptest.NewRecorder()
			served.ServeHTTP(rw, r)
			if allowed := rw.Code == http.StatusNoContent; allowed != c.allowed || !allowed && rw.Code != http.StatusForbidden {
				t.Errorf("status %d, want it allowed: %v", rw.Code, c.allowed)
			}
			if rw.Header().Get("X-Content-Type-Options") != "nosniff" || rw.Header().Get("Cross-Origin-Resource-Policy") != "same-origin" {
				t.Errorf("headers %v", rw.Header())
			}
		})
	}
}
