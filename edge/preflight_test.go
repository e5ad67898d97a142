package edge

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	exports "github.com/videovector/exports"
)

// preflight is the CloudFront Function of the template, for the origins, as a module.
func preflight(t *testing.T, origins string) string {
	t.Helper()
	var tmpl struct {
		Resources map[string]struct {
			Properties struct {
				FunctionCode yaml.Node `yaml:"FunctionCode"`
			} `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(exports.Template, &tmpl); err != nil {
		t.Fatal(err)
	}
	code := tmpl.Resources["PreflightFunction"].Properties.FunctionCode
	if len(code.Content) != 2 {
		t.Fatalf("the code is %v", code)
	}
	text := code.Content[0].Value
	if strings.Count(text, "${") != 1 || len(text) > 10<<10 {
		t.Errorf("the code isn't what Fn::Sub and CloudFront take:\n%s", text)
	}
	module := filepath.Join(t.TempDir(), "preflight.mjs")
	text = strings.Replace(text, "${Origins}", origins, 1) + "\nexport { handler };\n"
	if err := os.WriteFile(module, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return module
}

// TestPreflight: a browser's question from an origin on the list is answered; everything else goes on as it is.
func TestPreflight(t *testing.T) {
	f := startFunction(t, preflight(t, "https://app.example.com,https://other.example.com:8443"), "")
	type value struct {
		Value string `json:"value"`
	}
	asks := map[string]value{"access-control-request-method": {"POST"}}
	from := func(origin string, more map[string]value) map[string]value {
		h := map[string]value{"origin": {origin}}
		for name, v := range more {
			h[name] = v
		}
		return h
	}
	for name, c := range map[string]struct {
		method  string
		headers map[string]value
		answers string
	}{
		"on the list":              {"OPTIONS", from("https://app.example.com", asks), "https://app.example.com"},
		"last on the list":         {"OPTIONS", from("https://other.example.com:8443", asks), "https://other.example.com:8443"},
		"not on the list":          {"OPTIONS", from("https://evil.example.com", asks), ""},
		"the beginning of one":     {"OPTIONS", from("https://app.example.co", asks), ""},
		"the list itself":          {"OPTIONS", from("https://app.example.com,https://other.example.com:8443", asks), ""},
		"no origin":                {"OPTIONS", asks, ""},
		"no question":              {"OPTIONS", from("https://app.example.com", nil), ""},
		"the request that's meant": {"POST", from("https://app.example.com", asks), ""},
	} {
		t.Run(name, func(t *testing.T) {
			request := map[string]any{"method": c.method, "uri": "/api/v2/exports", "querystring": map[string]any{}, "headers": c.headers}
			raw, err := f.call(map[string]any{"version": "1.0", "context": map[string]string{"eventType": "viewer-request"}, "request": request})
			if err != nil {
				t.Fatal(err)
			}
			var got struct {
				StatusCode int              `json:"statusCode"`
				Method     string           `json:"method"`
				Headers    map[string]value `json:"headers"`
			}
			if err := json.Unmarshal(raw, &got); err != nil {
				t.Fatal(err)
			}
			if c.answers == "" {
				if diff := cmp.Diff(c.headers, got.Headers); diff != "" || got.StatusCode != 0 || got.Method != c.method {
					t.Errorf("it didn't go on as it was: %s", raw)
				}
				return
			}
			if got.StatusCode != 204 || got.Headers["access-control-allow-origin"].Value != c.answers || got.Headers["vary"].Value != "Origin" ||
				!strings.Contains(got.Headers["access-control-allow-headers"].Value, "X-API-Key") {
				t.Errorf("the answer is %s", raw)
			}
		})
	}
}
