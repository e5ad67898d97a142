package localgw

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"mime"
	"net"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// event is what API Gateway sends for a Lambda proxy integration of a REST API, and, with Type and MethodARN and
// without the body, to a REQUEST authorizer. Absent maps and bodies are null, as the gateway writes them.
type event struct {
	Type            string              `json:"type,omitempty"`
	MethodARN       string              `json:"methodArn,omitempty"`
	Resource        string              `json:"resource"`
	Path            string              `json:"path"`
	HTTPMethod      string              `json:"httpMethod"`
	Headers         map[string]string   `json:"headers"`
	MultiHeaders    map[string][]string `json:"multiValueHeaders"`
	Query           map[string]string   `json:"queryStringParameters"`
	MultiQuery      map[string][]string `json:"multiValueQueryStringParameters"`
	PathParameters  map[string]string   `json:"pathParameters"`
	StageVariables  map[string]string   `json:"stageVariables"`
	RequestContext  requestContext      `json:"requestContext"`
	Body            *string             `json:"body"`
	IsBase64Encoded bool                `json:"isBase64Encoded"`
}

type requestContext struct {
	ResourceID        string         `json:"resourceId"`
	Authorizer        map[string]any `json:"authorizer,omitempty"`
	ResourcePath      string         `json:"resourcePath"`
	OperationName     string         `json:"operationName,omitempty"`
	HTTPMethod        string         `json:"httpMethod"`
	ExtendedRequestID string         `json:"extendedRequestId"`
	RequestTime       string         `json:"requestTime"`
	Path              string         `json:"path"`
	AccountID         string         `json:"accountId"`
	Protocol          string         `json:"protocol"`
	Stage             string         `json:"stage"`
	DomainPrefix      string         `json:"domainPrefix"`
	RequestTimeEpoch  int64          `json:"requestTimeEpoch"`
	RequestID         string         `json:"requestId"`
	Identity          identity       `json:"identity"`
	DomainName        string         `json:"domainName"`
	DeploymentID      string         `json:"deploymentId"`
	APIID             string         `json:"apiId"`
}

// identity has a value only for what an unsigned request tells.
type identity struct {
	CognitoIdentityPoolID         *string `json:"cognitoIdentityPoolId"`
	AccountID                     *string `json:"accountId"`
	CognitoIdentityID             *string `json:"cognitoIdentityId"`
	Caller                        *string `json:"caller"`
	SourceIP                      string  `json:"sourceIp"`
	PrincipalOrgID                *string `json:"principalOrgId"`
	AccessKey                     *string `json:"accessKey"`
	CognitoAuthenticationType     *string `json:"cognitoAuthenticationType"`
	CognitoAuthenticationProvider *string `json:"cognitoAuthenticationProvider"`
	UserARN                       *string `json:"userArn"`
	UserAgent                     *string `json:"userAgent"`
	User                          *string `json:"user"`
}

// requestTimeLayout is the common log format's.
const requestTimeLayout = "02/Jan/2006:15:04:05 -0700"

// event describes the request. Its body is nil where there is none.
func (x *exchange) event(body []byte) event {
	header := x.headers()
	query := x.r.URL.Query()
	ev := event{
		Resource: x.route.path, Path: x.path, HTTPMethod: x.r.Method,
		Headers: last(header), MultiHeaders: header, Query: last(query), MultiQuery: nilIfEmpty(query),
		PathParameters: x.parameters, StageVariables: x.g.stage, RequestContext: x.requestContext(),
	}
	if len(body) > 0 {
		text := string(body)
		if ev.IsBase64Encoded = x.g.doc.isBinary(x.r.Header.Get("Content-Type")); ev.IsBase64Encoded {
			text = base64.StdEncoding.EncodeToString(body)
		}
		ev.Body = &text
	}
	return ev
}

