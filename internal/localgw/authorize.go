package localgw

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// authorize asks the route's authorizer and gives the context that the function will see.
func (x *exchange) authorize(ev event) (map[string]any, *problem) {
	for _, name := range x.route.auth.headers {
		if x.r.Header.Get(name) == "" {
			return nil, &unauthorized
		}
	}
	ev.Type, ev.MethodARN, ev.Body, ev.IsBase64Encoded = "REQUEST", x.methodARN(), nil, false
	ctx, cancel := context.WithTimeout(context.WithoutCancel(x.r.Context()), x.g.cfg.IntegrationTimeout)
	defer cancel()
	asked := x.g.cfg.Clock()
	reply, p := x.invoke(ctx, x.route.auth.function, ev)
	if p != nil {
		return nil, &authorizerBroken
	}
	reply = reply.Buffer()
	if reply.FunctionError != "" {
		return nil, refusal(reply.Payload)
	}
	granted, p := decide(reply.Payload, ev.MethodARN)
	if p == nil && x.route.metered {
		p = x.usage(reply.Payload)
	}
	if p == nil {
		granted["integrationLatency"] = x.g.cfg.Clock().Sub(asked).Milliseconds()
	}
	return granted, p
}

// usage refuses a request under whose key nobody counts.
func (x *exchange) usage(payload []byte) *problem {
	var v verdict
	known := x.g.cfg.UsageKeys
	if json.Unmarshal(payload, &v) != nil || v.UsageKey == "" || known != nil && !known(v.UsageKey) {
		return &invalidKey
	}
	return nil
}

// refusal tells an authorizer that says no from one that failed: by the one message the gateway goes by.
func refusal(payload []byte) *problem {
	var e struct {
		Message string `json:"errorMessage"`
	}
	if json.Unmarshal(payload, &e) == nil && e.Message == "Unauthorized" {
		return &unauthorized
	}
	return &authorizerFailed
}

// verdict is an authorizer's answer.
type verdict struct {
	PrincipalID    *string `json:"principalId"`
	PolicyDocument struct {
		Statement oneOrMore[statement] `json:"Statement"`
	} `json:"policyDocument"`
	Context  map[string]jsontext.Value `json:"context"`
	UsageKey string                    `json:"usageIdentifierKey"`
}

type statement struct {
	Effect    string            `json:"Effect"`
	Action    oneOrMore[string] `json:"Action"`
	Resource  oneOrMore[string] `json:"Resource"`
	Condition jsontext.Value    `json:"Condition"`
}

// oneOrMore is a value that IAM lets stand alone or in a list.
type oneOrMore[T any] []T

// UnmarshalJSON takes both forms.
func (o *oneOrMore[T]) UnmarshalJSON(raw []byte) error {
	if jsontext.Value(raw).Kind() == '[' {
		return json.Unmarshal(raw, (*[]T)(o))
	}
	*o = make([]T, 1)
	return json.Unmarshal(raw, &(*o)[0])
}

// decide reads an authorizer's answer: the policy must allow the method, and no statement may deny it.
func decide(payload []byte, methodARN string) (map[string]any, *problem) {
	var v verdict
	if json.Unmarshal(payload, &v) != nil || v.PrincipalID == nil {
		return nil, &authorizerBroken
	}
	allowed := false
	for _, s := range v.PolicyDocument.Statement {
		if s.Condition != nil || s.Effect != "Allow" && s.Effect != "Deny" {
			return nil, &authorizerBroken
		}
		switch {
		case !s.covers(methodARN):
		case s.Effect == "Deny":
			return nil, &explicitlyDenied
		default:
			allowed = true
		}
	}
	if !allowed {
		return nil, &accessDenied
	}
	return grants(v)
}

func (s statement) covers(methodARN string) bool {
	return slices.ContainsFunc(s.Action, func(a string) bool { return wild(strings.ToLower(a), "execute-api:invoke") }) &&
		slices.ContainsFunc(s.Resource, func(r string) bool { return wild(r, methodARN) })
}

// wild matches IAM's patterns: * is any text, ? any one character.
func wild(pattern, s string) bool {
	// path.Match has both, but stops * at slashes and knows classes and escapes.
	plain := strings.NewReplacer("/", "\x00", "[", `\[`, `\`, `\\`).Replace(pattern)
	ok, err := path.Match(plain, strings.ReplaceAll(s, "/", "\x00"))
	return ok && err == nil
}

// grants is the authorizer's context as functions get it: strings, whatever the authorizer wrote.
func grants(v verdict) (map[string]any, *problem) {
	out := map[string]any{}
	for name, value := range v.Context {
		switch value.Kind() {
		case '"':
			var s string
			if json.Unmarshal(value, &s) != nil {
				return nil, &authorizerBroken
			}
			out[name] = s
		case '0', 't', 'f':
			out[name] = string(value)
		default:
			return nil, &authorizerBroken
		}
	}
	out["principalId"] = *v.PrincipalID
	return out, nil
}
