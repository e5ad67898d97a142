// Package wiring says how each function's handler is made of its parts. The deployed mains make the parts out of their
// environment, the local service out of embedded ones; what they are put together to is the same.
package wiring

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/api"
	"github.com/videovector/exports/internal/apigw"
	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/logattr"
	"github.com/videovector/exports/internal/metrics"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/signkeys"
	"github.com/videovector/exports/internal/stepfn"
	"github.com/videovector/exports/internal/steps"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/tenant"
)

// Executions starts the state machine.
type Executions interface {
	Start(ctx context.Context, account, exportID string, generation int) error
}

// Parts is what functions are made of. A function uses some of them; the others may be left out.
type Parts struct {
	Store      store.Store
	Artifacts  blob.Bucket
	Results    blob.Reader
	Samples    api.Results // of results, for dry runs; nil means Results
	Executions Executions
	Connectors connector.Opener
	Sealer     seal.Sealer      // of the secrets of connectors and webhooks
	Limits     admission.Limits // of each account
	Keyring    *auth.Keyring
	// RefreshKeys keeps the keyring's keys fresh; it is called before every request. nil where they never change.
	RefreshKeys func(context.Context)
	// Rotation replaces the signing keys; nil where they can't be.
	Rotation *signkeys.Rotation
	Origin   api.Origin // public https origin of links
	NewID    func(time.Time) string
	// NewConnectorID and NewExternalID mint what a new connector gets.
	NewConnectorID func(time.Time) string
	NewExternalID  func() string
	// WebhookClient reaches webhooks: the guard's. The rest is minted for a new webhook, and for the event of a test.
	WebhookClient    *http.Client
	NewWebhookID     func(time.Time) string
	NewEventID       func(time.Time) string
	NewWebhookSecret func() seal.Secret
	// WebhookRetry is the pause after a first attempt that failed; 0 means the deployed one.
	WebhookRetry time.Duration
	// WebhookJitter is a random number from 0 to 1, for the pauses between attempts; nil means one of its own.
	WebhookJitter func() float64
	Clock         func() time.Time
	Log           *slog.Logger
	// MetricsNamespace is where CloudWatch keeps the metrics; "" means metrics.DefaultNamespace.
	MetricsNamespace string
	// BufferDownloads makes downloads ordinary replies, for a gateway that can't stream.
	BufferDownloads bool
	// MaxDownload is the largest document that the gateway can carry, in bytes; 0 means any.
	MaxDownload int64
	// Sizes of packaging, in bytes; 0 means the default. Tests make documents of many parts out of few bytes.
	ShardThreshold, ShardBytes, PartBytes int64
	// Jitter is a random number from 0 to 1, for the pauses of requests that take turns; nil means one of its own.
	Jitter func() float64
	// Debounce is how long the window of every automation is; 0 means as long as it says. Nobody waits for five minutes
	// on one machine.
	Debounce time.Duration
}

// metrics are written to the log.
func (p Parts) metrics() *metrics.Recorder {
	return metrics.New(logattr.Logger(p.Log), p.MetricsNamespace, p.Clock)
}

// edge is what a step has around it.
func (p Parts) edge(step string) stepfn.Edge {
	return stepfn.Edge{Step: step, Log: p.Log, Metrics: p.metrics(), Clock: p.Clock}
}

// Authorize is the gateway's authorizer.
func Authorize(p Parts) any { return apigw.Authorizer(auth.NewAuthenticator(p.Store, p.Clock), p.Log) }

// CreateExport serves the two creating routes.
func CreateExport(p Parts) any {
	samples := p.Samples
	if samples == nil {
		samples = p.Results
	}
	return apigw.Handler(p.fresh(api.CreateExport(api.CreateConfig{
		Records: p.Store, Results: samples, Starter: p.Executions, Limits: p.Limits, Keys: p.Keyring, Clock: p.Clock, NewID: p.NewID,
		Jitter: p.Jitter, Metrics: p.metrics(), Log: p.Log,
	})), p.Log)
}

// ReadExport serves every route that looks at exports or keys.
func ReadExport(p Parts) any {
	return apigw.Handler(p.fresh(api.ReadExport(api.ReadConfig{
		Exports: p.Store, Links: links{p.Artifacts}, Keys: p.Keyring, Origin: p.Origin, Clock: p.Clock, Log: p.Log,
	})), p.Log)
}

// ControlExport serves what owners do to exports.
func ControlExport(p Parts) any {
	return apigw.Handler(p.fresh(api.ControlExport(api.ControlConfig{
		Exports: p.Store, Clearer: steps.Purger{Artifacts: p.Artifacts}, Starter: p.Executions, Limits: p.Limits, Keys: p.Keyring, Clock: p.Clock,
		Jitter: p.Jitter, Metrics: p.metrics(), Log: p.Log,
	})), p.Log)
}

