package localgw

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// problem is an error that the gateway makes itself.
type problem struct {
	kind    string // the gateway response type
	status  int    // where the description gives none
	message string // $context.error.message
}

// The gateway's own errors, with its statuses and messages.
var (
	noRoute            = problem{"MISSING_AUTHENTICATION_TOKEN", http.StatusForbidden, "Missing Authentication Token"}
	badParameters      = problem{"BAD_REQUEST_PARAMETERS", http.StatusBadRequest, "Invalid request parameters"}
	tooLarge           = problem{"REQUEST_TOO_LARGE", http.StatusRequestEntityTooLarge, "Request Too Long"}
	unauthorized       = problem{"UNAUTHORIZED", http.StatusUnauthorized, "Unauthorized"}
	invalidKey         = problem{"INVALID_API_KEY", http.StatusForbidden, "Forbidden"}
	accessDenied       = problem{"ACCESS_DENIED", http.StatusForbidden, "User is not authorized to access this resource"}
	explicitlyDenied   = problem{"ACCESS_DENIED", http.StatusForbidden, "User is not authorized to access this resource with an explicit deny"}
	authorizerFailed   = problem{"AUTHORIZER_FAILURE", http.StatusInternalServerError, "Internal server error"}
	authorizerBroken   = problem{"AUTHORIZER_CONFIGURATION_ERROR", http.StatusInternalServerError, "Internal server error"}
	misconfigured      = problem{"API_CONFIGURATION_ERROR", http.StatusInternalServerError, "Internal server error"}
	integrationFailed  = problem{"INTEGRATION_FAILURE", http.StatusBadGateway, "Internal server error"}
	integrationTimeout = problem{"INTEGRATION_TIMEOUT", http.StatusGatewayTimeout, "Endpoint request timed out"}
	malformedReply     = problem{"DEFAULT_5XX", http.StatusBadGateway, "Internal server error"}
)

// gatewayResponse is how the description renders one kind of error.
type gatewayResponse struct {
	Status     string            `yaml:"statusCode"`
	Parameters map[string]string `yaml:"responseParameters"`
	Templates  map[string]string `yaml:"responseTemplates"`
}

type gatewayResponses map[string]gatewayResponse

// builtIn is the template of a response that the description leaves alone.
const builtIn = `{"message":$context.error.messageString}`

const (
	headerParameter = "gatewayresponse.header."
	jsonType        = "application/json"
)

// rendered is a gateway response ready to be sent.
type rendered struct {
	status int
	header http.Header
	body   string
}

// render writes a problem as the description wants it, falling back to its class's default.
func (g gatewayResponses) render(p problem, vars map[string]string) rendered {
	r, status := g.find(p)
	out := rendered{status: status, header: http.Header{}}
	vars["error.message"], vars["error.responseType"] = p.message, p.kind
	quoted, _ := json.Marshal(p.message) // text encodes
	vars["error.messageString"] = string(quoted)
	contentType, template := r.template()
	out.body = variable.ReplaceAllStringFunc(template, func(name string) string { return vars[strings.TrimPrefix(name, "$context.")] })
	out.header.Set("Content-Type", contentType)
	for name, value := range r.Parameters {
		header := strings.TrimPrefix(name, headerParameter)
		if literal, ok := literalOf(value); ok {
			out.header.Set(header, literal)
		} else if v := vars[strings.TrimPrefix(value, "context.")]; v != "" {
			out.header.Set(header, v)
		}
	}
	return out
}

func (g gatewayResponses) find(p problem) (gatewayResponse, int) {
	class := "DEFAULT_4XX"
	if p.status >= 500 {
		class = "DEFAULT_5XX"
	}
	r, ok := g[p.kind]
	if !ok {
		r = g[class]
	}
	for _, s := range []string{r.Status, g[class].Status} {
		if status, err := strconv.Atoi(s); err == nil {
			return r, status
		}
	}
	return r, p.status
}

// template is the JSON template if there is one: the gateway takes it for every Accept header that names no other.
func (r gatewayResponse) template() (contentType, text string) {
	if t, ok := r.Templates[jsonType]; ok {
		return jsonType, t
	}
	return jsonType, builtIn
}

func literalOf(value string) (string, bool) {
	if len(value) < 2 || value[0] != '\'' || value[len(value)-1] != '\'' {
		return "", false
	}
	return value[1 : len(value)-1], true
}

// variable is a reference in a template; known are those that this gateway fills in.
var (
	variable = regexp.MustCompile(`\$context\.[A-Za-z]+(\.[A-Za-z]+)*`)
	known    = []string{
		"requestId", "extendedRequestId", "apiId", "stage", "path", "httpMethod", "resourcePath", "protocol",
		"error.message", "error.messageString", "error.responseType", "identity.sourceIp",
	}
)

// check refuses a response that would be rendered with holes.
func (g gatewayResponses) check() error {
	for kind, r := range g {
		for name, value := range r.Parameters {
			if _, literal := literalOf(value); !literal && !slices.Contains(known, strings.TrimPrefix(value, "context.")) {
				return fmt.Errorf("gateway response %s: the value %q of %s is not known here", kind, value, name)
			}
			if !strings.HasPrefix(name, headerParameter) {
				return fmt.Errorf("gateway response %s: %s is no header", kind, name)
			}
		}
		for contentType, t := range r.Templates {
			for _, name := range variable.FindAllString(t, -1) {
				if !slices.Contains(known, strings.TrimPrefix(name, "$context.")) {
					return fmt.Errorf("gateway response %s, %s: %s is not known here", kind, contentType, name)
				}
			}
		}
	}
	return nil
}
