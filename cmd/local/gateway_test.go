package main

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	exports "github.com/videovector/exports"
	openapi "github.com/videovector/exports/api"
	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/localgw"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/storetest/memstore"
	"github.com/videovector/exports/internal/usagekey"
	"github.com/videovector/exports/internal/wiring"
)

const (
	gatewayKey   = "sk_test_0123456789abcdef0123456789abcdef0123456789abcdef"
	strangersKey = "sk_test_fedcba9876543210fedcba9876543210fedcba9876543210"
)

// gatewayOf is the deployed surface with the template's parameters, over the functions themselves.
func gatewayOf(t *testing.T, parameters map[string]string, usageKeys func(string) bool) http.Handler {
	t.Helper()
	records := memstore.New()
	for key, account := range map[string]string{gatewayKey: "acct_1", strangersKey: "acct_2"} {
		k := store.APIKey{Hash: auth.HashKey(key), KeyID: "key_" + account, AccountID: account, Scope: "read"}
		if err := records.CreateAPIKey(t.Context(), k); err != nil {
			t.Fatal(err)
		}
	}
	ring, err := auth.NewKeyring(auth.Keys{Current: bytes.Repeat([]byte("k"), auth.MinKeyBytes)})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	functions, err := inProcess(wiring.Parts{Store: records, Keyring: ring, Origin: "https://api.example.com", Clock: time.Now, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	ids := 0
	h, err := localgw.New(localgw.Config{
		OpenAPI: openapi.Description, Template: exports.Template, Parameters: parameters, UsageKeys: usageKeys, Functions: functions,
		Stage: "api", Region: region, AccountID: awsAccount, APIID: "local", Clock: time.Now, Log: log,
		NewID: func() string { ids++; return strings.Repeat("r", ids) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// ask sends a request with headers in pairs.
func ask(t *testing.T, h http.Handler, method, path string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "https://api.example.com/api/v2"+path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

// corsHeaders are the reply's that speak of origins.
func corsHeaders(r *http.Response) map[string]string {
	out := map[string]string{}
	for name := range r.Header {
		if strings.HasPrefix(name, "Access-Control-") || name == "Vary" {
			out[name] = r.Header.Get(name)
		}
	}
	return out
}

const ours, second, foreign = "https://app.example.com", "https://b.example.com:8443", "https://evil.example.com"

// TestCorsWithoutTheEdge: what a browser is told, by functions and by the gateway itself.
func TestCorsWithoutTheEdge(t *testing.T) {
	two := gatewayOf(t, map[string]string{"EdgeDownloads": "off", "CorsOrigins": ours + "," + second}, nil)
	one := gatewayOf(t, map[string]string{"EdgeDownloads": "off", "CorsOrigins": ours}, nil)
	none := gatewayOf(t, nil, nil)
	preflight := []string{"Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "x-api-key"}
	exposed := "X-Request-ID, Retry-After, Location, Link, Idempotency-Replayed, Content-Disposition, Preference-Applied"
	for name, c := range map[string]struct {
		gateway      http.Handler
		method, path string
		header       []string
		status       int
		want         map[string]string
	}{
		"preflight": {two, "OPTIONS", "/exports/exp_1", append([]string{"Origin", ours}, preflight...), 204, map[string]string{
			"Access-Control-Allow-Origin": ours, "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
			"Access-Control-Allow-Headers": "X-API-Key, Authorization, Content-Type, Idempotency-Key, Prefer", "Access-Control-Max-Age": "600", "Vary": "Origin",
		}},
		"preflight of a foreign page": {two, "OPTIONS", "/exports/exp_1", append([]string{"Origin", foreign}, preflight...), 204, map[string]string{"Vary": "Origin"}},
		"preflight of no page":        {two, "OPTIONS", "/exports", nil, 204, map[string]string{"Vary": "Origin"}},
		"the second origin": {two, "GET", "/exports", []string{"Origin", second, "X-API-Key", gatewayKey}, 200, map[string]string{
			"Access-Control-Allow-Origin": second, "Access-Control-Expose-Headers": exposed, "Vary": "Origin",
		}},
		"a foreign page":        {two, "GET", "/exports", []string{"Origin", foreign, "X-API-Key", gatewayKey}, 200, map[string]string{"Vary": "Origin"}},
		"a name that only ends": {two, "GET", "/exports", []string{"Origin", "https://notapp.example.com", "X-API-Key", gatewayKey}, 200, map[string]string{"Vary": "Origin"}},
		"another spelling":      {two, "GET", "/exports", []string{"Origin", "https://APP.example.com", "X-API-Key", gatewayKey}, 200, map[string]string{"Vary": "Origin"}},
		"nobody's page":         {two, "GET", "/exports", []string{"Origin", "null", "X-API-Key", gatewayKey}, 200, map[string]string{"Vary": "Origin"}},
		"a function's error": {two, "GET", "/exports/exp_1", []string{"Origin", ours, "X-API-Key", gatewayKey}, 404, map[string]string{
			"Access-Control-Allow-Origin": ours, "Access-Control-Expose-Headers": exposed, "Vary": "Origin",
		}},
		"a function that streams": {two, "GET", "/exports/exp_1/download", []string{"Origin", ours}, 401, map[string]string{
			"Access-Control-Allow-Origin": ours, "Access-Control-Expose-Headers": exposed, "Vary": "Origin",
		}},
		"the gateway's error, of one origin":  {one, "GET", "/exports", []string{"Origin", ours}, 401, map[string]string{"Access-Control-Allow-Origin": ours}},
		"the gateway's error, of two origins": {two, "GET", "/exports", []string{"Origin", ours}, 401, map[string]string{}},
		"by default":                          {none, "GET", "/exports", []string{"Origin", ours, "X-API-Key", gatewayKey}, 200, map[string]string{}},
		"by default, a preflight":             {none, "OPTIONS", "/exports", append([]string{"Origin", ours}, preflight...), 404, map[string]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, c.gateway, c.method, c.path, c.header...)
			if diff := cmp.Diff(c.want, corsHeaders(got)); diff != "" || got.StatusCode != c.status {
				t.Errorf("%d, want %d (-want +got):\n%s", got.StatusCode, c.status, diff)
			}
			if got.Header.Get("X-Request-Id") == "" {
				t.Error("the answer has no X-Request-ID")
			}
		})
	}
}

// listed are the items of a policy's list.
type listed struct {
	Items []string `yaml:"Items"`
}

// TestCorsIsTheEdges: without the edge pages may do what CloudFront's policy lets them do with it.
func TestCorsIsTheEdges(t *testing.T) {
	var tmpl struct {
		Resources struct {
			CorsPolicy struct {
				Properties struct {
					Config struct {
						Cors struct {
							Methods listed `yaml:"AccessControlAllowMethods"`
							Headers listed `yaml:"AccessControlAllowHeaders"`
							Exposed listed `yaml:"AccessControlExposeHeaders"`
							MaxAge  string `yaml:"AccessControlMaxAgeSec"`
						} `yaml:"CorsConfig"`
					} `yaml:"ResponseHeadersPolicyConfig"`
				} `yaml:"Properties"`
			} `yaml:"CorsPolicy"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(exports.Template, &tmpl); err != nil {
		t.Fatal(err)
	}
	edge := tmpl.Resources.CorsPolicy.Properties.Config.Cors
	h := gatewayOf(t, map[string]string{"EdgeDownloads": "off", "CorsOrigins": ours}, nil)
	asked := ask(t, h, "OPTIONS", "/exports", "Origin", ours).Header
	answered := ask(t, h, "GET", "/exports", "Origin", ours, "X-API-Key", gatewayKey).Header
	for name, pair := range map[string][2]string{
		"methods": {strings.Join(edge.Methods.Items, ", "), asked.Get("Access-Control-Allow-Methods")},
		"headers": {strings.Join(edge.Headers.Items, ", "), asked.Get("Access-Control-Allow-Headers")},
		"exposed": {strings.Join(edge.Exposed.Items, ", "), answered.Get("Access-Control-Expose-Headers")},
		"max age": {edge.MaxAge, asked.Get("Access-Control-Max-Age")},
	} {
		if pair[0] != pair[1] || pair[0] == "" {
			t.Errorf("%s: %q at the edge, %q without", name, pair[0], pair[1])
		}
	}
}

// TestUsagePlan: with a plan, an account that is not in it is the gateway's to refuse, in the envelope; downloads, which
// the authorizer doesn't see, are not counted. Without one nobody is asked.
func TestUsagePlan(t *testing.T) {
	var asked []string
	known := func(key string) bool { asked = append(asked, key); return key == usagekey.Of("acct_1") }
	on := gatewayOf(t, map[string]string{"UsagePlan": "on"}, known)
	for name, c := range map[string]struct {
		gateway   http.Handler
		path, key string
		status    int
		code      string
	}{
		"in the plan":            {on, "/exports", gatewayKey, 200, ""},
		"not in the plan":        {on, "/exports", strangersKey, 403, "account_without_plan"},
		"no key":                 {on, "/exports", "", 401, "authentication_invalid_api_key"},
		"a download":             {on, "/exports/exp_1/download", strangersKey, 404, "export_not_found"},
		"while it is prepared":   {gatewayOf(t, map[string]string{"UsagePlan": "prepare"}, known), "/exports", strangersKey, 200, ""},
		"without a plan":         {gatewayOf(t, nil, known), "/exports", strangersKey, 200, ""},
		"where nobody is listed": {gatewayOf(t, map[string]string{"UsagePlan": "on"}, nil), "/exports", strangersKey, 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, c.gateway, "GET", c.path, "X-API-Key", c.key)
			body, err := io.ReadAll(got.Body)
			if err != nil {
				t.Fatal(err)
			}
			if got.StatusCode != c.status || c.code != "" && !strings.Contains(string(body), `"code":"`+c.code+`"`) {
				t.Errorf("%d %s, want %d %s", got.StatusCode, body, c.status, c.code)
			}
			if strings.Contains(string(body), usagekey.Of("acct_2")) {
				t.Error("the usage key is told")
			}
		})
	}
	// The key of a caller's own is none of API Gateway's, whatever it is.
	if got := ask(t, on, "GET", "/exports", "Authorization", "Bearer "+strangersKey, "x-api-key", usagekey.Of("acct_1")); got.StatusCode != 401 {
		t.Errorf("somebody sent another account's usage key: %d", got.StatusCode)
	}
	for _, key := range asked {
		if key != usagekey.Of("acct_1") && key != usagekey.Of("acct_2") {
			t.Errorf("asked about %s", key)
		}
	}
}
