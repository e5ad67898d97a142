package templatetest

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	openapi "github.com/videovector/exports/api"
)

// TestTheGatewayValidatesNothing: its one answer to a body that breaks a schema is 400, where the API says 422 and names
// every field; and no route has a query or a header that must be there.
func TestTheGatewayValidatesNothing(t *testing.T) {
	if strings.Contains(string(openapi.Description), "request-validator") {
		t.Error("the description has a request validator")
	}
	var d struct {
		Components struct {
			Parameters map[string]struct {
				In       string
				Required bool
			}
		}
	}
	parse(t, openapi.Description, &d)
	if len(d.Components.Parameters) == 0 {
		t.Fatal("the description has no parameters")
	}
	for name, p := range d.Components.Parameters {
		if p.Required && p.In != "path" {
			t.Errorf("%s is a required %s: a validator would be free", name, p.In)
		}
	}
}

// TestThrottles: every route has a limit, and those that cost most a lower one. Each setting is of a route that exists, and who
// is over a limit is told when to come again.
func TestThrottles(t *testing.T) {
	settings := properties[struct {
		MethodSettings []struct {
			HttpMethod, ResourcePath                  string
			ThrottlingRateLimit, ThrottlingBurstLimit int
			MetricsEnabled                            bool
		}
	}](t, load(t), "Api", "AWS::Serverless::Api").MethodSettings
	got := map[string][2]int{}
	for _, s := range settings {
		got[s.HttpMethod+" "+s.ResourcePath] = [2]int{s.ThrottlingRateLimit, s.ThrottlingBurstLimit}
		path := strings.ReplaceAll(strings.TrimPrefix(s.ResourcePath, "/"), "~1", "/")
		if _, ok := loadDescription(t).Paths[path][strings.ToLower(s.HttpMethod)]; !ok && path != "*" {
			t.Errorf("a throttle of %s %s, which is no route", s.HttpMethod, path)
		}
		if !s.MetricsEnabled {
			t.Errorf("%s %s isn't measured", s.HttpMethod, s.ResourcePath)
		}
	}
	want := map[string][2]int{
		"* /*":                                   {200, 400},
		"POST /~1v2~1exports~1index~1{index_id}": {50, 100}, "POST /~1v2~1exports~1prompt-run~1{run_id}": {50, 100},
		"POST /~1v2~1exports~1{export_id}~1retry":      {50, 100},
		"POST /~1v2~1connectors~1{connector_id}~1test": {10, 20}, "POST /~1v2~1connectors~1{connector_id}~1browse": {10, 20},
		"POST /~1v2~1webhooks~1{webhook_id}~1test": {10, 20},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests a second, and at once (-want +got):\n%s", diff)
	}
	checkWait(t, "THROTTLED")
}

// checkWait: what the gateway answers itself to those who are too many is 429, and tells in how many seconds to come again.
func checkWait(t *testing.T, response string) {
	t.Helper()
	r := loadDescription(t).GatewayResponses[response]
	wait, err := strconv.Atoi(strings.Trim(r.ResponseParameters["gatewayresponse.header.Retry-After"], "'"))
	if r.StatusCode != 429 || err != nil || wait < 1 || wait > 60 {
		t.Errorf("%s is answered %d, again after %d s, %v", response, r.StatusCode, wait, err)
	}
}

// TestFirewalls: a web ACL that is given stands before the stage.
func TestFirewalls(t *testing.T) {
	got := properties[map[string]string](t, load(t), "ApiWebAcl", "AWS::WAFv2::WebACLAssociation")
	want := map[string]string{
		"ResourceArn": "arn:${AWS::Partition}:apigateway:${AWS::Region}::/restapis/${Api}/stages/${Api.Stage}", "WebACLArn": "${WebAclArn}",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the API's web ACL (-want +got):\n%s", diff)
	}
}

// TestCors: what a browser is told before its request and after it is the same, and there are no cookies in it.
func TestCors(t *testing.T) {
	type items struct{ Items []string }
	p := properties[struct {
		ResponseHeadersPolicyConfig struct {
			CorsConfig struct {
				AccessControlAllowOrigins                            struct{ Items any }
				AccessControlAllowMethods, AccessControlAllowHeaders items
				AccessControlExposeHeaders                           items
				AccessControlAllowCredentials                        *bool
				OriginOverride                                       bool
			}
		}
	}](t, load(t), "CorsPolicy", "AWS::CloudFront::ResponseHeadersPolicy").ResponseHeadersPolicyConfig.CorsConfig
	code := string(load(t).Resources["PreflightFunction"].Properties)
	for _, list := range []items{p.AccessControlAllowMethods, p.AccessControlAllowHeaders} {
		if len(list.Items) == 0 || !strings.Contains(code, "'"+strings.Join(list.Items, ", ")+"'") {
			t.Errorf("the preflight's answer hasn't %s", list.Items)
		}
	}
	if p.AccessControlAllowCredentials == nil || *p.AccessControlAllowCredentials || p.AccessControlAllowOrigins.Items != "${CorsOrigins}" || !p.OriginOverride {
		t.Errorf("CORS is %+v", p)
	}
	if len(p.AccessControlExposeHeaders.Items) == 0 {
		t.Error("pages see no header")
	}
}
