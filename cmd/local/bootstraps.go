package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	exports "github.com/videovector/exports"
	"github.com/videovector/exports/internal/localgw"
	"github.com/videovector/exports/internal/localsfn"
	"github.com/videovector/exports/internal/metrics"
	"github.com/videovector/exports/internal/wiring"
)

// module is the source tree's.
const module = "github.com/videovector/exports"

// buildFlags are the Makefile's.
var buildFlags = []string{"-trimpath", "-ldflags=-s -w -buildid=", "-tags", "lambda.norpc"}

// checkBootstraps refuses flags that don't go together.
func (o options) checkBootstraps() error {
	if o.bootstraps != "" && !o.realBootstrap {
		return errors.New("-bootstraps names the functions that -real-bootstrap runs; give both")
	}
	if o.realBootstrap && o.dynamoDBEndpoint == "" {
		return errors.New("-real-bootstrap needs -dynamodb-endpoint URL: the compiled functions keep their records in DynamoDB; \"scripts/dynamodb.sh run 8000\" starts one at http://127.0.0.1:8000")
	}
	return nil
}

// findBootstraps makes s.bootstraps the folder that holds NAME/bootstrap of every function: the one that was given, or
// one that is built now.
func (s *stack) findBootstraps(ctx context.Context, stderr io.Writer) (err error) {
	switch {
	case !s.options.realBootstrap:
		return nil
	case s.options.bootstraps != "":
		s.bootstraps, err = filepath.Abs(s.options.bootstraps)
	default:
		s.bootstraps = filepath.Join(s.options.data, "bootstraps")
		err = buildBootstraps(ctx, s.bootstraps, stderr)
	}
	if err != nil {
		return err
	}
	for name := range handlers {
		if _, err := os.Stat(s.program(name)); err != nil {
			return fmt.Errorf("there is no bootstrap of %s: %w (\"make build GOARCH_TARGET=%s\" makes all of them, for -bootstraps build)", name, err, runtime.GOARCH)
		}
	}
	return nil
}

func (s *stack) program(function string) string {
	return filepath.Join(s.bootstraps, function, "bootstrap")
}

// buildBootstraps compiles every function as it is deployed, but for this machine. They share most of their code, so
// one command makes them all, under their folders' names.
func buildBootstraps(ctx context.Context, dir string, stderr io.Writer) error {
	source, err := sourceTree(ctx)
	if err != nil {
		return err
	}
	built := dir + ".new"
	if err := os.MkdirAll(built, 0o700); err != nil {
		return err
	}
	defer os.RemoveAll(built)
	began := time.Now()
	fmt.Fprintf(stderr, "local: compiling %d functions; this takes a few seconds\n", len(handlers))
	cmd := exec.CommandContext(ctx, "go", slices.Concat([]string{"build"}, buildFlags, []string{"-o", built + string(filepath.Separator), "./functions/..."})...)
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("the functions can't be compiled: %w\n%s", err, bytes.TrimSpace(out))
	}
	fmt.Fprintf(stderr, "local: compiled after %.1f s\n", time.Since(began).Seconds())
	return arrange(built, dir)
}

// arrange moves built/NAME to dir/NAME/bootstrap.
func arrange(built, dir string) error {
	for name := range handlers {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			return err
		}
		if err := os.Rename(filepath.Join(built, name), filepath.Join(dir, name, "bootstrap")); err != nil {
			return err
		}
	}
	return nil
}

// sourceTree is the folder of the module that the working directory lies in, which must be this one.
func sourceTree(ctx context.Context) (string, error) {
	const advice = "the source tree is needed, to compile functions or to describe them: %w; run it there (with -real-bootstrap, -bootstraps DIR names compiled ones)"
	if _, err := exec.LookPath("go"); err != nil {
		return "", fmt.Errorf(advice, errors.New("the go command is not installed"))
	}
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	dir := strings.TrimSpace(string(out))
	if err != nil || dir == "" {
		return "", fmt.Errorf(advice, fmt.Errorf("the source tree is not here (%s)", bytes.TrimSpace(stderr.Bytes())))
	}
	return dir, nil
}

// assembleBootstraps makes the functions, the engine that calls them, and the endpoint at which they start executions.
func (s *stack) assembleBootstraps(ctx context.Context) error {
	steps, err := s.listenSteps(ctx)
	if err != nil {
		return err
	}
	if s.invoker, err = s.newBootstraps(); err != nil {
		return err
	}
	if err := s.newEngine(ctx); err != nil {
		return err
	}
	s.serveSteps(steps)
	return nil
}

