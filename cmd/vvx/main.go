// Command vvx is the command-line tool of VideoVector Exports. `vvx --help` lists its commands.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	a := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.Getenv}
	os.Exit(a.run(ctx, os.Args[1:]))
}

// app is what every command works with.
type app struct {
	in       io.Reader
	out, err io.Writer
	getenv   func(string) string
	global   globals
	place    place // of the API, once it was looked for
}

// globals are the flags that every command takes.
type globals struct {
	baseURL, key, keyFile, local string
	localGiven, json             bool
}

// run carries one command line out and gives the exit code.
func (a *app) run(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(doubleDash(args))
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	cmd, err := root.ExecuteContextC(ctx)
	return a.report(ctx, cmd.CommandPath(), err)
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "vvx",
		Short: "The command-line tool of VideoVector Exports",
		Long: `vvx makes exports, follows and downloads them, checks documents against their manifests, and keeps connectors.

Where the API is and which key opens it, the first that is given:
  1. --base-url, and --api-key or --api-key-file
  2. --local FILE
  3. VIDEO_VECTOR_BASE_URL and VIDEO_VECTOR_API_KEY
  4. the local service running in this folder (.local/local.json)
A key without a URL goes to ` + defaultBaseURL + `. The local service's key goes to the local service only.

Exit codes: 0 done, 1 failed (the message says why), 2 wrong usage, 3 not found, 4 the key is wrong or lacks the scope,
130 interrupted. Results go to standard output; progress and messages go to standard error.`,
		Example: `  vvx export create index idx_archive --run run_123 --run run_124 --wait
  vvx export download exp_01kx… -o archive.json
  vvx verify archive.json --manifest archive.manifest.json`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRun: func(cmd *cobra.Command, _ []string) {
			a.global.localGiven = cmd.Flags().Changed("local")
		},
	}
	flags := root.PersistentFlags()
	flags.StringVar(&a.global.baseURL, "base-url", "", "`URL` of the API, as in https://exports.example.com/api/v2")
	flags.StringVar(&a.global.key, "api-key", "", "the API `KEY` (others on this machine can see it; --api-key-file is safer)")
	flags.StringVar(&a.global.keyFile, "api-key-file", "", "`FILE` that holds the API key")
	flags.StringVar(&a.global.local, "local", ".local/local.json", "the running local service's `FILE`")
	flags.BoolVar(&a.global.json, "json", false, "print each result as one line of JSON, and nothing else")
	root.AddCommand(a.exportCommand(), a.connectorCommand(), a.webhookCommand(), a.packCommand(), a.verifyCommand(), a.loadRunCommand())
	return root
}

// runs makes do the body of a command: what it fails with is a failure, not wrong usage.
func runs(do func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if err := do(cmd.Context(), args); err != nil {
			return &failure{err}
		}
		return nil
	}
}

// group makes a command that has others below it and does nothing by itself.
func group(use, short string, below ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, Example: below[0].Example, RunE: func(cmd *cobra.Command, _ []string) error {
		return misuse("%q needs a command; \"%s --help\" lists them", cmd.CommandPath(), cmd.CommandPath())
	}}
	cmd.AddCommand(below...)
	return cmd
}
