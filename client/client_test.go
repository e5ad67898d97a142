package client_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/videovector/exports/client"
)

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct {
		name, key string
		option    client.Option
	}{
		{"no key", " ", client.WithMaxRetries(1)},
		{"a key with a line end", "sk_live_a\r\nX-Evil: 1", client.WithMaxRetries(1)},
		{"a key beyond ASCII", "sk_live_é", client.WithMaxRetries(1)},
		{"plain http to a host", testKey, client.WithBaseURL("http://exports.example.com/api/v2")},
		{"plain http to a name that begins like loopback", testKey, client.WithBaseURL("http://localhost.example.com/api/v2")},
		{"plain http to a private address", testKey, client.WithBaseURL("http://10.0.0.1/api/v2")},
		{"another scheme", testKey, client.WithBaseURL("ftp://exports.example.com")},
		{"no scheme", testKey, client.WithBaseURL("exports.example.com/api/v2")},
		{"credentials in the URL", testKey, client.WithBaseURL("https://me:" + testKey + "@exports.example.com")},
		{"a query", testKey, client.WithBaseURL("https://exports.example.com/?key=" + testKey)},
		{"too many retries", testKey, client.WithMaxRetries(11)},
		{"negative retries", testKey, client.WithMaxRetries(-1)},
		{"no HTTP client", testKey, client.WithHTTPClient(nil)},
		{"a user agent with a line end", testKey, client.WithUserAgent("a\nb")},
	} {
		_, err := client.New(c.key, c.option)
		if err == nil {
			t.Errorf("%s: no error", c.name)
			continue
		}
		if strings.Contains(err.Error(), testKey) || strings.Contains(err.Error(), "X-Evil") {
			t.Errorf("%s: the error holds the key: %v", c.name, err)
		}
	}
}

func TestNewAccepts(t *testing.T) {
	for _, base := range []string{
		"https://exports.example.com/api/v2/", "http://127.0.0.1:3000/api/v2", "http://127.9.9.9", "http://localhost:3000/api/v2", "http://[::1]:3000",
	} {
		if _, err := client.New(testKey, client.WithBaseURL(base)); err != nil {
			t.Errorf("%s: %v", base, err)
		}
	}
	c, err := client.New("\t" + testKey + "\n")
	if err != nil || c.String() != "client of "+client.DefaultBaseURL {
		t.Errorf("New = %v, %v", c, err)
	}
}

func TestNothingSecretIsPrinted(t *testing.T) {
	c, err := client.New(testKey)
	if err != nil {
		t.Fatal(err)
	}
	params := client.CreateS3Params{AWSAccessKeyID: "AKIA", AWSSecretAccessKey: testKey}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("made", "secret", params.AWSSecretAccessKey)
	texts := []string{log.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, v := range []any{c, *c, c.Exports, *c.Exports, c.Connectors, *c.Automations, params, &params, params.AWSSecretAccessKey} {
			texts = append(texts, fmt.Sprintf(verb, v))
		}
	}
	hex := fmt.Sprintf("%x", testKey)
	for _, text := range texts {
		if strings.Contains(text, testKey[8:]) || strings.Contains(text, hex[16:]) {
			t.Errorf("a secret is printed: %s", text)
		}
	}
	if got := fmt.Sprint(client.Secret("x"), client.Secret("")); got != "[secret]" && got != "[secret] " {
		t.Errorf("secrets are printed as %q", got)
	}
}

func TestValidate(t *testing.T) {
	s := serve(t, sends(http.StatusNoContent, ""), fails(401, "authentication_invalid_api_key"))
	c, _ := connect(t, s, client.WithUserAgent("mine/1.0 (test)"))
	if err := c.Validate(t.Context()); err != nil {
		t.Errorf("Validate = %v", err)
	}
	var e *client.Error
	if err := c.Validate(t.Context()); !errors.As(err, &e) || e.StatusCode != 401 || e.Code != "authentication_invalid_api_key" {
		t.Errorf("Validate = %v", err)
	}
	r := s.requests()[0]
	if r.method != "GET" || r.path != "/api/v2/auth/validate" || r.header.Get("X-API-Key") != testKey || r.header.Get("User-Agent") != "mine/1.0 (test)" {
		t.Errorf("request = %+v", r)
	}
	if len(s.requests()) != 2 {
		t.Errorf("%d requests, want 2: a wrong key is not tried again", len(s.requests()))
	}
}

// TestRedirectIsRefused holds for every status of a redirect, and for an HTTP client that would follow.
func TestRedirectIsRefused(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the other host was asked %s with key %q", r.URL, r.Header.Get("X-API-Key"))
	}))
	defer other.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		s := serve(t, sends(status, "", "Location", other.URL+"/api/v2/exports/exp_1?key="+testKey))
		for _, opts := range [][]client.Option{nil, {client.WithHTTPClient(&http.Client{})}} {
			c, _ := connect(t, s, opts...)
			_, err := c.Exports.CreateIndexExport(t.Context(), "idx_1", client.CreateIndexExportParams{})
			var e *client.Error
			if !errors.As(err, &e) || e.StatusCode != status || e.Code != "unexpected_redirect" || strings.Contains(err.Error(), testKey) {
				t.Errorf("%d: %v", status, err)
			}
		}
		if n := len(s.requests()); n != 2 {
			t.Errorf("%d: %d requests, want 2", status, n)
		}
	}
}
