package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"github.com/videovector/exports/internal/bench/corpus"
)

// options are the benchmark's flags.
type options struct {
	bytes  int64
	pairs  int
	vvx    string // "" builds it
	cache  string
	only   *regexp.Regexp
	memory int64 // of the largest corpus whose peak is measured, in bytes
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case measureMode:
			return measured(args[1:])
		case copyMode:
			return copied(args[1:])
		}
	}
	o, err := parse(args)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	return report(ctx, o)
}

func parse(args []string) (o options, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return o, err
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	size := flags.String("size", "1GB", "of the corpus, such as 100MB; a claim needs 1GB, since starting a peer is a fifth of its run at 100MB")
	memory := flags.String("memory", "1GB", "the largest corpus whose peak of memory is measured: 1GB or 10GB")
	only := flags.String("only", "", "run rows that match the expression, and no others")
	flags.IntVar(&o.pairs, "pairs", 3, "how often the two sides of a row run in turn")
	flags.StringVar(&o.vvx, "vvx", "", "the vvx to measure; built from here if not given")
	flags.StringVar(&o.cache, "cache", filepath.Join(cache, "videovector-exports", "bench"), "folder of corpora")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.pairs < 1 {
		return o, errors.New("-pairs must be at least 1")
	}
	o.only, err = regexp.Compile(*only)
	var failures [2]error
	o.bytes, failures[0] = parseSize(*size)
	o.memory, failures[1] = parseSize(*memory)
	return o, errors.Join(err, failures[0], failures[1])
}

// parseSize reads "100MB" or "1GB": powers of ten.
func parseSize(s string) (int64, error) {
	var n int64
	var unit string
	if _, err := fmt.Sscanf(s, "%d%s", &n, &unit); err != nil || n < 1 || n > 100_000 {
		return 0, fmt.Errorf("%q is no size such as 100MB or 1GB", s)
	}
	switch unit {
	case "MB":
		return n * 1e6, nil
	case "GB":
		return n * 1e9, nil
	}
	return 0, fmt.Errorf("%q is no size such as 100MB or 1GB", s)
}

// report measures everything and prints it.
func report(ctx context.Context, o options) error {
	outputs, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(outputs)
	b := &bench{pairs: o.pairs, log: func(format string, a ...any) { fmt.Fprintf(os.Stderr, "bench: "+format+"\n", a...) }}
	b.log("the corpus, below %s", o.cache)
	if b.corpus, err = corpus.Ensure(o.cache, o.bytes); err != nil {
		return err
	}
	columns, err := b.settle(ctx, o, outputs)
	if err != nil {
		return err
	}
	for _, c := range comparisons() {
		if o.only.MatchString(c.name) {
			b.compare(ctx, c)
		}
	}
	if err := b.others(ctx, o); err != nil {
		return err
	}
	b.print(o)
	if !o.only.MatchString("content") {
		return nil
	}
	small, err := corpus.Ensure(o.cache, min(o.bytes, 20e6))
	if err != nil {
		return err
	}
	fmt.Printf("\nContent, on the first %d MB of the same runs. \"Respelled\" means the same in other bytes, such as 1173.10 as 1173.1.\n\n", small.Bytes/1e6)
	b.checks(ctx, os.Stdout, columns, small)
	return ctx.Err()
}

// others are the rows that don't set two sides against each other.
func (b *bench) others(ctx context.Context, o options) error {
	if o.only.MatchString("memory") {
		var corpora []corpus.Corpus
		for size := int64(1e8); size <= max(o.memory, 1e8) && size <= max(o.bytes, o.memory); size *= 10 {
			c, err := corpus.Ensure(o.cache, size)
			if err != nil {
				return err
			}
			corpora = append(corpora, c)
		}
		for _, f := range []string{"json", "ndjson", "csv"} {
			b.memory(ctx, f, corpora, target{32, 24, true})
		}
		b.memory(ctx, "parquet", corpora, target{64, 48, true})
	}
	folder := filepath.Join(b.w.outputs, "functions")
	for _, other := range []struct {
		name string
		run  func()
	}{
		{"http", func() { b.httpShares(ctx) }},
		{"starts", func() { b.starts(ctx, folder) }},
		{"sizes", func() { b.sizes(ctx, folder) }},
	} {
		if o.only.MatchString(other.name) {
			other.run()
		}
	}
	return nil
}

// settle finds everything that the sides need.
func (b *bench) settle(ctx context.Context, o options, outputs string) ([]column, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	b.w = workplace{vvx: o.vvx, self: self, scripts: "scripts", outputs: outputs, columns: filepath.Join(outputs, "columns.json"),
		peers: map[string]string{}, missing: map[string]string{}}
	if b.w.vvx == "" {
		b.w.vvx = filepath.Join(outputs, "vvx")
		if out, err := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", b.w.vvx, "./cmd/vvx").CombinedOutput(); err != nil {
			return nil, fmt.Errorf("building vvx: %w %s", err, out)
		}
	}
	for _, program := range []string{"jq", "gzip", "openssl"} {
		b.w.find(program)
	}
	b.findPython(ctx)
	schema, err := os.ReadFile(b.corpus.Schema)
	if err != nil {
		return nil, err
	}
	columns, err := tableOf(schema)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(columns)
	if err != nil {
		return nil, err
	}
	return columns, os.WriteFile(b.w.columns, raw, 0o644)
}

// findPython installs DuckDB and Polars if need be.
func (b *bench) findPython(ctx context.Context) {
	cmd := exec.CommandContext(ctx, "scripts/peers.sh", "python")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		b.w.missing["python"] = "DuckDB and Polars can't be installed here: " + err.Error()
		return
	}
	b.w.peers["python"] = strings.TrimSpace(string(out))
}

func (b *bench) print(o options) {
	fmt.Printf("%d MB in %d records and %d files, %d pairs of runs in turn, one thread each unless said; %s, %s, %d processors, load %s.\n\n",
		b.corpus.Bytes/1e6, b.corpus.Rows, len(b.corpus.Files), o.pairs, runtime.Version(), processor(), runtime.NumCPU(), load())
	if o.bytes < 1e9 {
		fmt.Print("Less than 1 GB: the peers' start-up weighs too much for a claim.\n\n")
	}
	printRows(os.Stdout, b.rows)
	fmt.Println()
	printDetails(os.Stdout, b.details)
}

// processor and load tell what the numbers were measured on, as far as the system does.
func processor() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	if m := regexp.MustCompile(`model name\s*: (.*)`).FindSubmatch(info); m != nil {
		return string(m[1])
	}
	return runtime.GOARCH
}

func load() string {
	raw, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(raw), " ")
	return first
}
