package templatetest

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// gatewayPatience is how long API Gateway waits for a whole reply.
const gatewayPatience = 29

// operations calls do with every operation of the description.
func operations(t *testing.T, do func(name string, op operation)) {
	t.Helper()
	n := 0
	for path, methods := range loadDescription(t).Paths {
		for method, op := range methods {
			n++
			do(strings.ToUpper(method)+" "+path, op)
		}
	}
	if n < 8 {
		t.Errorf("%d operations, want 8 or more", n)
	}
}

var (
	bufferedURI = regexp.MustCompile(`\Aarn:\$\{AWS::Partition}:apigateway:\$\{AWS::Region}:lambda:path/2015-03-31/functions/\$\{(\w+)\.Arn}:live/invocations\z`)
	streamedURI = regexp.MustCompile(`\Aarn:\$\{AWS::Partition}:apigateway:\$\{AWS::Region}:lambda:path/2021-11-15/functions/\$\{(\w+)\.Arn}:live/response-streaming-invocations\z`)
)

// integrated is the logical id of the function behind an operation.
func (op operation) integrated() string {
	for _, uri := range []*regexp.Regexp{bufferedURI, streamedURI} {
		if m := uri.FindStringSubmatch(op.Integration.URI); m != nil {
			return m[1]
		}
	}
	return ""
}

func TestEveryOperationHasAFunction(t *testing.T) {
	tmpl := load(t)
	all := functions(t, tmpl)
	operations(t, func(name string, op operation) {
		in := op.Integration
		f, ok := all[op.integrated()]
		if !ok || in.Type != "aws_proxy" || in.HTTPMethod != "POST" {
			t.Errorf("%s: integration %+v", name, in)
			return
		}
		checkPermission(t, tmpl, op.integrated(), "/*/*/*")
		if in.ResponseTransferMode == "STREAM" {
			return
		}
		if f.Timeout > gatewayPatience {
			t.Errorf("%s: its function may take %d s, the gateway waits %d", name, f.Timeout, gatewayPatience)
		}
		if !bufferedURI.MatchString(in.URI) || in.ResponseTransferMode != "" || in.TimeoutInMillis != 0 {
			t.Errorf("%s: a buffered integration like %+v", name, in)
		}
	})
}

// TestOnlyTheDownloadStreams: its invocation URI, transfer mode and time fit together. Only so does a document beyond
// Lambda's 6 MB reach its reader. Where the document is, the same function tells, which streams whatever it says.
func TestOnlyTheDownloadStreams(t *testing.T) {
	all := functions(t, load(t))
	var streams []string
	operations(t, func(name string, op operation) {
		in := op.Integration
		if in.ResponseTransferMode != "STREAM" && !strings.Contains(in.URI, "streaming") {
			return
		}
		streams = append(streams, name)
		limit := all[op.integrated()].Timeout
		if streamedURI.FindString(in.URI) == "" || in.ResponseTransferMode != "STREAM" || in.TimeoutInMillis != limit*1000 || limit > 900 {
			t.Errorf("%s: a streaming integration like %+v over a function of %d s", name, in, limit)
		}
	})
	slices.Sort(streams)
	if diff := cmp.Diff([]string{"GET /v2/exports/{export_id}/download", "GET /v2/exports/{export_id}/download/location"}, streams); diff != "" {
		t.Errorf("streaming operations (-want +got):\n%s", diff)
	}
}

// checkPermission: the gateway may invoke the function by its alias, for this API only.
func checkPermission(t *testing.T, tmpl template, function, path string) {
	t.Helper()
	id := strings.TrimSuffix(function, "Function") + "Permission"
	got := properties[map[string]string](t, tmpl, id, "AWS::Lambda::Permission")
	want := map[string]string{
		"Action": "lambda:InvokeFunction", "FunctionName": "${" + function + ".Alias}", "Principal": "apigateway.amazonaws.com",
		"SourceArn": "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}" + path,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", id, diff)
	}
}

// TestAuthorizer: every operation but the download stands behind it, and says so itself: API Gateway passes over security
// at the root. It names no required header and caches nothing, so that a bearer key is heard and a revoked one is refused
// at once.
func TestAuthorizer(t *testing.T) {
	d := loadDescription(t)
	if d.Security != nil {
		t.Errorf("security at the root, %v, has no effect", d.Security)
	}
	operations(t, func(name string, op operation) {
		want := []map[string][]string{{"ApiKey": {}}}
		if op.integrated() == "DownloadExportFunction" {
			want = []map[string][]string{}
		}
		if op.Security == nil {
			t.Errorf("%s says nothing of security: API Gateway would ask nobody", name)
		} else if diff := cmp.Diff(want, *op.Security); diff != "" {
			t.Errorf("%s: security (-want +got):\n%s", name, diff)
		}
	})
	scheme := d.Components.SecuritySchemes["ApiKey"]
	a := scheme.Authorizer
	m := bufferedURI.FindStringSubmatch(a.AuthorizerUri)
	if m == nil || m[1] != "AuthorizeFunction" || a.Type != "request" || a.IdentitySource != "" || a.TTL == nil || *a.TTL != 0 {
		t.Errorf("authorizer %+v", a)
	}
	if scheme.Type != "apiKey" || scheme.In != "header" || scheme.Name != "X-API-Key" {
		t.Errorf("scheme %+v", scheme)
	}
	checkPermission(t, load(t), "AuthorizeFunction", "/authorizers/*")
}

