// Command local runs the whole service in one process: the deployed handlers behind a local API Gateway, over an
// embedded record store, an embedded S3 and an interpreter of the deployed state machine. It needs nothing but Go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/webhook"
)

const usage = `Usage: local [flags]
       local invoke FUNCTION EVENT.json
       local world [flags]

Without a command, local runs the whole service until Ctrl-C, with a page about its exports at /. Everything it knows is
kept in the data folder; after a kill the next start resumes every open export.

"invoke" replays one event fixture against one function, over a fresh set of fixture records, and prints the reply.
"world" serves those records to functions that the SAM CLI runs; "local world -h" tells more.

Flags:
`

// options are the flags of the service.
type options struct {
	addr, tlsAddr, data string
	demo                bool
	dynamoDBEndpoint    string
	realBootstrap       bool
	bootstraps          string
	// Emulators of the clouds that connectors go to; "" is the cloud, of S3 connectors the embedded S3.
	s3Endpoint, gcsEndpoint, gcsTokenURL, azureEndpoint, azureLoginURL string
	storageEndpoint                                                    string // of the embedded S3, as the service reaches it; "" is its own
	webhooks                                                           webhook.Local
	shardAbove, shardSize                                              int64 // MiB; 0 means the deployed sizes
	debounce                                                           time.Duration
	silence                                                            time.Duration // 0 means as long as each link's
	hurry                                                              int
	limits                                                             admission.Limits
	every                                                              time.Duration // of schedules
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		switch args[0] {
		case "invoke":
			return runInvoke(ctx, args[1:], stdout, stderr)
		case "world":
			return runWorld(ctx, args[1:], stdout, stderr)
		}
	}
	var o options
	flags := flag.NewFlagSet("local", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { fmt.Fprint(stderr, usage); flags.PrintDefaults() }
	flags.StringVar(&o.addr, "addr", "127.0.0.1:3000", "http `address`")
	flags.StringVar(&o.tlsAddr, "tls-addr", "127.0.0.1:3443", "https `address`; the public origin of links")
	flags.StringVar(&o.data, "data", "./.local", "`folder` of everything that is kept")
	flags.BoolVar(&o.demo, "demo", true, "bring the demo archive in")
	flags.StringVar(&o.dynamoDBEndpoint, "dynamodb-endpoint", "", "keep records in the DynamoDB at this `URL` instead of SQLite")
	flags.BoolVar(&o.realBootstrap, "real-bootstrap", false, "compile the functions and run each as processes of its own, over the Lambda Runtime API; needs -dynamodb-endpoint (scripts/dynamodb.sh starts one)")
	flags.StringVar(&o.bootstraps, "bootstraps", "", "with -real-bootstrap, run the compiled functions NAME/bootstrap of this `folder`")
	flags.StringVar(&o.s3Endpoint, "s3-endpoint", "", "send S3 connectors to the S3 at this `URL`, not to the embedded one")
	flags.StringVar(&o.storageEndpoint, "storage-endpoint", "", "reach the embedded S3, which keeps results and documents, at this `URL`, such as a proxy's")
	flags.StringVar(&o.gcsEndpoint, "gcs-endpoint", "", "send GCS connectors to the emulator at this `URL` (scripts/fake-gcs.sh runs one)")
	flags.StringVar(&o.gcsTokenURL, "gcs-token-url", "", "ask for their tokens at this `URL`")
	flags.StringVar(&o.azureEndpoint, "azure-endpoint", "", "send Azure connectors to the emulator at this `URL`, accounts in its path (scripts/azurite.sh runs one)")
	flags.StringVar(&o.azureLoginURL, "azure-login-url", "", "ask for their tokens at this `URL`, the tenant in its path")
	flags.StringVar(&o.webhooks.Allow, "webhook-allow", "", "let events out to these `HOST:PORT` pairs, with commas between them, although they are on this machine or network")
	flags.StringVar(&o.webhooks.CAFile, "webhook-ca", "", "trust the authorities of this `file` when events are sent, in place of the system's")
	flags.DurationVar(&o.webhooks.Retry, "webhook-retry", 0, "try an event again after this `time`, doubling, as deployed 1m")
	flags.Int64Var(&o.shardAbove, "shard-above", 0, "package exports of more than this many `MiB` of records in shards, as deployed above 2048")
	flags.Int64Var(&o.shardSize, "shard-size", 0, "let a shard have at least this many `MiB`, as deployed 1024")
	flags.DurationVar(&o.debounce, "debounce", 0, "let automations gather runs for this `time`, whatever they say, and look for the end of it as often")
	flags.IntVar(&o.limits.AtOnce, "exports-at-once", admission.DefaultAtOnce, "let an account have so many exports under way; others wait")
	flags.IntVar(&o.limits.Waiting, "exports-waiting", admission.DefaultWaiting, "let so many exports of an account wait; others are refused")
	flags.IntVar(&o.limits.PerMinute, "creates-per-minute", admission.DefaultPerMinute, "let an account create or retry so many exports in a minute; others are refused")
	flags.DurationVar(&o.silence, "silence", 0, "give a connection up on which nothing has moved for this `time`, as deployed 2s to 60s")
	flags.IntVar(&o.hurry, "hurry", 1, "make the waits between two tries, and between two looks at what is due, this `many` times shorter")
	flags.DurationVar(&o.every, "schedule-every", sweepEvery, "call the sweeper, and look for automations and events that are due, each time that this `time` has passed")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	o.every = hurried(o.every, o.hurry)
	if err := o.check(); err != nil {
		fmt.Fprintln(stderr, "local: "+err.Error())
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "local: unknown command %q; \"local -h\" lists what there is\n", flags.Arg(0))
		return 2
	}
	return report(stderr, serve(ctx, o, stdout, stderr))
}

// check refuses flags that don't go together.
func (o options) check() error {
	switch {
	case o.shardAbove < 0 || o.shardSize < 0:
		return errors.New("-shard-above and -shard-size must not be negative")
	case o.webhooks.Retry < 0:
		return errors.New("-webhook-retry must not be negative")
	case o.limits.AtOnce < 1 || o.limits.Waiting < 1 || o.limits.PerMinute < 1:
		return errors.New("-exports-at-once, -exports-waiting and -creates-per-minute must be at least 1")
	case o.debounce < 0:
		return errors.New("-debounce must not be negative")
	case o.silence < 0 || o.hurry < 1:
		return errors.New("-silence must not be negative, and -hurry at least 1")
	case o.realBootstrap && o.silence > 0:
		return errors.New("with -real-bootstrap the functions give connections up as they do when deployed; leave out -silence")
	case o.every <= 0:
		return errors.New("-schedule-every must be more than nothing")
	case o.realBootstrap && o.debounce > 0:
		return errors.New("with -real-bootstrap automations wait as they do when deployed; leave out -debounce")
	}
	return nil
}

func report(stderr io.Writer, err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(stderr, "local: "+err.Error())
	return 1
}
