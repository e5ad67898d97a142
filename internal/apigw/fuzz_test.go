package apigw

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/videovector/exports/internal/auth"
)

// FuzzAuthorizer: whatever an event of the gateway holds, nobody is let in who doesn't name the key, in a header that is there
// once and in its one spelling, and then into that stage alone; the answer says no more than that.
func FuzzAuthorizer(f *testing.F) {
	for _, event := range []string{
		`{"methodArn":"` + methodARN + `","headers":{"X-API-Key":"` + key + `"}}`,
		`{"methodArn":"` + methodARN + `","headers":{"authorization":"bearer ` + key + `"}}`,
		`{"methodArn":"` + methodARN + `","multiValueHeaders":{"X-API-Key":["` + key + `","` + key + `"]}}`,
		`{"methodArn":"` + methodARN + `","headers":{"X-API-Key":"` + strings.ToUpper(key) + `"}}`,
		`{"methodArn":"*","headers":{"x-api-key":" ` + key + ` "},"stageVariables":{"usage_plan":"on"}}`, `{"methodArn":"arn:*/api/GET/","headers":{"X-API-Key":"` + key + `"}}`, `{"headers":null}`, `{}`,
	} {
		f.Add([]byte(event))
	}
	authorize := Authorizer(auth.NewAuthenticator(keys{}, time.Now), discard)
	f.Fuzz(func(t *testing.T, text []byte) {
		var ev events.APIGatewayCustomAuthorizerRequestTypeRequest
		if json.Unmarshal(text, &ev) != nil {
			return
		}
		got, err := authorize(t.Context(), ev)
		if err != nil {
			if !errors.Is(err, errUnauthorized) && !errors.Is(err, errAuthorizer) || got.PrincipalID != "" || len(got.PolicyDocument.Statement) > 0 {
				t.Errorf("%+v, %v", got, err)
			}
			return
		}
		values := headers(ev.Headers, ev.MultiValueHeaders)
		named := values.Values("X-API-Key")
		if len(named) == 0 {
			named = values.Values("Authorization")
		}
		if len(named) != 1 || !strings.HasSuffix(strings.TrimSpace(named[0]), key) {
			t.Errorf("%q is let in", text)
		}
		resource := got.PolicyDocument.Statement[0].Resource
		if stage, ok := strings.CutSuffix(resource[0], "/*"); !ok || len(resource) != 1 || !strings.HasPrefix(ev.MethodArn, stage+"/") || strings.Count(stage, "/") != 1 || strings.ContainsAny(stage, "*?") {
			t.Errorf("%q opens %v", text, resource)
		}
	})
}
