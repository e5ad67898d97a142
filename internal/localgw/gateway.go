package localgw

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/videovector/exports/internal/cfn"
	"github.com/videovector/exports/internal/fault"
)

// The gateway's quotas: the body of a request in bytes, and how long a buffered integration may take.
const (
	maxBody            = 10 << 20
	integrationTimeLim = 29 * time.Second
)

// Config is what a gateway needs.
type Config struct {
	OpenAPI  []byte // the API's description, with API Gateway's extensions
	Template []byte // the SAM template, for the functions' logical ids and for what depends on parameters
	// Parameters are the template's by name, in the place of their defaults.
	Parameters map[string]string
	// UsageKeys reports whether a key of API Gateway's is in the usage plan; nil means that each one is. Nothing is counted.
	UsageKeys func(key string) bool
	// Functions runs what the routes and the authorizer name, by folder name.
	Functions Invoker
	Stage     string // the first segment of every path, unless the description's paths have it themselves
	Region    string
	AccountID string
	APIID     string
	// IntegrationTimeout bounds a buffered integration that sets no shorter limit; zero means the gateway's 29 s.
	IntegrationTimeout time.Duration
	Clock              func() time.Time
	NewID              func() string // request ids
	Log                *slog.Logger
}

// gateway serves one stage.
type gateway struct {
	cfg    Config
	doc    *document
	stage  map[string]string // variables; nil for none
	prefix string            // "/" and the stage, where paths are described without it
}

// New makes the handler of one stage. It refuses a description that it would serve differently from the deployed one.
func New(cfg Config) (http.Handler, error) {
	functions, err := TemplateFunctions(cfg.Template)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for id, f := range functions {
		names[id] = f.Name
	}
	stack, err := cfn.Load(cfg.Template, cfg.Parameters)
	if err != nil {
		return nil, err
	}
	description, err := stack.Resolve(cfg.OpenAPI)
	if err != nil {
		return nil, fmt.Errorf("OpenAPI description: %w", err)
	}
	doc, err := parseDocument(description, names)
	if err != nil {
		return nil, err
	}
	variables, err := stageVariables(cfg.Template, stack)
	if err != nil {
		return nil, err
	}
	if cfg.IntegrationTimeout == 0 {
		cfg.IntegrationTimeout = integrationTimeLim
	}
	g := &gateway{cfg: cfg, doc: doc, stage: variables}
	if !strings.HasPrefix(doc.routes[0].path, "/"+cfg.Stage+"/") {
		g.prefix = "/" + cfg.Stage
	}
	return g, nil
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{g: g, w: w, r: r, id: g.cfg.NewID(), at: g.cfg.Clock()}
	defer x.log()
	if p := x.serve(); p != nil {
		x.refuse(*p)
	}
}

// exchange is one request and its answer.
type exchange struct {
	g  *gateway
	w  http.ResponseWriter
	r  *http.Request
	id string
	at time.Time

	path       string // escaped, without the stage where it is a prefix
	route      *route // nil until one is found
	parameters map[string]string

	status int
	broken bool // the answer broke off
}

// serve answers the request, or gives the gateway's own error.
func (x *exchange) serve() *problem {
	path, ok := strings.CutPrefix(x.r.URL.EscapedPath(), x.g.prefix)
	if ok {
		x.path = path
		x.route, x.parameters = x.g.doc.match(x.r.Method, path)
	}
	if x.route == nil {
		return &noRoute
	}
	body, p := x.body()
	if p != nil {
		return p
	}
	ev := x.event(body)
	if x.route.auth != nil {
		if ev.RequestContext.Authorizer, p = x.authorize(ev); p != nil {
			return p
		}
	}
	return x.integrate(ev)
}

// body reads the request's body, up to the gateway's limit.
func (x *exchange) body() ([]byte, *problem) {
	if x.r.ContentLength > maxBody {
		return nil, &tooLarge
	}
	raw, err := io.ReadAll(http.MaxBytesReader(x.w, x.r.Body, maxBody))
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return nil, &tooLarge
	case err != nil:
		return nil, &badParameters
	}
	return raw, nil
}

// integrate runs the route's function and passes its answer on.
func (x *exchange) integrate(ev event) *problem {
	ctx := x.r.Context()
	if !x.route.streams { // a caller that hangs up doesn't stop the function
		limit := x.g.cfg.IntegrationTimeout
		if x.route.timeout > 0 {
			limit = min(limit, x.route.timeout)
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), limit)
		defer cancel()
	}
	reply, p := x.invoke(ctx, x.route.function, ev)
	if p != nil {
		return p
	}
	if x.route.streams {
		return x.stream(reply)
	}
	return x.buffered(reply.Buffer())
}

// invoke sends an event to a function.
func (x *exchange) invoke(ctx context.Context, function string, ev event) (Reply, *problem) {
	payload, err := ev.encode()
	if err != nil {
		return Reply{}, &integrationFailed
	}
	reply, err := x.g.cfg.Functions.Invoke(ctx, function, payload)
	switch {
	case err == nil:
		return reply, nil
	case errors.Is(err, context.DeadlineExceeded):
		return Reply{}, &integrationTimeout
	case fault.Is(err, fault.TooLarge):
		return Reply{}, &tooLarge
	case fault.Is(err, fault.NotFound):
		return Reply{}, &misconfigured
	}
	x.g.cfg.Log.ErrorContext(ctx, "function could not be invoked", "function", function, "request_id", x.id, "error", err.Error())
	return Reply{}, &integrationFailed
}

// refuse answers with an error of the gateway's own.
func (x *exchange) refuse(p problem) {
	r := x.g.doc.responses.render(p, x.variables())
	maps.Copy(x.w.Header(), r.header)
	x.begin(r.status)
	if r.status != http.StatusNoContent {
		_, _ = io.WriteString(x.w, r.body) // a caller that hung up has no use for it
	}
}

// begin sends the status and the headers, with the gateway's own.
func (x *exchange) begin(status int) {
	x.status = status
	x.w.Header().Set("X-Amzn-Requestid", x.id)
	x.w.Header().Set("X-Amz-Apigw-Id", x.extendedID())
	x.w.WriteHeader(status)
}

// variables are what a gateway response may mention, but for the error's own.
func (x *exchange) variables() map[string]string {
	v := map[string]string{
		"requestId": x.id, "extendedRequestId": x.extendedID(), "apiId": x.g.cfg.APIID, "stage": x.g.cfg.Stage,
		"path": x.r.URL.EscapedPath(), "httpMethod": x.r.Method, "protocol": x.r.Proto,
		"identity.sourceIp": hostname(x.r.RemoteAddr),
	}
	if x.route != nil {
		v["resourcePath"] = x.route.path
	}
	return v
}

// extendedID is the gateway's second id of a request.
func (x *exchange) extendedID() string { return fmt.Sprintf("%s=", resourceID(x.id)) }

// log notes the request by its route: paths, queries and headers may hold ids, tokens and keys.
func (x *exchange) log() {
	pattern := "none"
	if x.route != nil {
		pattern = x.g.prefix + x.route.path
	}
	x.g.cfg.Log.InfoContext(x.r.Context(), "request", "method", x.r.Method, "route", pattern, "status", x.status,
		"ms", x.g.cfg.Clock().Sub(x.at).Milliseconds(), "request_id", x.id, "broken_off", x.broken)
}