// DownloadExport serves documents.
func DownloadExport(p Parts) any {
	h := p.fresh(api.DownloadExport(api.DownloadConfig{
		Exports: p.Store, Documents: p.Artifacts, Authenticator: auth.NewAuthenticator(p.Store, p.Clock), Keys: p.Keyring,
		MaxBytes: p.MaxDownload, Clock: p.Clock, Log: p.Log,
	}))
	if p.BufferDownloads {
		return apigw.Handler(h, p.Log)
	}
	return apigw.StreamHandler(h, p.Log)
}

// ManageConnector serves every route of connectors.
func ManageConnector(p Parts) any {
	return apigw.Handler(p.fresh(api.ManageConnector(api.ManageConfig{
		Connectors: p.Store, Targets: p.Connectors, Sealer: p.Sealer, Keys: p.Keyring,
		Clock: p.Clock, NewID: p.NewConnectorID, NewExternalID: p.NewExternalID, Log: p.Log,
	})), p.Log)
}

// fresh serves requests with keys that are fresh.
func (p Parts) fresh(h http.Handler) http.Handler {
	if p.RefreshKeys == nil {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.RefreshKeys(r.Context())
		h.ServeHTTP(w, r)
	})
}

// RotateSigningKey is called by Secrets Manager, once for each step of a rotation.
func RotateSigningKey(p Parts) any {
	return stepfn.Handler(p.edge("rotate-signing-key"), func(ctx context.Context, in signkeys.Event) (signkeys.Done, error) {
		if p.Rotation == nil {
			return signkeys.Done{}, fault.New(fault.Invalid, "keys_fixed", "The signing keys of this service are not rotated.")
		}
		return p.Rotation.Handle(ctx, in)
	})
}

// links renews presigned links on read.
type links struct{ artifacts blob.Bucket }

// Presign implements api.Links.
func (l links) Presign(ctx context.Context, a export.Artifact, filename string, most time.Duration) (export.Link, error) {
	url, expires, err := l.artifacts.Presign(ctx, a.Key, filename, min(most, steps.DefaultLinkLife))
	return export.Link{URL: url, ExpiresAt: export.Stamp(expires)}, err
}

// step is the handler of a step, all of whose work is for its job's account.
func step[In interface{ Account() string }, Out any](edge stepfn.Edge, handle func(context.Context, In) (Out, error)) any {
	return stepfn.Handler(edge, func(ctx context.Context, in In) (Out, error) {
		return handle(tenant.With(ctx, in.Account()), in)
	})
}

// Plan is the step of the name.
func Plan(p Parts) any {
	s := steps.Plan{
		Records: p.Store, Artifacts: p.Artifacts, Metrics: p.metrics(), Clock: p.Clock,
		ShardThreshold: p.ShardThreshold, ShardBytes: p.ShardBytes, PartBytes: p.PartBytes,
	}
	return step(p.edge("plan"), s.Handle)
}

// Package is the step of the name.
func Package(p Parts) any {
	copier, _ := p.Artifacts.(blob.Copier)
	s := steps.Package{Records: p.Store, Results: p.Results, Artifacts: p.Artifacts, Copier: copier, Clock: p.Clock}
	return step(p.edge("package"), s.Handle)
}

// Assemble is the step of the name.
func Assemble(p Parts) any {
	s := steps.Assemble{Records: p.Store, Results: p.Results, Artifacts: p.Artifacts, Clock: p.Clock}
	return step(p.edge("assemble"), s.Handle)
}

// Presign is the step of the name.
func Presign(p Parts) any {
	s := steps.Presign{Records: p.Store, Artifacts: p.Artifacts, Clock: p.Clock}
	return step(p.edge("presign"), s.Handle)
}

// Deliver is the step of the name.
func Deliver(p Parts) any {
	s := steps.Deliver{Records: p.Store, Artifacts: p.Artifacts, Connectors: p.Connectors, Clock: p.Clock}
	return step(p.edge("deliver"), s.Handle)
}

// Finish is the step of the name.
func Finish(p Parts) any {
	return step(p.edge("finish"), steps.Finish{Records: p.Store, Metrics: p.metrics(), Clock: p.Clock}.Handle)
}

// Fail is the step of the name.
func Fail(p Parts) any {
	return step(p.edge("fail"), steps.Fail{Records: p.Store, Artifacts: p.Artifacts, Metrics: p.metrics(), Clock: p.Clock}.Handle)
}

// Sweep is called by the schedule and by the rule on executions that ended.
func Sweep(p Parts) any {
	s := steps.Sweep{
		Records: p.Store, Artifacts: p.Artifacts, Starter: p.Executions, Limits: p.Limits, Metrics: p.metrics(), Clock: p.Clock, Log: logattr.Logger(p.Log),
	}
	return stepfn.Handler(p.edge("sweep"), s.Handle)
}
