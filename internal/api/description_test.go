package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	exports "github.com/videovector/exports"
	openapi "github.com/videovector/exports/api"
	"github.com/videovector/exports/internal/cfn"
)

// description is api/openapi.yaml.
type description struct {
	doc *openapi3.T
	mu  sync.Mutex
	// seen are the operations and statuses that replies were held against.
	seen map[string]bool
}

var (
	loadOnce sync.Once
	loaded   *description
	loadErr  error
)

func describe(t testing.TB) *description {
	t.Helper()
	loadOnce.Do(func() {
		loader := openapi3.NewLoader()
		plain, err := cfn.Included(exports.Template, openapi.Description, nil)
		if err != nil {
			loadErr = err
			return
		}
		doc, err := loader.LoadFromData(plain)
		if err == nil {
			err = doc.Validate(loader.Context)
		}
		loaded, loadErr = &description{doc: doc, seen: map[string]bool{}}, err
	})
	if loadErr != nil {
		t.Fatal(loadErr)
	}
	return loaded
}

// operation is what a request meets.
type operation struct {
	*openapi3.Operation
	path, method string
	item         *openapi3.PathItem
	params       map[string]string
}

// find gives the operation of a path as clients write it, /api/v2/…; nil for none.
func (d *description) find(method, path string) *operation {
	segments := strings.Split(strings.TrimPrefix(path, "/api"), "/")
	var best *operation
	for template, item := range d.doc.Paths.Map() {
		op := item.Operations()[method]
		params, ok := match(strings.Split(template, "/"), segments)
		if op == nil || !ok || best != nil && len(best.params) <= len(params) {
			continue
		}
		best = &operation{op, template, method, item, params}
	}
	return best
}

func match(template, segments []string) (map[string]string, bool) {
	if len(template) != len(segments) {
		return nil, false
	}
	params := map[string]string{}
	for i, t := range template {
		name, isParam := strings.CutPrefix(t, "{")
		if !isParam {
			if t != segments[i] {
				return nil, false
			}
			continue
		}
		value, err := url.PathUnescape(segments[i])
		if err != nil || value == "" {
			return nil, false
		}
		params[strings.TrimSuffix(name, "}")] = value
	}
	return params, true
}

var (
	functionID   = regexp.MustCompile(`\$\{(\w+)\.Arn}`)
	functionName = regexp.MustCompile(`:function:\$\{AWS::StackName}-(\w+)-(\w+)`)
)

// function is the logical id of the function that the operation's integration calls.
func (op *operation) function() string {
	raw, _ := json.Marshal(op.Extensions["x-amazon-apigateway-integration"]) // of what came out of YAML
	if m := functionID.FindSubmatch(raw); m != nil {
		return string(m[1])
	}
	if m := functionName.FindSubmatch(raw); m != nil { // read-export is ReadExportFunction
		return strings.ToUpper(string(m[1][:1])) + string(m[1][1:]) + strings.ToUpper(string(m[2][:1])) + string(m[2][1:]) + "Function"
	}
	return ""
}

func (op *operation) authorized() bool { return op.Security == nil || len(*op.Security) > 0 }

// check holds the reply against the operation; without one it must be the error envelope all the same.
func (d *description) check(t testing.TB, op *operation, r *http.Request, reply *http.Response) {
	t.Helper()
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	reply.Body = io.NopCloser(bytes.NewReader(body))
	if op == nil || reply.StatusCode == http.StatusMethodNotAllowed {
		d.checkEnvelope(t, body)
		return
	}
	d.mu.Lock()
	d.seen[fmt.Sprintf("%s %d", op.OperationID, reply.StatusCode)] = true
	d.mu.Unlock()
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: r, PathParams: op.params,
			Route: &routers.Route{Spec: d.doc, Path: op.path, PathItem: op.item, Method: op.method, Operation: op.Operation},
		},
		Status: reply.StatusCode, Header: reply.Header, Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}
	if err := openapi3filter.ValidateResponse(t.Context(), in.SetBodyBytes(body)); err != nil {
		t.Errorf("%s %s is answered against its description: %v\n%s", r.Method, r.URL.Path, err, body)
	}
	if described := op.Responses.Status(reply.StatusCode); described != nil && len(described.Value.Content) == 0 && len(body) > 0 {
		t.Errorf("%s %s is answered with a body that isn't described: %s", r.Method, r.URL.Path, body)
	}
}

// checkSeen finds replies that are described and that no script provokes. Throttling is the gateway's; the limit of a
// body is too long for a script (TestCreateLimits). The key's routes ask nothing that could fail.
func (d *description) checkSeen(t *testing.T) {
	t.Helper()
	for _, item := range d.doc.Paths.Map() {
		for _, op := range item.Operations() {
			for status := range op.Responses.Map() {
				gateways := status == "429" || status == "413" || strings.HasPrefix(status, "5") && (op.OperationID == "validateKey" || op.OperationID == "recordActivity")
				if !gateways && !d.seen[op.OperationID+" "+status] {
					t.Errorf("no script has %s answer %s", op.OperationID, status)
				}
			}
		}
	}
}

func (d *description) checkEnvelope(t testing.TB, body []byte) {
	t.Helper()
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Errorf("%v in %s", err, body)
		return
	}
	if err := d.doc.Components.Schemas["Error"].Value.VisitJSON(v, openapi3.MultiErrors()); err != nil {
		t.Errorf("%v in %s", err, body)
	}
}
