package boot

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

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
