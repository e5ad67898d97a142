package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/videovector/exports/internal/fixture"
	"github.com/videovector/exports/internal/wiring"
)

const invokeUsage = `Usage: local invoke FUNCTION EVENT.json

Replays one event against one function, as Lambda would call it, and prints the reply as JSON. The function works on a
fresh set of fixture records each time, with a clock that stands still, so the same event gets the same reply; nothing is
kept. events/README.md lists the records and the fixtures.

  go run ./cmd/local invoke create-export events/create-export.index.json

What the function logs goes to stderr. The exit status is 0 when the function replied, whatever the HTTP status in its
reply; 1 when it failed, and then {"errorType", "errorMessage"} is printed; 2 when there was nothing to replay.

Functions: `

// Exit statuses of "local invoke".
const (
	replied = 0
	failed  = 1
	misused = 2
)

// runInvoke is the command "invoke"; it gives the exit status.
func runInvoke(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("local invoke", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { fmt.Fprintln(stderr, invokeUsage+functionNames()) }
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return replied
		}
		return misused
	}
	if flags.NArg() != 2 {
		flags.Usage()
		return misused
	}
	function, file := flags.Arg(0), flags.Arg(1)
	event, err := readEvent(function, file)
	if err != nil {
		fmt.Fprintln(stderr, "local invoke: "+err.Error())
		return misused
	}
	ok, err := invokeOnce(ctx, function, event, stdout, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "local invoke: "+err.Error())
		return failed
	}
	if !ok {
		return failed
	}
	return replied
}

func functionNames() string {
	return strings.Join(slices.Sorted(maps.Keys(handlers)), ", ")
}

// readEvent checks that there is such a function and that the file is one JSON text.
func readEvent(function, file string) ([]byte, error) {
	if _, ok := handlers[function]; !ok {
		return nil, fmt.Errorf("there is no function %q; there are %s", function, functionNames())
	}
	event, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("the event can't be read: %w", err)
	}
	if err := checkJSON(event); err != nil {
		return nil, fmt.Errorf("%s is not JSON: %w", file, err)
	}
	return event, nil
}

// checkJSON says at which byte the text stops being one JSON text in UTF-8 with no name twice in an object.
func checkJSON(text []byte) error {
	dec := jsontext.NewDecoder(bytes.NewReader(text))
	if err := dec.SkipValue(); err != nil {
		return at(err)
	}
	end := dec.InputOffset()
	if rest := bytes.TrimLeft(text[end:], " \t\r\n"); len(rest) > 0 {
		return fmt.Errorf("at byte %d: something follows the first text", len(text)-len(rest))
	}
	return nil
}

// at puts the byte before what is wrong. An empty text ends at byte 0.
func at(err error) error {
	offset := int64(0)
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		offset, err = syntax.ByteOffset, syntax.Err
	}
	return fmt.Errorf("at byte %d: %w", offset, err)
}

// invokeOnce replays the event over a world in a temporary folder and prints the reply; ok tells whether the function
// ended well.
func invokeOnce(ctx context.Context, function string, event []byte, stdout, stderr io.Writer) (ok bool, err error) {
	dir, err := os.MkdirTemp("", "videovector-fixtures")
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	log := slog.New(slog.NewJSONHandler(stderr, nil))
	world, err := openWorld(ctx, dir, log)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, world.Close()) }()
	text, ok, err := replay(ctx, world, function, event)
	if err != nil {
		return false, err
	}
	for _, name := range world.Started {
		log.InfoContext(ctx, "execution asked for; none runs here", "execution", name)
	}
	_, err = stdout.Write(text)
	return ok, err
}

// openWorld opens the fixture world in the folder, with the functions that the local service runs.
func openWorld(ctx context.Context, dir string, log *slog.Logger) (*fixture.World, error) {
	return fixture.Open(ctx, fixture.Config{
		Dir: dir, Log: log, Functions: func(p wiring.Parts) (fixture.Functions, error) { return inProcess(p) },
	})
}
