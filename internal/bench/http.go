package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
)

// httpShares are the benchmark of create and retrieve in internal/api, which sets both against a minimal handler in
// one run.
func (b *bench) httpShares(ctx context.Context) {
	b.log("create and retrieve against a minimal handler")
	out, err := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "BenchmarkShare", "-benchtime", "2s", "-cpu", "1", "./internal/api").CombinedOutput()
	for _, name := range []string{"create", "retrieve"} {
		r := row{name: "HTTP " + name + ", share of a minimal handler", unit: "%", target: target{floor: 40, goal: 60}}
		share, failure := metric(out, name, "%-of-minimal")
		if failure = errors.Join(err, failure); failure != nil {
			r.absent = failure.Error()
		} else {
			r.value = spread{share, share, share}
		}
		b.rows = append(b.rows, r)
	}
}

// metric finds what a Go benchmark reports under the unit.
func metric(out []byte, name, unit string) (float64, error) {
	for line := range bytes.Lines(out) {
		if !bytes.Contains(line, []byte("/"+name)) {
			continue
		}
		if m := regexp.MustCompile(`([0-9.]+) ` + regexp.QuoteMeta(unit)).FindSubmatch(line); m != nil {
			return strconv.ParseFloat(string(m[1]), 64)
		}
	}
	return 0, fmt.Errorf("the benchmark reports no %s of %s", unit, name)
}