func (x *exchange) requestContext() requestContext {
	domain := hostname(x.r.Host)
	prefix, _, _ := strings.Cut(domain, ".")
	rc := requestContext{
		ResourceID: resourceID(x.route.path), ResourcePath: x.route.path, OperationName: x.route.operation,
		HTTPMethod: x.r.Method, Path: x.r.URL.EscapedPath(), Protocol: x.r.Proto, Stage: x.g.cfg.Stage,
		AccountID: x.g.cfg.AccountID, APIID: x.g.cfg.APIID, DeploymentID: resourceID(x.g.cfg.APIID),
		RequestID: x.id, ExtendedRequestID: x.extendedID(), DomainName: domain, DomainPrefix: prefix,
		RequestTime: x.at.UTC().Format(requestTimeLayout), RequestTimeEpoch: x.at.UnixMilli(),
		Identity: identity{SourceIP: hostname(x.r.RemoteAddr)},
	}
	if agent := x.r.UserAgent(); agent != "" {
		rc.Identity.UserAgent = &agent
	}
	return rc
}

// methodARN names the method and path that an authorizer's policy is asked about.
func (x *exchange) methodARN() string {
	return fmt.Sprintf("arn:aws:execute-api:%s:%s:%s/%s/%s/%s", x.g.cfg.Region, x.g.cfg.AccountID, x.g.cfg.APIID,
		x.g.cfg.Stage, x.r.Method, strings.TrimPrefix(x.path, "/"))
}

// notForwarded are request headers that the gateway keeps to itself.
var notForwarded = []string{
	"Connection", "Content-Length", "Content-Md5", "Expect", "Keep-Alive", "Max-Forwards", "Proxy-Authenticate",
	"Proxy-Authorization", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// headers are the request's as a function sees them.
func (x *exchange) headers() http.Header {
	h := x.r.Header.Clone()
	for _, name := range notForwarded {
		h.Del(name)
	}
	proto := "http"
	if x.r.TLS != nil {
		proto = "https"
	}
	h.Set("Host", x.r.Host)
	h.Set("X-Forwarded-For", strings.Join(append(h.Values("X-Forwarded-For"), hostname(x.r.RemoteAddr)), ", "))
	h.Set("X-Forwarded-Proto", proto)
	h.Set("X-Forwarded-Port", x.port())
	if h.Get("X-Amzn-Trace-Id") == "" {
		h.Set("X-Amzn-Trace-Id", traceID(x.id, x.at))
	}
	return h
}

// port is the one that the request came in by.
func (x *exchange) port() string {
	addr, ok := x.r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return ""
	}
	_, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return ""
	}
	return port
}

// encode is the event's JSON; bytes that are no UTF-8 become the replacement character, as in the gateway.
func (ev event) encode() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(ev); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// isBinary reports whether a body of the content type is handed on in base64. "*/*" stands for every header value, a
// list of types included.
func (d *document) isBinary(contentType string) bool {
	mediaType, _, err := mime.ParseMediaType(cmp.Or(contentType, jsonType))
	if err != nil {
		mediaType = contentType
	}
	return slices.ContainsFunc(d.binaryTypes, func(pattern string) bool {
		ok, err := path.Match(pattern, mediaType)
		return pattern == "*/*" || ok && err == nil
	})
}

// last keeps the last value of each name; nil where there is none.
func last(values map[string][]string) map[string]string {
	var out map[string]string
	for name, v := range values {
		if out == nil {
			out = make(map[string]string, len(values))
		}
		out[name] = v[len(v)-1]
	}
	return out
}

func nilIfEmpty(q url.Values) map[string][]string {
	if len(q) == 0 {
		return nil
	}
	return q
}

// hostname is the address without its port.
func hostname(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}

// resourceID is a short stable name, like those that the gateway gives to its resources.
func resourceID(of string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(of)) // a hash takes everything
	return strconv.FormatUint(uint64(h.Sum32()), 36)
}

func traceID(requestID string, at time.Time) string {
	a, b := fnv.New64a(), fnv.New32a()
	_, _ = a.Write([]byte(requestID))
	_, _ = b.Write([]byte(requestID))
	return fmt.Sprintf("Root=1-%08x-%016x%08x", at.Unix(), a.Sum64(), b.Sum32())
}
