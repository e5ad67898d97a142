package apigw

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/usagekey"
)

// Authorize is a Lambda handler for a REQUEST authorizer.
type Authorize = func(context.Context, events.APIGatewayCustomAuthorizerRequestTypeRequest) (events.APIGatewayCustomAuthorizerResponse, error)

// errUnauthorized makes API Gateway answer 401: it goes by exactly this text.
var errUnauthorized = errors.New("Unauthorized")

// errAuthorizer makes API Gateway answer 500; the cause is in the log.
var errAuthorizer = errors.New("the key could not be checked")

// Authorizer checks the credential of a request. A valid key is allowed every method of the stage, so that the answer
// holds for whatever the key calls next; what its scope allows is decided by the function, which is told the
// principal in the authorizer's context.
func Authorizer(a *auth.Authenticator, log *slog.Logger) Authorize {
	return func(ctx context.Context, ev events.APIGatewayCustomAuthorizerRequestTypeRequest) (events.APIGatewayCustomAuthorizerResponse, error) {
		var none events.APIGatewayCustomAuthorizerResponse
		p, err := a.Authenticate(ctx, headers(ev.Headers, ev.MultiValueHeaders))
		if fault.Is(err, fault.Unauthenticated) {
			return none, errUnauthorized
		}
		stage, ok := stageARN(ev.MethodArn)
		if err == nil && !ok {
			err = errors.New("the event's methodArn is not one of API Gateway")
		}
		if err != nil {
			log.ErrorContext(ctx, "authorizer failed", "request_id", ev.RequestContext.RequestID, "error", err.Error())
			return none, errAuthorizer
		}
		out := allow(p, stage)
		if ev.StageVariables[planVariable] == "on" {
			out.UsageIdentifierKey = usagekey.Of(p.AccountID)
		}
		return out, nil
	}
}

// planVariable is the stage's variable that says whether a usage plan counts requests. It comes into force with the routes
// that need a usage key, in one deployment of the API.
const planVariable = "usage_plan"

// stageARN covers every method and path of the stage that a method's ARN
// (arn:aws:execute-api:region:account:api/stage/METHOD/path) belongs to. One with a wildcard is no method's.
func stageARN(method string) (string, bool) {
	parts := strings.SplitN(method, "/", 3)
	if len(parts) != 3 || !strings.HasPrefix(method, "arn:") || strings.ContainsAny(parts[0]+parts[1], "*?") {
		return "", false
	}
	return parts[0] + "/" + parts[1] + "/*", true
}

func allow(p auth.Principal, resource string) events.APIGatewayCustomAuthorizerResponse {
	return events.APIGatewayCustomAuthorizerResponse{
		PrincipalID: p.KeyID,
		PolicyDocument: events.APIGatewayCustomAuthorizerPolicy{
			Version: "2012-10-17",
			Statement: []events.IAMPolicyStatement{{
				Action: []string{"execute-api:Invoke"}, Effect: "Allow", Resource: []string{resource},
			}},
		},
		Context: map[string]any{accountKey: p.AccountID, userKey: p.UserID, keyKey: p.KeyID, scopeKey: p.Scope.String()},
	}
}
