// Package samlocal lets functions run elsewhere over the world of the event fixtures: in the SAM CLI's containers, or as
// processes under another runtime. It serves them the world's DynamoDB, S3 and Step Functions at an address that they
// reach, and writes the files by which the SAM CLI runs them: a template and a description of the HTTP surface like the
// deployed ones, and the functions' variables.
package samlocal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	exports "github.com/videovector/exports"
	openapi "github.com/videovector/exports/api"
	"github.com/videovector/exports/internal/fixture"
)

// Config says for whom a world is opened.
type Config struct {
	Dir    string // everything that is written; made anew
	Source string // the folder of the deployed template
	Build  string // what `sam build` made
	Host   string // an address of this machine at which functions reach it

	DynamoDB string // endpoint of a DynamoDB Local
	Steps    string // endpoint of a Step Functions; "" means one that takes note of executions and runs none
	Now      time.Time
	// Functions makes the world's own functions, which bring its exports to their stages.
	Functions fixture.Config
	Log       *slog.Logger
}

// DefaultDir is where samconfig.toml looks, below the source tree.
const DefaultDir = ".aws-sam/local"

// Names in Dir.
const (
	TemplateFile    = "template.yaml"
	EnvironmentFile = "env.json"
	descriptionFile = "openapi.yaml"
	layerDir        = "layer"
	sealKey         = "seal.key"
)

// table is the world's.
const table = "videovector-exports"

// World is one that functions elsewhere work on.
type World struct {
	// Environment are the functions' variables. SEAL_KEY_FILE is where a container sees the key.
	Environment map[string]string
	// SealKeyFile is where this machine sees it.
	SealKeyFile string

	closers []io.Closer
}

// Open makes the world and serves it until Close. Until then the process works from another directory.
func Open(ctx context.Context, cfg Config) (w *World, err error) {
	w = &World{}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Close())
		}
	}()
	for _, dir := range []*string{&cfg.Dir, &cfg.Source, &cfg.Build} {
		if *dir, err = filepath.Abs(*dir); err != nil {
			return w, err
		}
	}
	if err := os.RemoveAll(cfg.Dir); err != nil {
		return w, err
	}
	own := cfg.Functions
	own.Dir, own.Now, own.Log = filepath.Join(cfg.Dir, "world"), cfg.Now, cfg.Log
	own.S3Addr, own.DynamoDB, own.Table = net.JoinHostPort(cfg.Host, "0"), cfg.DynamoDB, table
	world, err := fixture.Open(ctx, own)
	if err != nil {
		return w, err
	}
	w.closers = append(w.closers, world)
	where := fixture.Elsewhere{SealKeyFile: "/opt/" + sealKey}
	if where.DynamoDB, err = w.forward(ctx, cfg.Host, cfg.DynamoDB); err != nil {
		return w, err
	}
	if cfg.Steps == "" {
		where.Steps, err = w.serve(ctx, cfg.Host, noted(cfg.Log))
	} else {
		where.Steps, err = w.forward(ctx, cfg.Host, cfg.Steps)
	}
	if err != nil {
		return w, err
	}
	if w.Environment, err = world.Environment(where); err != nil {
		return w, err
	}
	w.SealKeyFile = world.SealKeyFile()
	return w, w.write(cfg)
}

// forward serves an endpoint of loopback at the address that functions reach.
func (w *World) forward(ctx context.Context, host, endpoint string) (string, error) {
	to, err := url.Parse(endpoint)
	if err != nil {
		return "", err
	}
	return w.serve(ctx, host, httputil.NewSingleHostReverseProxy(to))
}

func (w *World) serve(ctx context.Context, host string, h http.Handler) (endpoint string, err error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return "", err
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	w.closers = append(w.closers, srv)
	go func() { _ = srv.Serve(l) }() // it ends with Close
	return "http://" + l.Addr().String(), nil
}

// write writes what the SAM CLI reads.
func (w *World) write(cfg Config) error {
	relative := func(to string) string {
		r, err := filepath.Rel(cfg.Dir, to)
		if err != nil {
			return to
		}
		return filepath.ToSlash(r)
	}
	names := make([]string, 0, len(w.Environment))
	for name := range w.Environment {
		names = append(names, name)
	}
	slices.Sort(names)
	architecture, err := Architecture()
	if err != nil {
		return err
	}
	template, err := localTemplate(exports.Template, changes{
		architecture: architecture, variables: names, build: relative(cfg.Build), source: relative(cfg.Source), layer: layerDir,
	})
	if err != nil {
		return err
	}
	// Under this name it goes to every function.
	environment, err := json.MarshalIndent(map[string]any{"Parameters": w.Environment}, "", "  ")
	if err != nil {
		return err
	}
	key, err := os.ReadFile(w.SealKeyFile)
	if err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(cfg.Dir, layerDir), 0o700); err != nil {
		return err
	}
	description, err := localDescription(exports.Template, openapi.Description)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(cfg.Dir, TemplateFile), template, 0o600),
		os.WriteFile(filepath.Join(cfg.Dir, descriptionFile), description, 0o600),
		os.WriteFile(filepath.Join(cfg.Dir, EnvironmentFile), append(environment, '\n'), 0o600),
		os.WriteFile(filepath.Join(cfg.Dir, layerDir, sealKey), key, 0o600),
	)
}

// Architecture is this machine's, as Lambda names it.
func Architecture() (string, error) {
	switch runtime.GOARCH {
	case "amd64":
		return "x86_64", nil
	case "arm64":
		return "arm64", nil
	}
	return "", fmt.Errorf("there are no Lambda functions for %s", runtime.GOARCH)
}

// Close stops the world.
func (w *World) Close() error {
	var errs []error
	for i := len(w.closers) - 1; i >= 0; i-- {
		errs = append(errs, w.closers[i].Close())
	}
	w.closers = nil
	return errors.Join(errs...)
}
