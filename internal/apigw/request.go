package apigw

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/videovector/exports/internal/api"
	"github.com/videovector/exports/internal/api/envelope"
	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/fault"
)

// basePath is what every route begins with. With the stage in front of the routes ("/api" + "/v2/…") the event's path
// lacks the stage, under a custom domain it may hold it: handlers always see the whole.
const basePath = "/api/v2"

// request makes the http.Request of an event. Its header X-Request-ID is the gateway's id, whatever the caller sent,
// and its context carries the principal that the authorizer found and the stage's public origin. The request is usable even when err is not nil:
// the failure can be answered to it.
func request(ctx context.Context, ev events.APIGatewayProxyRequest) (*http.Request, error) {
	header := headers(ev.Headers, ev.MultiValueHeaders)
	header.Del(envelope.RequestIDHeader)
	if id := ev.RequestContext.RequestID; id != "" {
		header.Set(envelope.RequestIDHeader, id)
	}
	r := &http.Request{
		Method: ev.HTTPMethod, URL: target(ev), Header: header, Host: header.Get("Host"),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		RemoteAddr: ev.RequestContext.Identity.SourceIP, Body: http.NoBody,
	}
	r.RequestURI = r.URL.RequestURI()
	r = r.WithContext(withOrigin(withPrincipal(ctx, ev.RequestContext.Authorizer), ev.StageVariables[originVariable]))
	body, err := bodyOf(ev)
	if len(body) > 0 {
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	return r, err
}

func bodyOf(ev events.APIGatewayProxyRequest) ([]byte, error) {
	if !ev.IsBase64Encoded {
		return []byte(ev.Body), nil
	}
	body, err := base64.StdEncoding.DecodeString(ev.Body)
	if err != nil {
		return nil, fault.Wrap(err, fault.Malformed, "bad_request", "The body could not be read.")
	}
	return body, nil
}

// headers joins the two forms in which an event holds headers: the one with every value leads.
func headers(single map[string]string, multi map[string][]string) http.Header {
	h := make(http.Header, len(single)+len(multi))
	for name, values := range multi {
		for _, v := range values {
			h.Add(name, v)
		}
	}
	for name, v := range single {
		if h.Values(name) == nil {
			h.Set(name, v)
		}
	}
	return h
}

// target is the event's path and query. API Gateway hands both over decoded or not, depending on how the caller wrote
// them; each segment of the path is decoded once, so a slash inside an id stays inside it.
func target(ev events.APIGatewayProxyRequest) *url.URL {
	segments := strings.Split(normalise(ev.Path), "/")
	plain := make([]string, len(segments))
	for i, s := range segments {
		plain[i] = unescape(s)
		segments[i] = url.PathEscape(plain[i])
	}
	return &url.URL{
		Path:     strings.Join(plain, "/"),
		RawPath:  strings.Join(segments, "/"),
		RawQuery: query(ev).Encode(),
	}
}

func normalise(path string) string {
	if path == "/v2" || strings.HasPrefix(path, "/v2/") {
		return basePath + strings.TrimPrefix(path, "/v2")
	}
	if !strings.HasPrefix(path, "/") {
		return "/" + path
	}
	return path
}

// unescape decodes a segment once; one that is not percent-encoded stands for itself.
func unescape(segment string) string {
	if plain, err := url.PathUnescape(segment); err == nil {
		return plain
	}
	return segment
}

func query(ev events.APIGatewayProxyRequest) url.Values {
	q := make(url.Values, len(ev.MultiValueQueryStringParameters))
	for name, values := range ev.MultiValueQueryStringParameters {
		q[name] = values
	}
	for name, v := range ev.QueryStringParameters {
		if _, ok := q[name]; !ok {
			q.Set(name, v)
		}
	}
	return q
}

// The authorizer's context, as the gateway hands it to every function: strings only.
const (
	accountKey = "account_id"
	userKey    = "user_id"
	keyKey     = "key_id"
	scopeKey   = "scope"
)

func withPrincipal(ctx context.Context, authorizer map[string]any) context.Context {
	value := func(name string) string { s, _ := authorizer[name].(string); return s }
	scope, ok := auth.ParseScope(value(scopeKey))
	if !ok || value(accountKey) == "" {
		return ctx
	}
	return auth.WithPrincipal(ctx, auth.Principal{
		AccountID: value(accountKey), UserID: value(userKey), KeyID: value(keyKey), Scope: scope,
	})
}

// originVariable is the stage's variable that holds the API's public origin. The stage is made after what it is reached
// by, which the functions are not.
const originVariable = "public_origin"

// withOrigin adds the origin; a stage without one, or with something else in its place, adds none.
func withOrigin(ctx context.Context, variable string) context.Context {
	origin, err := api.ParseOrigin(variable)
	if err != nil {
		return ctx
	}
	return api.WithOrigin(ctx, origin)
}
