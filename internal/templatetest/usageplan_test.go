package templatetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	exports "github.com/videovector/exports"
	"github.com/videovector/exports/internal/cfn"
)

// TestUsagePlan: only with "on" do routes need a usage key, every one that stands behind the authorizer, which gives it.
// Before that, the plan can be there to put accounts into. Who is over it is told when to come again.
func TestUsagePlan(t *testing.T) {
	for value, want := range map[string]struct {
		plan, needed bool
		source       string
	}{"off": {false, false, "HEADER"}, "prepare": {true, false, "HEADER"}, "on": {true, true, "AUTHORIZER"}} {
		values := map[string]string{"UsagePlan": value}
		stack, err := cfn.Load(exports.Template, values)
		if err != nil {
			t.Fatal(err)
		}
		for condition, should := range map[string]bool{"HasUsagePlan": want.plan, "NeedsUsageKey": want.needed, "HasUsageQuota": false} {
			if holds, err := stack.Holds(condition); err != nil || holds != should {
				t.Errorf("%s: %s is %v, %v", value, condition, holds, err)
			}
		}
		d := describedBy(t, values)
		if d.KeySource != want.source {
			t.Errorf("%s: keys come from %s", value, d.KeySource)
		}
		for path, methods := range d.Paths {
			for method, op := range methods {
				guarded := op.Security != nil && slices.ContainsFunc(*op.Security, func(r map[string][]string) bool { _, ok := r["ApiKey"]; return ok })
				metered := op.Security != nil && slices.ContainsFunc(*op.Security, func(r map[string][]string) bool { _, ok := r["UsageKey"]; return ok })
				if metered != (guarded && want.needed) {
					t.Errorf("%s: %s %s needs a usage key: %v", value, method, path, metered)
				}
			}
		}
		scheme := d.Components.SecuritySchemes["UsageKey"]
		if scheme.Type != "apiKey" || scheme.In != "header" || scheme.Name != "x-api-key" || scheme.Authorizer.Type != "" {
			t.Errorf("%s: API Gateway knows its own keys by another scheme than %+v", value, scheme)
		}
	}

	for _, response := range []string{"THROTTLED", "QUOTA_EXCEEDED"} {
		checkWait(t, response)
	}

	c := loadConditional(t)
	plan := c.Resources["ApiUsagePlan"]
	var got any
	if err := json.Unmarshal(plan.Properties, &got); err != nil {
		t.Fatal(err)
	}
	wanted := map[string]any{
		"UsagePlanName": "${AWS::StackName}", "Description": "Limits of each account",
		"ApiStages": []any{map[string]any{"ApiId": "${Api}", "Stage": "${Api.Stage}"}},
		"Throttle":  map[string]any{"RateLimit": "${UsagePlanRate}", "BurstLimit": "${UsagePlanBurst}"},
		"Quota":     when("HasUsageQuota", map[string]any{"Limit": "${UsagePlanDailyQuota}", "Period": "DAY"}, nothing),
	}
	if diff := cmp.Diff(wanted, got); diff != "" || plan.Type != "AWS::ApiGateway::UsagePlan" || plan.Condition != "HasUsagePlan" {
		t.Errorf("%s if %s (-want +got):\n%s", plan.Type, plan.Condition, diff)
	}
	if out := c.Outputs["UsagePlanId"]; out.Condition != "HasUsagePlan" || out.Value != "${ApiUsagePlan}" {
		t.Errorf("the plan's id is told by %+v", out)
	}
	if c.Parameters["UsagePlan"].Default != "off" {
		t.Error("there is a plan without asking for it")
	}
}

// TestCorsWithoutTheEdge: with origins and without the edge every path answers preflights, unasked who is there, and the
// gateway's own errors name the origin where there is only one: it can't choose. Else nothing speaks of origins.
func TestCorsWithoutTheEdge(t *testing.T) {
	for name, c := range map[string]struct {
		values    map[string]string
		preflight bool
		origin    string // of the gateway's own errors
	}{
		"default":     {nil, false, ""},
		"at the edge": {map[string]string{"CorsOrigins": "https://a.example.com"}, false, ""},
		"no origins":  {map[string]string{"EdgeDownloads": "off"}, false, ""},
		"one origin":  {map[string]string{"EdgeDownloads": "off", "CorsOrigins": "https://a.example.com"}, true, "'https://a.example.com'"},
		"two origins": {map[string]string{"EdgeDownloads": "off", "CorsOrigins": "https://a.example.com,https://b.example.com"}, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := describedBy(t, c.values)
			ids := map[string]bool{}
			for path, methods := range d.Paths {
				op, ok := methods["options"]
				if ok != c.preflight {
					t.Errorf("%s answers preflights: %v", path, ok)
					continue
				}
				if !ok {
					continue
				}
				if ids[op.OperationID] || !strings.HasPrefix(op.OperationID, "preflight") || op.integrated() != "ReadExportFunction" || op.Security == nil || len(*op.Security) > 0 {
					t.Errorf("%s: preflight %+v", path, op)
				}
				ids[op.OperationID] = true
			}
			for kind, r := range d.GatewayResponses {
				if got := r.ResponseParameters["gatewayresponse.header.Access-Control-Allow-Origin"]; got != c.origin {
					t.Errorf("%s names the origin %q, want %q", kind, got, c.origin)
				}
			}
			if len(d.Paths) == 0 || len(d.GatewayResponses) == 0 {
				t.Error(fmt.Sprint(len(d.Paths), " paths, ", len(d.GatewayResponses), " responses: the test shows nothing"))
			}
		})
	}
}
