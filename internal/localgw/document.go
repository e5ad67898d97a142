package localgw

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// document is the part of an OpenAPI description that API Gateway acts on.
type document struct {
	routes      []route
	responses   gatewayResponses
	binaryTypes []string
}

// route is one operation.
type route struct {
	method    string // "ANY" answers every method
	path      string // as in the description: /v2/exports/{export_id}
	operation string
	segments  []string
	function  string // its name, not its logical id
	streams   bool   // the integration's response transfer mode is STREAM
	timeout   time.Duration
	auth      *authorizer
	metered   bool // it needs a key of API Gateway's, which the authorizer gives
}

// authorizer is a REQUEST authorizer.
type authorizer struct {
	function string
	headers  []string // identity sources: all must be there, or the request is refused without asking
}

// openAPI is how the description writes it.
type openAPI struct {
	Paths      map[string]map[string]yaml.Node `yaml:"paths"`
	Security   []map[string][]string           `yaml:"security"`
	Components struct {
		SecuritySchemes map[string]struct {
			Authorizer *struct {
				Type           string    `yaml:"type"`
				URI            yaml.Node `yaml:"authorizerUri"`
				IdentitySource string    `yaml:"identitySource"`
			} `yaml:"x-amazon-apigateway-authorizer"`
			Type string `yaml:"type"`
		} `yaml:"securitySchemes"`
	} `yaml:"components"`
	KeySource   string                     `yaml:"x-amazon-apigateway-api-key-source"`
	BinaryTypes []string                   `yaml:"x-amazon-apigateway-binary-media-types"`
	Responses   map[string]gatewayResponse `yaml:"x-amazon-apigateway-gateway-responses"`
}

type operation struct {
	ID          string                `yaml:"operationId"`
	Security    []map[string][]string `yaml:"security"`
	Integration *struct {
		Type         string    `yaml:"type"`
		URI          yaml.Node `yaml:"uri"`
		TransferMode string    `yaml:"responseTransferMode"`
		Timeout      int       `yaml:"timeoutInMillis"`
	} `yaml:"x-amazon-apigateway-integration"`
}

// anyMethod is the gateway's key for every method of a path.
const anyMethod = "x-amazon-apigateway-any-method"

var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", anyMethod}

// parseDocument reads an OpenAPI description; names gives a function's name by its logical id in the template. What
// this gateway would serve differently from the deployed one is an error.
func parseDocument(raw []byte, names map[string]string) (*document, error) {
	var in openAPI
	if err := yaml.Unmarshal(raw, &in); err != nil {
		return nil, fmt.Errorf("OpenAPI description: %w", err)
	}
	if len(in.Paths) == 0 {
		return nil, errors.New("OpenAPI description: it has no paths")
	}
	if in.Security != nil {
		return nil, errors.New("OpenAPI description: it has security at its root, which API Gateway passes over; give it to each operation")
	}
	auths, err := in.authorizers(names)
	if err != nil {
		return nil, err
	}
	doc := &document{responses: in.Responses, binaryTypes: in.BinaryTypes}
	for path, item := range in.Paths {
		for method, node := range item {
			if !slices.Contains(methods, method) {
				continue // summary, parameters and the like
			}
			r, err := in.route(method, path, node, names, auths)
			if err != nil {
				return nil, fmt.Errorf("OpenAPI description: %s %s: %w", method, path, err)
			}
			doc.routes = append(doc.routes, r)
		}
	}
	return doc, doc.responses.check()
}

func (in *openAPI) authorizers(names map[string]string) (map[string]*authorizer, error) {
	out := map[string]*authorizer{}
	for scheme, s := range in.Components.SecuritySchemes {
		if s.Authorizer == nil {
			continue
		}
		if s.Authorizer.Type != "request" {
			return nil, fmt.Errorf("OpenAPI description: authorizer %s: type %q is not served here, only request", scheme, s.Authorizer.Type)
		}
		function, err := functionOf(s.Authorizer.URI, names)
		if err != nil {
			return nil, fmt.Errorf("OpenAPI description: authorizer %s: %w", scheme, err)
		}
		headers, err := identityHeaders(s.Authorizer.IdentitySource)
		if err != nil {
			return nil, fmt.Errorf("OpenAPI description: authorizer %s: %w", scheme, err)
		}
		out[scheme] = &authorizer{function, headers}
	}
	return out, nil
}