// TestGatewayResponses: what the gateway answers itself has the envelope, the request's id and, where a caller is to
// wait, whole seconds.
func TestGatewayResponses(t *testing.T) {
	want := map[string]string{ // status, code and Retry-After
		"ACCESS_DENIED":                  "401 authentication_invalid_api_key",
		"API_CONFIGURATION_ERROR":        "500 internal_error",
		"AUTHORIZER_CONFIGURATION_ERROR": "500 internal_error",
		"AUTHORIZER_FAILURE":             "503 service_unavailable '1'",
		"BAD_REQUEST_BODY":               "400 bad_request",
		"BAD_REQUEST_PARAMETERS":         "400 bad_request",
		"DEFAULT_4XX":                    "0 bad_request",
		"DEFAULT_5XX":                    "0 internal_error",
		"EXPIRED_TOKEN":                  "401 authentication_invalid_api_key",
		"INTEGRATION_FAILURE":            "503 service_unavailable '1'",
		"INTEGRATION_TIMEOUT":            "503 service_unavailable '1'",
		"INVALID_API_KEY":                "403 account_without_plan",
		"INVALID_SIGNATURE":              "401 authentication_invalid_api_key",
		"MISSING_AUTHENTICATION_TOKEN":   "404 route_not_found",
		"QUOTA_EXCEEDED":                 "429 rate_limit_exceeded '60'",
		"REQUEST_TOO_LARGE":              "413 request_too_large",
		"RESOURCE_NOT_FOUND":             "404 route_not_found",
		"THROTTLED":                      "429 rate_limit_exceeded '1'",
		"UNAUTHORIZED":                   "401 authentication_invalid_api_key",
		"UNSUPPORTED_MEDIA_TYPE":         "415 unsupported_content_type",
		"WAF_FILTERED":                   "403 request_refused",
	}
	got := map[string]string{}
	for name, r := range loadDescription(t).GatewayResponses {
		got[name] = strings.TrimSpace(fmt.Sprintf("%d %s %s", r.StatusCode, envelopeCode(t, name, r), r.ResponseParameters["gatewayresponse.header.Retry-After"]))
		if id := r.ResponseParameters["gatewayresponse.header.X-Request-ID"]; id != "context.requestId" {
			t.Errorf("%s: X-Request-ID is %q", name, id)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("gateway responses (-want +got):\n%s", diff)
	}
}

// envelopeCode is the code of the response's envelope, which must be whole.
func envelopeCode(t *testing.T, name string, r gatewayResponse) string {
	t.Helper()
	if media := slices.Collect(maps.Keys(r.ResponseTemplates)); !slices.Equal(media, []string{"application/json"}) {
		t.Errorf("%s has bodies of %s", name, media)
	}
	var body map[string]map[string]any
	if err := json.Unmarshal([]byte(r.ResponseTemplates["application/json"]), &body); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	e := body["error"]
	if diff := cmp.Diff([]string{"code", "details", "message", "request_id"}, slices.Sorted(maps.Keys(e))); diff != "" || len(body) != 1 {
		t.Errorf("%s: envelope (-want +got):\n%s", name, diff)
	}
	code, _ := e["code"].(string)
	message, _ := e["message"].(string)
	details, isObject := e["details"].(map[string]any)
	if code == "" || message == "" || !isObject || len(details) > 0 || e["request_id"] != "$context.requestId" {
		t.Errorf("%s: envelope %v", name, e)
	}
	return code
}

// TestStage: the stage's name and the routes together make the base path, and no log line holds a key or a token.
func TestStage(t *testing.T) {
	p := properties[struct {
		StageName             string
		EndpointConfiguration struct{ Type string }
		DefinitionBody        json.RawMessage
		AccessLogSetting      struct{ DestinationArn, Format string }
	}](t, load(t), "Api", "AWS::Serverless::Api")
	if p.StageName != "api" || p.EndpointConfiguration.Type != "REGIONAL" || !strings.Contains(string(p.DefinitionBody), `"api/openapi.yaml"`) {
		t.Errorf("the API is %+v over %s", p, p.DefinitionBody)
	}
	for path := range loadDescription(t).Paths {
		if !strings.HasPrefix(path, "/v2/") {
			t.Errorf("%s doesn't follow the stage's name as /api/v2/…", path)
		}
	}
	var line map[string]string
	if err := json.Unmarshal([]byte(p.AccessLogSetting.Format), &line); err != nil {
		t.Fatalf("the access log isn't JSON: %v", err)
	}
	for name, v := range line {
		for _, secret := range []string{"header", "query", "path", "Authorization", "apiKey"} {
			if strings.Contains(strings.TrimSuffix(v, "resourcePath"), secret) {
				t.Errorf("the access log's %s may hold a secret: %s", name, v)
			}
		}
	}
	if p.AccessLogSetting.DestinationArn != "${ApiLogGroup.Arn}" {
		t.Errorf("the access log goes to %s", p.AccessLogSetting.DestinationArn)
	}
}
