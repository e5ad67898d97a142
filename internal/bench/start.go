package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	exports "github.com/videovector/exports"
	"github.com/videovector/exports/internal/localgw"
)

const (
	starts    = 20
	startWait = 10 * time.Second // Lambda's limit on a start
)

// starts notes how long every function takes from its execution to the moment when it asks for its first event: the
// part of a cold start that the function can help.
func (b *bench) starts(ctx context.Context, folder string) {
	middle := row{name: "exec to first /next, p50 of the slowest function", unit: "ms", target: target{floor: 10, goal: 5, atMost: true}}
	longest := row{name: "exec to first /next, longest of all", unit: "ms", target: target{floor: 30, goal: 12, atMost: true}}
	b.log("starts of functions")
	programs, err := buildFunctions(ctx, folder, runtime.GOARCH)
	for _, p := range programs {
		var s spread
		if s, err = startsOf(ctx, p); err != nil {
			break
		}
		if s.Median > middle.value.Median {
			middle.value, middle.remark = s, filepath.Base(filepath.Dir(p))
		}
		if s.High > longest.value.Median {
			longest.value, longest.remark = spread{s.High, s.Low, s.High}, filepath.Base(filepath.Dir(p))
		}
	}
	if err != nil {
		middle.absent, longest.absent = err.Error(), err.Error()
	}
	b.rows = append(b.rows, middle, longest)
}

// startsOf starts a function again and again, each time until it asks for work; in milliseconds.
func startsOf(ctx context.Context, program string) (spread, error) {
	var all []float64
	for range starts {
		took, err := startOnce(ctx, program)
		if err != nil {
			return spread{}, fmt.Errorf("%s: %w", program, err)
		}
		all = append(all, float64(took)/float64(time.Millisecond))
	}
	return spreadOf(all), nil
}

// startOnce runs the function behind a Runtime API that never has an event.
func startOnce(ctx context.Context, program string) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, startWait)
	defer cancel()
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	asked := make(chan time.Time, 1)
	srv := &http.Server{ReadHeaderTimeout: startWait, Handler: runtimeAPI(asked)}
	go func() { _ = srv.Serve(l) }()   // it ends with Close
	defer func() { _ = srv.Close() }() // nobody is left to talk to
	var trouble bytes.Buffer
	cmd := exec.CommandContext(ctx, program)
	if cmd.Env, err = functionEnv(l.Addr().String(), filepath.Base(filepath.Dir(program))); err != nil {
		return 0, err
	}
	cmd.Stdout, cmd.Stderr = &trouble, &trouble
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // what it printed tells more
	}()
	select {
	case at := <-asked:
		cancel()
		<-ended
		return at.Sub(began), nil
	case <-ended:
		return 0, errors.New("it ended before it asked for work: " + trouble.String())
	}
}

// runtimeAPI tells when it is asked for the next event, and has none.
func runtimeAPI(asked chan<- time.Time) http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		now := time.Now()
		if !strings.HasSuffix(r.URL.Path, "/runtime/invocation/next") {
			return
		}
		select {
		case asked <- now:
		default:
		}
		<-r.Context().Done()
	})
}

// functionEnv is what Lambda and the template give the function of the name, with local values. Signing keys come from the
// environment: the request to Secrets Manager, which a deployed function makes at its start, is not counted.
func functionEnv(api, name string) ([]string, error) {
	deployed, err := localgw.TemplateFunctions(exports.Template)
	if err != nil {
		return nil, err
	}
	env := []string{
		"AWS_LAMBDA_RUNTIME_API=" + api, "AWS_LAMBDA_FUNCTION_NAME=bench", "AWS_LAMBDA_FUNCTION_VERSION=1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=512",
		"AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=none", "AWS_SECRET_ACCESS_KEY=none", "AWS_EC2_METADATA_DISABLED=true",
	}
	for _, f := range deployed {
		if f.Name == name {
			own, err := benchValues.Of(f)
			return append(env, own...), err
		}
	}
	return nil, fmt.Errorf("the template has no function %s", name)
}

// benchValues are the local values of the template's variables.
var benchValues = localgw.LocalValues{
	"LOG_LEVEL":         {"LOG_LEVEL=INFO"},
	"METRICS_NAMESPACE": {"METRICS_NAMESPACE=bench"},
	"ACCOUNT_ROLE_ARN":  {"ACCOUNT_ROLE_ARN=none"},
	"TABLE_NAME":        {"TABLE_NAME=exports"},
	"ARTIFACTS_BUCKET":  {"ARTIFACTS_BUCKET=artifacts"},
	"RESULTS_BUCKET":    {"RESULTS_BUCKET=results"},
	"PUBLIC_ORIGIN":     {"PUBLIC_ORIGIN=https://api.example.com"},
	"STATE_MACHINE_ARN": {"STATE_MACHINE_ARN=arn:aws:states:us-east-1:000000000000:stateMachine:export"},
	"TOKEN_SECRET_ARN":  {"TOKEN_SECRET=" + strings.Repeat("k", 64)},
	"EXPORTS_AT_ONCE":   {"EXPORTS_AT_ONCE=20"}, "EXPORTS_WAITING": {"EXPORTS_WAITING=100"}, "CREATES_PER_MINUTE": {"CREATES_PER_MINUTE=120"},
	"KMS_KEY_ID": {"KMS_KEY_ID=arn:aws:kms:us-east-1:000000000000:key/bench"},
}

// buildFunctions makes every function's bootstrap as `make build` does, and gives their paths.
func buildFunctions(ctx context.Context, folder, arch string) ([]string, error) {
	sources, err := filepath.Glob("functions/*/main.go")
	if err != nil || len(sources) == 0 {
		return nil, errors.Join(err, errors.New("there is no function here: the benchmark runs in the repository's root"))
	}
	var programs []string
	for _, s := range sources {
		source := filepath.Dir(s)
		p := filepath.Join(folder, arch, filepath.Base(source), "bootstrap")
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w -buildid=", "-tags", "lambda.norpc", "-o", p, "./"+source)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%s: %w %s", source, err, out)
		}
		programs = append(programs, p)
	}
	return programs, nil
}
