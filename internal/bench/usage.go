package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// usage is what a process took.
type usage struct {
	CPU     time.Duration `json:"cpu"`  // user and system
	Wall    time.Duration `json:"wall"` // from start to end
	PeakKiB int64         `json:"peak"` // resident memory
}

func (u usage) peakMiB() float64 { return float64(u.PeakKiB) / 1024 }

// command is a process to measure.
type command struct {
	args   []string
	env    []string // beside the benchmark's own
	stdout string   // file that takes its output; "" drops it
}

// measureMode is the first argument of a benchmark that only measures a command.
const measureMode = "measure"

// measure runs a command by a process of its own. The system counts what a process held when another began in it among
// that one's peak, so whoever starts what is measured must be small.
func measure(ctx context.Context, c command) (usage, error) {
	self, err := os.Executable()
	if err != nil {
		return usage{}, err
	}
	cmd := exec.CommandContext(ctx, self, append([]string{measureMode, c.stdout}, c.args...)...)
	cmd.Env = append(os.Environ(), c.env...)
	var out, trouble bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &trouble
	if err := cmd.Run(); err != nil {
		return usage{}, fmt.Errorf("%s: %w\n%s", c.args[0], err, bytes.TrimSpace(trouble.Bytes()))
	}
	var u usage
	return u, json.Unmarshal(out.Bytes(), &u)
}

// measured runs the command and prints its usage. Its arguments are the file for the command's output and the command.
func measured(args []string) error {
	if len(args) < 2 {
		return errors.New("usage: bench measure OUT COMMAND ARG…")
	}
	cmd := exec.CommandContext(context.Background(), args[1], args[2:]...)
	cmd.Stderr = os.Stderr
	if args[0] != "" {
		f, err := os.Create(args[0])
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }() // the command has written to it by itself
		cmd.Stdout = f
	}
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return err
	}
	u := usage{CPU: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), Wall: time.Since(began)}
	if r, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		u.PeakKiB = r.Maxrss // Linux tells it in KiB
	}
	return json.NewEncoder(os.Stdout).Encode(u)
}