func identityHeaders(source string) ([]string, error) {
	var out []string
	for part := range strings.SplitSeq(source, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		name, ok := strings.CutPrefix(part, "method.request.header.")
		if !ok {
			return nil, fmt.Errorf("the identity source %q is not a header", part)
		}
		out = append(out, name)
	}
	return out, nil
}

func (in *openAPI) route(method, path string, node yaml.Node, names map[string]string, auths map[string]*authorizer) (route, error) {
	var op operation
	if err := node.Decode(&op); err != nil {
		return route{}, err
	}
	if op.Integration == nil || !strings.EqualFold(op.Integration.Type, "aws_proxy") {
		return route{}, errors.New("it has no integration of type aws_proxy")
	}
	function, err := functionOf(op.Integration.URI, names)
	if err != nil {
		return route{}, err
	}
	auth, err := in.authorizerOf(op, auths)
	if err != nil {
		return route{}, err
	}
	metered := in.metered(op)
	if metered && (in.KeySource != "AUTHORIZER" || auth == nil) {
		return route{}, errors.New("it needs a key that no authorizer gives; other sources are not served here")
	}
	return route{
		method: methodName(method), path: path, operation: op.ID, segments: strings.Split(path, "/"),
		function: function, auth: auth, metered: metered,
		streams: op.Integration.TransferMode == "STREAM",
		timeout: time.Duration(op.Integration.Timeout) * time.Millisecond,
	}, nil
}

func methodName(key string) string {
	if key == anyMethod {
		return "ANY"
	}
	return strings.ToUpper(key)
}

// metered reports whether the operation's security has an API key without an authorizer, which is API Gateway's own.
func (in *openAPI) metered(op operation) bool {
	for _, requirement := range op.Security {
		for scheme := range requirement {
			if s, ok := in.Components.SecuritySchemes[scheme]; ok && s.Type == "apiKey" && s.Authorizer == nil {
				return true
			}
		}
	}
	return false
}

// authorizerOf is the authorizer of the operation's security.
func (in *openAPI) authorizerOf(op operation, auths map[string]*authorizer) (*authorizer, error) {
	var found *authorizer
	for _, requirement := range op.Security {
		for scheme := range requirement {
			a := auths[scheme]
			if a != nil && found != nil && a != found {
				return nil, errors.New("it has two authorizers; API Gateway takes one")
			}
			if a != nil {
				found = a
			}
		}
	}
	return found, nil
}

// invocation addresses end in a function's ARN, substituted by its logical id: …/functions/${PlanFunction.Arn}/invocations.
// An alias may follow the ARN; here every alias is the function as it is.
var logicalID = regexp.MustCompile(`/functions/\$\{([A-Za-z0-9]+)(?:\.(?:Arn|Alias))?\}(?::[A-Za-z0-9_-]+)?/`)

// functionOf is the name of the function that an integration or authorizer invokes.
func functionOf(uri yaml.Node, names map[string]string) (string, error) {
	text, err := substituted(uri)
	if err != nil {
		return "", err
	}
	m := logicalID.FindStringSubmatch(text)
	if m == nil {
		return "", fmt.Errorf("no function in the address %q", text)
	}
	if name, ok := names[m[1]]; ok {
		return name, nil
	}
	return "", fmt.Errorf("the template has no function %s", m[1])
}

// substituted is the text of a plain scalar, of !Sub, or of {"Fn::Sub": …}.
func substituted(n yaml.Node) (string, error) {
	if n.Kind == yaml.ScalarNode {
		return n.Value, nil
	}
	var sub struct {
		Text string `yaml:"Fn::Sub"`
	}
	if err := n.Decode(&sub); err != nil || sub.Text == "" {
		return "", errors.New("its uri is neither text nor Fn::Sub")
	}
	return sub.Text, nil
}
