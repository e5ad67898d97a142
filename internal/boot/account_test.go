package boot

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/tenant"
	"github.com/videovector/exports/internal/tenant/fence"
	"github.com/videovector/exports/internal/wiring"
)

// TestPerAccount: a deployed function works under sessions of its role, a local one as it is, and one that isn't told
// which doesn't start.
func TestPerAccount(t *testing.T) {
	own := aws.AnonymousCredentials{}
	for name, c := range map[string]struct {
		environment map[string]string
		fenced, ok  bool
	}{
		"deployed":          {map[string]string{"ACCOUNT_ROLE_ARN": "arn:aws:iam::1:role/r"}, true, true},
		"local":             {map[string]string{"ACCOUNT_ROLE_ARN": "none"}, false, true},
		"under the SAM CLI": {map[string]string{"ACCOUNT_ROLE_ARN": "PlanAccountRole", "AWS_SAM_LOCAL": "true"}, false, true},
		"not told":          {nil, false, false},
	} {
		e := &env{aws: aws.Config{Region: "us-east-1", Credentials: own}, get: func(name string) string { return c.environment[name] }}
		err := PerAccount(t.Context(), e, &wiring.Parts{})
		if _, fenced := e.aws.Credentials.(*fence.Provider); fenced != c.fenced || (err == nil) != c.ok {
			t.Errorf("%s: credentials %T, %v", name, e.aws.Credentials, err)
		}
		if _, err := e.aws.Credentials.Retrieve(tenant.With(t.Context(), "*")); c.fenced && err == nil {
			t.Errorf("%s: credentials for no account", name)
		}
	}
}

// cloud stands for AWS: it gives sessions that name their account, answers that nothing is there, and remembers who
// signed for what.
type cloud struct {
	mu     sync.Mutex
	signed []string // access key, and what was asked
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	if form, err := url.ParseQuery(string(body)); err == nil && form.Get("Action") == "AssumeRole" {
		fmt.Fprintf(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>ASIA-%s</AccessKeyId>`+
			`<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
			form.Get("Tags.member.1.Value"), time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
		return
	}
	_, key, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	key, _, _ = strings.Cut(key, "/")
	_, call, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	c.mu.Lock()
	defer c.mu.Unlock()
	c.signed = append(c.signed, key+" "+cmp.Or(call, r.URL.Path))
	if call == "" {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	fmt.Fprint(w, "{}")
}

// TestADeployedFunctionSignsForItsAccount starts parts as a main does, in both orders, and looks at who signs.
func TestADeployedFunctionSignsForItsAccount(t *testing.T) {
	all := &cloud{}
	server := httptest.NewServer(all)
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIAFUNCTION", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_ENDPOINT_URL": server.URL, "AWS_ENDPOINT_URL_S3": server.URL, "ACCOUNT_ROLE_ARN": "arn:aws:iam::123456789012:role/r",
		"TABLE_NAME": "table", "ARTIFACTS_BUCKET": "artifacts",
	} {
		t.Setenv(name, value)
	}
	for name, c := range map[string]struct {
		needs []Need
		want  []string
	}{
		"a step":                  {[]Need{PerAccount, Records, Artifacts}, []string{"ASIA-acct_1 GetItem", "ASIA-acct_1 /artifacts/artifacts/acct_1/a"}},
		"a function of the API's": {[]Need{Records, PerAccount, Artifacts}, []string{"AKIAFUNCTION GetItem", "ASIA-acct_1 /artifacts/artifacts/acct_1/a"}},
	} {
		all.signed = nil
		parts, err := gather(t.Context(), slog.New(slog.DiscardHandler), c.needs)
		if err != nil {
			t.Fatal(err)
		}
		ctx := tenant.With(t.Context(), "acct_1")
		if _, err := parts.Store.Export(ctx, "acct_1", "exp_1"); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := parts.Artifacts.Head(ctx, "artifacts/acct_1/a"); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
		if !slices.Equal(all.signed, c.want) {
			t.Errorf("%s signed %q, want %q", name, all.signed, c.want)
		}
	}
}
