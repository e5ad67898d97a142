package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/videovector/exports/internal/fixture"
	"github.com/videovector/exports/internal/samlocal"
	"github.com/videovector/exports/internal/wiring"
)

const worldUsage = `Usage: local world [flags]

Serves the fixture records to functions that the SAM CLI runs, until Ctrl-C, with UNTIL_EOF=1 until stdin ends: in a
DynamoDB Local, which must run already (scripts/dynamodb.sh run 8000), an embedded S3, and a Step Functions that takes
note of executions. The folder -out gets template.yaml and env.json for sam local; samconfig.toml names both. Run it in
the source tree, after sam build.

Flags:
`

// runWorld is the command "world"; it gives the exit status.
func runWorld(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var cfg samlocal.Config
	flags := flag.NewFlagSet("local world", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { fmt.Fprint(stderr, worldUsage); flags.PrintDefaults() }
	flags.StringVar(&cfg.Host, "host", "127.0.0.1", "the `address` of this machine at which containers reach it: that of their bridge")
	flags.StringVar(&cfg.DynamoDB, "dynamodb-endpoint", "http://127.0.0.1:8000", "`URL` of a DynamoDB Local; a table in it is made anew")
	flags.StringVar(&cfg.Steps, "steps-endpoint", "", "start executions at the Step Functions of this `URL`, which has the state machine")
	flags.StringVar(&cfg.Build, "build", ".aws-sam/build", "the `folder` that sam build made")
	flags.StringVar(&cfg.Dir, "out", samlocal.DefaultDir, "`folder` to write, which is emptied first")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	return report(stderr, serveWorld(ctx, cfg, stdout, stderr))
}

func serveWorld(ctx context.Context, cfg samlocal.Config, stdout, stderr io.Writer) (err error) {
	source, err := sourceTree(ctx)
	if err != nil {
		return err
	}
	cfg.Source, cfg.Now, cfg.Log = source, time.Now().UTC().Truncate(time.Second), slog.New(slog.NewJSONHandler(stderr, nil))
	cfg.Functions.Functions = func(p wiring.Parts) (fixture.Functions, error) { return inProcess(p) }
	world, err := samlocal.Open(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, world.Close()) }()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	fmt.Fprintf(stdout, "Serving the fixture records. The SAM CLI reads %s and %s.\n",
		filepath.Join(cfg.Dir, samlocal.TemplateFile), filepath.Join(cfg.Dir, samlocal.EnvironmentFile))
	if os.Getenv("UNTIL_EOF") == "1" { // as the scripts that run emulators
		go func() { _, _ = io.Copy(io.Discard, os.Stdin); stop() }()
	}
	<-ctx.Done()
	return nil
}
