package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/videovector/exports/internal/asl"
	"github.com/videovector/exports/internal/blob/embeds3"
	"github.com/videovector/exports/internal/demo"
	"github.com/videovector/exports/internal/localca"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/wiring"
)

// Names of the local service's parts.
const (
	region          = "us-east-1"
	awsAccount      = "000000000000"
	resultsBucket   = "videovector-results"
	artifactsBucket = "videovector-artifacts"
	customerBucket  = "review-team-bucket" // what conn_export delivers into
	tableName       = "videovector-exports"
)

// sweepEvery is the deployed schedule, of automations and of due events as well.
const sweepEvery = time.Minute

// stopPatience is how long requests under way may take to end after Ctrl-C.
const stopPatience = 5 * time.Second

// stack is a running local service.
type stack struct {
	options options
	log     *slog.Logger
	secrets *secrets
	records records
	parts   wiring.Parts
	engine  *asl.Engine
	invoker functions
	s3      *embeds3.Server
	objects aws.HTTPClient // of the embedded S3
	local   localJSON
	closers []io.Closer // in the order of their making

	// Of compiled functions only:
	bootstraps    string // the folder that holds them
	stepsEndpoint string // where they start executions
}

// records are the service's, and the keys that open it.
type records interface {
	store.Store
	store.KeyAdmin
}

// serve runs the service until ctx ends.
func serve(ctx context.Context, o options, stdout, stderr io.Writer) (err error) {
	if err := o.checkBootstraps(); err != nil {
		return err
	}
	if o.data, err = filepath.Abs(o.data); err != nil {
		return err
	}
	if o.webhooks.CAFile != "" { // the embedded S3 works from another folder
		if o.webhooks.CAFile, err = filepath.Abs(o.webhooks.CAFile); err != nil {
			return err
		}
	}
	lock, err := lockFolder(o.data)
	if err != nil {
		return err
	}
	s := &stack{options: o, closers: []io.Closer{lock}}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.openLog(); err != nil {
		return err
	}
	if err := s.findBootstraps(ctx, stderr); err != nil {
		return err
	}
	listeners, err := s.listen(ctx)
	if err != nil {
		return err
	}
	if err := s.start(ctx, listeners); err != nil {
		return err
	}
	ended, err := s.serveHTTP(ctx, listeners)
	if err != nil {
		return err
	}
	if err := s.local.write(o.data); err != nil {
		return err
	}
	s.local.announce(stdout, o.data, o.demo)
	return <-ended
}

func (s *stack) openLog() error {
	f, err := os.OpenFile(filepath.Join(s.options.data, "local.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	s.closers = append(s.closers, f)
	s.log = slog.New(slog.NewJSONHandler(f, nil))
	slog.SetDefault(s.log)
	return nil
}

// listeners are the two public ports.
type listeners struct{ plain, tls net.Listener }

func (s *stack) listen(ctx context.Context) (l listeners, err error) {
	if l.plain, err = new(net.ListenConfig).Listen(ctx, "tcp", s.options.addr); err != nil {
		return l, fmt.Errorf("%w (give -addr another one)", err)
	}
	s.closers = append(s.closers, l.plain)
	if l.tls, err = new(net.ListenConfig).Listen(ctx, "tcp", s.options.tlsAddr); err != nil {
		return l, fmt.Errorf("%w (give -tls-addr another one)", err)
	}
	s.closers = append(s.closers, l.tls)
	return l, nil
}

// start brings up everything behind the public ports, resumes what was open, and fills local.json in.
func (s *stack) start(ctx context.Context, l listeners) (err error) {
	if s.secrets, err = openSecrets(s.options.data); err != nil {
		return err
	}
	authority, err := localca.Open(s.options.data, time.Now())
	if err != nil {
		return err
	}
	if err := s.startS3(ctx); err != nil {
		return err
	}
	if err := s.openRecords(ctx); err != nil {
		return err
	}
	s.describe(l, authority)
	if err := s.assemble(ctx); err != nil {
		return err
	}
	if err := s.seed(ctx); err != nil {
		return fmt.Errorf("demo data: %w", err)
	}
	resumed, err := s.engine.Resume(ctx)
	if err != nil {
		return err
	}
	s.log.InfoContext(ctx, "started", "resumed_executions", resumed)
	return s.startPipes(ctx)
}

// describe fills local.json in.
func (s *stack) describe(l listeners, a *localca.Authority) {
	s.local = localJSON{
		BaseURL: "http://" + l.plain.Addr().String() + "/api/v2", TLSBaseURL: "https://" + l.tls.Addr().String() + "/api/v2",
		CAFile: a.File, S3Endpoint: s.s3.Endpoint(), S3Region: region,
		S3AccessKeyID: s.secrets.S3AccessKey, S3SecretAccessKey: s.secrets.S3SecretKey, APIKeys: s.secrets.APIKeys,
		ResultsBucket: resultsBucket, ArtifactsBucket: artifactsBucket, AccountID: demo.AccountID, PID: os.Getpid(),
		Demo: demoJSON{Index: demo.IndexID, Connector: demo.ConnectorID},
	}
	for _, p := range demo.Runs() {
		s.local.Demo.Runs = append(s.local.Demo.Runs, p.Run.ID)
	}
	if s.options.dynamoDBEndpoint != "" {
		s.local.DynamoDBEndpoint, s.local.TableName = s.options.dynamoDBEndpoint, tableName
	} else {
		s.local.RecordsFile = s.recordsFile()
	}
}

func (s *stack) recordsFile() string { return filepath.Join(s.options.data, "records.db") }

// serveHTTP serves both ports; ended gives the end's error once everything has stopped.
func (s *stack) serveHTTP(ctx context.Context, l listeners) (ended <-chan error, err error) {
	gateway, err := s.gateway()
	if err != nil {
		return nil, err
	}
	handler, err := s.withPage(gateway)
	if err != nil {
		return nil, err
	}
	authority, err := localca.Open(s.options.data, time.Now())
	if err != nil {
		return nil, err
	}
	host, _, err := net.SplitHostPort(l.tls.Addr().String())
	if err != nil {
		return nil, err
	}
	cert, err := authority.ServerCertificate(host, time.Now())
	if err != nil {
		return nil, err
	}
	plain := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	secure := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}}
	failed := make(chan error, 2)
	go func() { failed <- plain.Serve(l.plain) }()
	go func() { failed <- secure.ServeTLS(l.tls, "", "") }()
	go s.sweepRegularly(ctx)
	go s.expireRegularly(ctx)
	go s.runAutomationsRegularly(ctx)
	done := make(chan error, 1)
	go func() {
		var err error
		select {
		case <-ctx.Done():
		case err = <-failed:
		}
		patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopPatience)
		defer cancel()
		done <- errors.Join(err, stopServer(patience, plain), stopServer(patience, secure))
	}()
	return done, nil
}

// stopServer lets requests under way end, and cuts off what takes too long.
func stopServer(ctx context.Context, srv *http.Server) error {
	err := srv.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return srv.Close()
	}
	return err
}

// close stops everything, the latest first. Executions are left where they are: the next start resumes them.
func (s *stack) close() error {
	if s.engine != nil {
		s.engine.Close()
	}
	var errs []error
	if s.invoker != nil {
		patience, cancel := context.WithTimeout(context.Background(), stopPatience)
		defer cancel()
		if err := s.invoker.Close(patience); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			errs = append(errs, err)
		}
	}
	for i := len(s.closers) - 1; i >= 0; i-- {
		if err := s.closers[i].Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
