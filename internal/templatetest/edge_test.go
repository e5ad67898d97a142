package templatetest

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	exports "github.com/videovector/exports"
)

// conditional is the template, as far as it depends on parameters.
type conditional struct {
	Parameters map[string]struct{ Default any }
	Conditions map[string]any
	Resources  map[string]struct {
		Type, Condition string
		DependsOn       any
		Properties      json.RawMessage
	}
	Outputs map[string]struct {
		Condition string
		Value     any
	}
}

func loadConditional(t *testing.T) conditional {
	t.Helper()
	var c conditional
	parse(t, exports.Template, &c)
	return c
}

// when is the choice of an Fn::If.
func when(condition string, yes, no any) map[string]any {
	return map[string]any{"Fn::If": []any{condition, yes, no}}
}

const (
	nothing = "${AWS::NoValue}"
	distDNS = "${Distribution.DomainName}"
	apiHost = "${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}"
)

// TestEdgeIsOnUnlessTurnedOff: all of CloudFront hangs on one parameter, and without it the API has its own domain.
func TestEdgeIsOnUnlessTurnedOff(t *testing.T) {
	c := loadConditional(t)
	got := map[string]string{}
	for id, r := range c.Resources {
		if strings.HasPrefix(r.Type, "AWS::CloudFront::") || r.Condition != "" {
			got[id] = r.Condition
		}
	}
	want := map[string]string{
		"Distribution": "HasEdge", "ApiCachePolicy": "HasEdge", "ArtifactsRequestPolicy": "HasEdge", "ArtifactsAccess": "HasEdge",
		"Edge": "NestsEdgeFunction", "CorsPolicy": "HasCors", "PreflightFunction": "HasCors",
		"Domain": "HasApiDomain", "DomainMapping": "HasApiDomain", "ApiWebAcl": "HasWebAcl",
		"ApiAccount": "CreatesApiLogRole", "ApiAccountRole": "CreatesApiLogRole",
	}
	for id := range want {
		if got[id] != want[id] {
			t.Errorf("%s is made if %q, want %q", id, got[id], want[id])
		}
	}
	for id, r := range c.Resources {
		if strings.HasPrefix(r.Type, "AWS::CloudFront::") && want[id] == "" {
			t.Errorf("%s isn't known here", id)
		}
	}
	equals := func(name, value string) map[string]any {
		return map[string]any{"Fn::Equals": []any{"${" + name + "}", value}}
	}
	not := func(v any) map[string]any { return map[string]any{"Fn::Not": []any{v}} }
	is := func(name string) map[string]any { return map[string]any{"Fn::Condition": name} }
	conditions := map[string]any{
		"HasEdge":           equals("EdgeDownloads", "on"),
		"NestsEdgeFunction": map[string]any{"Fn::And": []any{is("HasEdge"), equals("EdgeFunctionArn", "")}},
		"HasApiDomain":      map[string]any{"Fn::And": []any{is("HasDomain"), not(is("HasEdge"))}},
	}
	for name, want := range conditions {
		if diff := cmp.Diff(want, c.Conditions[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for name, want := range map[string]string{"EdgeDownloads": "on", "EdgeFunctionArn": "", "WebAclArn": "", "EdgeWebAclArn": "", "CorsOrigins": "", "DomainName": ""} {
		if got := c.Parameters[name].Default; got != want {
			t.Errorf("%s is %q unless given, want %q", name, got, want)
		}
	}
}

// TestParametersThatContradictEachOther are refused before anything is made, and the refusal says what to do.
func TestParametersThatContradictEachOther(t *testing.T) {
	var c struct {
		Rules map[string]struct {
			RuleCondition any
			Assertions    []struct {
				Assert            any
				AssertDescription string
			}
		}
	}
	parse(t, exports.Template, &c)
	equals := func(name, value string) map[string]any {
		return map[string]any{"Fn::Equals": []any{"${" + name + "}", value}}
	}
	not := func(v any) map[string]any { return map[string]any{"Fn::Not": []any{v}} }
	for name, want := range map[string]struct {
		condition any
		asserts   []any
		says      string
	}{
		"DomainNeedsCertificate": {not(equals("DomainName", "")), []any{not(equals("CertificateArn", ""))}, "certificate"},
		"WithoutTheEdge": {
			equals("EdgeDownloads", "off"), []any{equals("EdgeWebAclArn", "")}, "needs EdgeDownloads on",
		},
		"EdgeNeedsItsFunction": {
			map[string]any{"Fn::And": []any{equals("EdgeDownloads", "on"), not(equals("AWS::Region", "us-east-1"))}},
			[]any{not(equals("EdgeFunctionArn", ""))}, "edge/template.yaml",
		},
	} {
		rule := c.Rules[name]
		if diff := cmp.Diff(want.condition, rule.RuleCondition); diff != "" {
			t.Errorf("%s asks (-want +got):\n%s", name, diff)
		}
		var asserts []any
		for _, a := range rule.Assertions {
			asserts = append(asserts, a.Assert)
			if !strings.Contains(a.AssertDescription, want.says) {
				t.Errorf("%s says %q", name, a.AssertDescription)
			}
		}
		if diff := cmp.Diff(want.asserts, asserts); diff != "" {
			t.Errorf("%s wants (-want +got):\n%s", name, diff)
		}
	}
}

// TestPublicOrigin: links, the base URL and the DNS record lead to the domain, else to the distribution, else to the API.
func TestPublicOrigin(t *testing.T) {
	c := loadConditional(t)
	var api struct {
		Variables map[string]any
	}
	if err := json.Unmarshal(c.Resources["Api"].Properties, &api); err != nil {
		t.Fatal(err)
	}
	at := func(path string) any {
		return when("HasDomain", "https://${DomainName}"+path, when("HasEdge", "https://"+distDNS+path, "https://"+apiHost+path))
	}
	want := map[string]any{
		"public_origin": at(""), "usage_plan": when("NeedsUsageKey", "on", "off"),
		"cors_origins": when("HasApiCors", map[string]any{"Fn::Join": []any{",", "${CorsOrigins}"}}, "none"),
	}
	if diff := cmp.Diff(want, api.Variables); diff != "" {
		t.Errorf("the stage's variables (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(at("/api/v2"), c.Outputs["BaseUrl"].Value); diff != "" {
		t.Errorf("the base URL (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(any(when("HasEdge", distDNS, "${Domain.RegionalDomainName}")), c.Outputs["DomainTarget"].Value); diff != "" {
		t.Errorf("the target of the domain (-want +got):\n%s", diff)
	}
}

// behavior is how a distribution serves a path.
type behavior struct {
	PathPattern, TargetOriginId, ViewerProtocolPolicy string
	AllowedMethods                                    []string
	Compress                                          *bool
	CachePolicyId, OriginRequestPolicyId              string
	ResponseHeadersPolicyId, FunctionAssociations     any
	LambdaFunctionAssociations                        []map[string]any
}

// TestDistribution: everything goes to the API as it is but downloads, which the function lets through to the bucket.
// Nothing is compressed or logged, and nobody gets what another one asked for.
func TestDistribution(t *testing.T) {
	config := properties[struct {
		DistributionConfig struct {
			Enabled                               bool
			Aliases, ViewerCertificate, WebACLId  any
			Logging                               any
			Origins                               []map[string]any
			DefaultCacheBehavior                  behavior
			CacheBehaviors                        []behavior
			CustomErrorResponses, DefaultRootPath any
		}
	}](t, load(t), "Distribution", "AWS::CloudFront::Distribution").DistributionConfig
	no := false
	all := []string{"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"}
	version := when("NestsEdgeFunction", "${Edge.Outputs.DownloadVersionArn}", "${EdgeFunctionArn}")
	api := behavior{
		TargetOriginId: "api", ViewerProtocolPolicy: "https-only", AllowedMethods: all, Compress: &no,
		CachePolicyId: "${ApiCachePolicy}", OriginRequestPolicyId: "b689b0a8-53d0-40ab-baf2-68738e2966ac",
		ResponseHeadersPolicyId: when("HasCors", "${CorsPolicy}", nothing),
		FunctionAssociations: when("HasCors", []any{
			map[string]any{"EventType": "viewer-request", "FunctionARN": "${PreflightFunction.FunctionARN}"},
		}, nothing),
	}
	downloads := behavior{
		PathPattern: "/api/v2/exports/*/download", TargetOriginId: "artifacts", ViewerProtocolPolicy: "https-only", AllowedMethods: all, Compress: &no,
		CachePolicyId: "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", OriginRequestPolicyId: "${ArtifactsRequestPolicy}",
		ResponseHeadersPolicyId: when("HasCors", "${CorsPolicy}", nothing),
		LambdaFunctionAssociations: []map[string]any{
			{"EventType": "viewer-request", "LambdaFunctionARN": version}, {"EventType": "origin-response", "LambdaFunctionARN": version},
		},
	}
	if diff := cmp.Diff([]behavior{api, downloads}, append([]behavior{config.DefaultCacheBehavior}, config.CacheBehaviors...)); diff != "" {
		t.Errorf("behaviors (-want +got):\n%s", diff)
	}
	origins := []map[string]any{
		{"Id": "api", "DomainName": apiHost, "CustomOriginConfig": map[string]any{
			"OriginProtocolPolicy": "https-only", "OriginSSLProtocols": []any{"TLSv1.2"}, "OriginReadTimeout": 60.0,
		}},
		{"Id": "artifacts", "DomainName": "${ArtifactsBucket.RegionalDomainName}", "OriginAccessControlId": "${ArtifactsAccess}",
			"S3OriginConfig": map[string]any{"OriginAccessIdentity": ""}},
	}
	if diff := cmp.Diff(origins, config.Origins); diff != "" {
		t.Errorf("origins (-want +got):\n%s", diff)
	}
	if config.Logging != nil { // the standard log has the query string
		t.Errorf("the distribution logs: %v", config.Logging)
	}
	if config.CustomErrorResponses != nil { // they would replace the API's own errors too
		t.Errorf("errors are replaced: %v", config.CustomErrorResponses)
	}
	if diff := cmp.Diff(any(when("HasDomain", []any{"${DomainName}"}, nothing)), config.Aliases); diff != "" || !config.Enabled {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(any(when("HasEdgeWebAcl", "${EdgeWebAclArn}", nothing)), config.WebACLId); diff != "" {
		t.Errorf("web ACL (-want +got):\n%s", diff)
	}
}

// TestCredentialsAreInTheCacheKey: what CloudFront may answer with one reply, when requests come at the same moment, is
// of one caller.
func TestCredentialsAreInTheCacheKey(t *testing.T) {
	p := properties[struct {
		CachePolicyConfig struct {
			MinTTL, DefaultTTL, MaxTTL int
			Key                        struct {
				HeadersConfig      struct{ Headers []string }
				QueryStringsConfig struct{ QueryStringBehavior string }
			} `json:"ParametersInCacheKeyAndForwardedToOrigin"`
		}
	}](t, load(t), "ApiCachePolicy", "AWS::CloudFront::CachePolicy").CachePolicyConfig
	if diff := cmp.Diff([]string{"Authorization", "X-API-Key"}, p.Key.HeadersConfig.Headers); diff != "" ||
		p.Key.QueryStringsConfig.QueryStringBehavior != "all" || p.MinTTL != 0 || p.DefaultTTL != 0 || p.MaxTTL != 1 {
		t.Errorf("the cache's key is made of %+v", p)
	}
}

// TestTheDistributionReadsDocumentsAlone: the bucket lets in this stack's distribution, to documents, if there is one.
func TestTheDistributionReadsDocumentsAlone(t *testing.T) {
	p := properties[struct {
		PolicyDocument struct{ Statement []map[string]any }
	}](t, load(t), "ArtifactsBucketPolicy", "AWS::S3::BucketPolicy")
	want := when("HasEdge", map[string]any{
		"Effect": "Allow", "Principal": map[string]any{"Service": "cloudfront.amazonaws.com"}, "Action": "s3:GetObject",
		"Resource":  "${ArtifactsBucket.Arn}/artifacts/*",
		"Condition": map[string]any{"StringEquals": map[string]any{"AWS:SourceArn": "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}"}},
	}, nothing)
	n := 0
	for _, s := range p.PolicyDocument.Statement {
		if s["Fn::If"] == nil && s["Effect"] == "Allow" {
			t.Errorf("somebody else is let in: %v", s)
		}
		if s["Fn::If"] != nil {
			n++
			if diff := cmp.Diff(want, s); diff != "" {
				t.Errorf("the edge's statement (-want +got):\n%s", diff)
			}
		}
	}
	if n != 1 {
		t.Errorf("%d conditional statements, want 1", n)
	}
	access := properties[struct{ OriginAccessControlConfig map[string]string }](t, load(t), "ArtifactsAccess", "AWS::CloudFront::OriginAccessControl")
	c := access.OriginAccessControlConfig
	if c["SigningBehavior"] != "always" || c["SigningProtocol"] != "sigv4" || c["OriginAccessControlOriginType"] != "s3" {
		t.Errorf("origin access control %v", c)
	}
}

// TestEdgeFunction: what Lambda@Edge allows (no environment, x86_64, 128 MB and 5 s for a viewer's request, a numbered
// version), and a role that may do nothing.
func TestEdgeFunction(t *testing.T) {
	text, err := os.ReadFile("../../edge/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var tmpl struct {
		template
		Outputs map[string]struct{ Value string }
	}
	parse(t, text, &tmpl)
	f := properties[struct {
		function
		AutoPublishAlias string
	}](t, tmpl.template, "DownloadFunction", functionType)
	if f.Runtime != "nodejs22.x" || !slices.Equal(f.Architectures, []string{"x86_64"}) || f.MemorySize != 128 || f.Timeout != 5 || f.AutoPublishAlias == "" ||
		f.Environment.Variables != nil || tmpl.Globals.Function.Environment.Variables != nil || f.Role != "${DownloadRole.Arn}" {
		t.Errorf("the function is %+v", f)
	}
	file, export, _ := strings.Cut(f.Handler, ".")
	code, err := os.ReadFile(filepath.Join("../../edge", f.CodeUri, file+".mjs"))
	if err != nil || !strings.Contains(string(code), "export async function "+export+"(") {
		t.Errorf("the handler %s isn't there: %v", f.Handler, err)
	}
	role := properties[map[string]any](t, tmpl.template, "DownloadRole", "AWS::IAM::Role")
	if diff := cmp.Diff([]string{"AssumeRolePolicyDocument"}, slices.Sorted(maps.Keys(role))); diff != "" {
		t.Errorf("the role has (-want +got):\n%s", diff)
	}
	if v := tmpl.Outputs["DownloadVersionArn"].Value; v != "${DownloadFunction.Version}" {
		t.Errorf("the output is %s", v)
	}
	nested := properties[struct{ Location string }](t, load(t), "Edge", "AWS::Serverless::Application")
	if nested.Location != "edge/template.yaml" {
		t.Errorf("the template nests %s", nested.Location)
	}
}
