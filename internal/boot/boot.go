// Package boot is the start of a deployed function: the environment becomes configuration, SDK clients and the parts
// that internal/wiring puts together. Nothing else reads the environment. A main names the parts that its function
// needs, so a function pays at its start only for those, and needs permission for nothing else.
package boot

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/videovector/exports/internal/failpoint"
	"github.com/videovector/exports/internal/logattr"
	"github.com/videovector/exports/internal/wiring"
)

// env is what a function was started with.
type env struct {
	aws           aws.Config
	get           func(string) string
	objectsClient aws.HTTPClient // nil as long as nothing is kept in S3
}

// Env is env for Needs of packages of their own: what they import, only the functions weigh that name them.
type Env = env

// NewEnv is an Env of tests.
func NewEnv(cfg aws.Config, get func(string) string) *Env { return &env{aws: cfg, get: get} }

// AWS is the configuration of AWS's clients.
func (e *env) AWS() aws.Config { return e.aws }

// Get is a variable of the environment, "" for none.
func (e *env) Get(name string) string { return e.get(name) }

// Need is a variable of the environment that must be set.
func (e *env) Need(name string) (string, error) { return e.need(name) }

// What Lambda carries, in bytes: a streamed reply up to 200 MB, a buffered one up to 6 MB. There the document is a JSON
// string, in which every quote takes two bytes.
const (
	maxStreamed = 200_000_000
	maxBuffered = 3 << 20
)

// Need adds one part that a function works with, made from the environment.
type Need func(ctx context.Context, e *env, p *wiring.Parts) error

// Run is the whole main of a function: it makes the needed parts, builds the handler and serves invocations until the
// process ends. A failure to start is logged, without values of the environment, and ends the process with status 1.
func Run(build func(wiring.Parts) any, needs ...Need) {
	ctx := context.Background()
	log := logger(os.Getenv("LOG_LEVEL"))
	parts, err := gather(ctx, log, needs)
	if err != nil {
		log.ErrorContext(ctx, "the function could not start", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(build(parts))
}

func gather(ctx context.Context, log *slog.Logger, needs []Need) (wiring.Parts, error) {
	parts := wiring.Parts{Log: log, MetricsNamespace: os.Getenv("METRICS_NAMESPACE"), Clock: failpoint.Clock(), MaxDownload: maxStreamed}
	if os.Getenv("AWS_SAM_LOCAL") == "true" { // sam local doesn't stream
		parts.BufferDownloads, parts.MaxDownload = true, maxBuffered
	}
	e := &env{get: os.Getenv}
	var err error
	if e.aws, err = e.awsConfig(); err != nil {
		return parts, err
	}
	for _, need := range needs {
		if err := need(ctx, e, &parts); err != nil {
			return parts, err
		}
	}
	return parts, nil
}

func logger(level string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo
	}
	return logattr.Logger(slog.New(slog.NewJSONHandler(os.Stdout, &slog.HandlerOptions{Level: l})))
}

// need is the value of a required variable.
func (e *env) need(name string) (string, error) {
	if v := e.get(name); v != "" {
		return v, nil
	}
	return "", fmt.Errorf("the environment variable %s is not set", name)
}

// may is the value of a variable that is declared and can be empty.
func (e *env) may(name string) string { return e.get(name) }
