// Command vvx is the command-line tool of VideoVector Exports. `vvx --help` lists its commands.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/videovector/exports/internal/fault"
)

// Exit codes, as documented in --help.
const (
	exitOK = iota
	exitFailed
	exitUsage
	exitInterrupted = 130
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, newRoot()))
}

func run(ctx context.Context, root *cobra.Command) int {
	err := root.ExecuteContext(ctx)
	var f *fault.Error
	switch {
	case err == nil:
		return exitOK
	case ctx.Err() != nil:
		fmt.Fprintln(root.ErrOrStderr(), "vvx: interrupted; nothing was changed that isn't whole")
		return exitInterrupted
	case errors.As(err, &f):
		fmt.Fprintln(root.ErrOrStderr(), "vvx: "+f.Message)
		return exitFailed
	}
	fmt.Fprintln(root.ErrOrStderr(), "vvx: "+err.Error())
	return exitUsage
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "vvx",
		Short: "The command-line tool of VideoVector Exports",
		Long: `vvx works with VideoVector Exports: the service running on this machine (go run ./cmd/local).

Exit codes: 0 done, 1 failed (the message says why), 2 wrong usage, 130 interrupted.`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(newLoadRun())
	return root
}