// newBootstraps makes the functions run as processes of their own, with the template's limits and variables.
func (s *stack) newBootstraps() (functions, error) {
	deployed, err := localgw.TemplateFunctions(exports.Template)
	if err != nil {
		return nil, err
	}
	all := map[string]localgw.Bootstrap{}
	for _, f := range deployed {
		env, err := s.environment(f)
		if err != nil {
			return nil, err
		}
		all[f.Name] = localgw.Bootstrap{Program: s.program(f.Name), Env: env, Timeout: f.Timeout, MemoryMB: f.MemoryMB}
	}
	return localgw.NewBootstraps(localgw.BootstrapsConfig{
		Functions: all, Region: region, AccountID: awsAccount, NewID: rand.Text, Log: s.log,
	}), nil
}

// environment gives a function the template's variables with local values, the local credentials, and the addresses of
// what it calls.
func (s *stack) environment(f localgw.Deployed) ([]string, error) {
	env := []string{
		"AWS_ACCESS_KEY_ID=" + s.secrets.S3AccessKey,
		"AWS_SECRET_ACCESS_KEY=" + s.secrets.S3SecretKey,
		"AWS_ENDPOINT_URL_DYNAMODB=" + s.options.dynamoDBEndpoint,
		"AWS_ENDPOINT_URL_S3=" + s.storageEndpoint(),
		"AWS_ENDPOINT_URL_SFN=" + s.stepsEndpoint,
	}
	values, err := s.variables().Of(f)
	return append(env, values...), err
}

// variables are the local values of the template's variables.
func (s *stack) variables() localgw.LocalValues {
	return localgw.LocalValues{
		"LOG_LEVEL":          {"LOG_LEVEL=INFO"},
		"METRICS_NAMESPACE":  {"METRICS_NAMESPACE=" + metrics.DefaultNamespace},
		"TABLE_NAME":         {"TABLE_NAME=" + tableName},
		"ARTIFACTS_BUCKET":   {"ARTIFACTS_BUCKET=" + artifactsBucket},
		"RESULTS_BUCKET":     {"RESULTS_BUCKET=" + resultsBucket},
		"STATE_MACHINE_ARN":  {"STATE_MACHINE_ARN=" + machineARN},
		"ACCOUNT_ROLE_ARN":   append([]string{"ACCOUNT_ROLE_ARN=none"}, s.sizes().Environment()...),
		"PUBLIC_ORIGIN":      {"PUBLIC_ORIGIN=" + s.origin()},
		"TOKEN_SECRET_ARN":   {"TOKEN_SECRET=" + s.secrets.TokenSecret},
		"EXPORTS_AT_ONCE":    {fmt.Sprintf("EXPORTS_AT_ONCE=%d", s.options.limits.AtOnce)},
		"EXPORTS_WAITING":    {fmt.Sprintf("EXPORTS_WAITING=%d", s.options.limits.Waiting)},
		"CREATES_PER_MINUTE": {fmt.Sprintf("CREATES_PER_MINUTE=%d", s.options.limits.PerMinute)},
		"KMS_KEY_ID":         slices.Concat([]string{"SEAL_KEY_FILE=" + s.sealFile()}, s.endpoints().Environment(), s.options.webhooks.Environment()),
	}
}

func (s *stack) sizes() wiring.Sizes {
	return wiring.Sizes{ShardAbove: s.options.shardAbove << 20, ShardSize: s.options.shardSize << 20}
}

// listenSteps takes the port at which functions start executions; serveSteps answers there once there is an engine.
func (s *stack) listenSteps(ctx context.Context) (net.Listener, error) {
	port, err := freePort(ctx, s.secrets.StepsPort)
	if err != nil {
		return nil, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, l)
	s.stepsEndpoint = "http://" + l.Addr().String()
	if port == s.secrets.StepsPort {
		return l, nil
	}
	s.secrets.StepsPort = port
	return l, s.secrets.save(s.options.data)
}

func (s *stack) serveSteps(l net.Listener) {
	srv := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: localsfn.Handler(localsfn.Config{
		Executions: s.engine, StateMachineARN: machineARN, NewID: rand.Text, Log: s.log,
	})}
	s.closers = append(s.closers, srv)
	go func() { _ = srv.Serve(l) }() // it ends with Close
}
