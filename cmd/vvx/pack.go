package main

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/artifact/parquetfile"
)

// packFlags are the flags of pack.
type packFlags struct {
	formats                                                   []string
	compression, codec, output, schema, text, rejects, asOfAt string
	threads                                                   int
	force                                                     bool
}

func (a *app) packCommand() *cobra.Command {
	var f packFlags
	cmd := &cobra.Command{
		Use:   "pack --format FORMAT -o OUT FILE.ndjson…",
		Short: "Make an export's files and their manifest out of result files on disk",
		Long: `pack reads result files (NDJSON, one record per line), checks every record as an export does, and writes OUT and
OUT.manifest.json. Both appear whole or not at all; what is there already is not replaced without --force. Every file
is a run of its own, named after it; "-" is standard input.

With several formats the records are read once, and OUT is what the files' names begin with: -o archive makes
archive.json, archive.csv and archive.manifest.json.

A line that holds no record which can be exported ends the command with its number. With --rejects FILE such lines are
written there, one JSON object each, and everything else is packed.`,
		Example: `  vvx pack -o archive.json run_1.ndjson run_2.ndjson
  vvx pack --format ndjson --compression zstd --rejects bad.ndjson -o archive.ndjson.zst part-*.ndjson
  vvx pack --format json,ndjson -o archive run_1.ndjson`,
		Args: cobra.MinimumNArgs(1),
		RunE: runs(func(ctx context.Context, files []string) error {
			return orStopped(ctx, a.pack(ctx, f, files), "nothing was written. The same command starts over")
		}),
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&f.formats, "format", []string{string(artifact.JSON)}, "`FORMAT` of the file: "+names(artifact.Formats)+"; several make several files")
	flags.StringVar(&f.compression, "compression", string(artifact.None), "`KIND` of compression: "+names(artifact.Compressions))
	flags.StringVarP(&f.output, "output", "o", "", "`OUT`, the file to write, or what the names of several begin with")
	flags.StringVar(&f.schema, "schema", "", "JSON Schema `FILE` of the extracted fields, which says what columns there are")
	flags.StringVar(&f.text, "text-field", "", "`FIELD` that captions show, such as metadata.summary (metadata_text unless given)")
	flags.StringVar(&f.rejects, "rejects", "", "write lines that can't be packed to `FILE` and go on")
	flags.StringVar(&f.asOfAt, "as-of", "", "`TIME` of the selection in the files, RFC 3339 (when the newest input was changed, unless given)")
	flags.IntVar(&f.threads, "threads", 0, "pack with `N` threads (one for each processor unless given); the files are the same")
	flags.BoolVar(&f.force, "force", false, "replace files that are there already")
	flags.StringVar(&f.codec, "parquet-codec", "zstd", "`CODEC` inside Parquet: "+strings.Join(slices.Sorted(maps.Keys(parquetCodecs)), ", "))
	for _, err := range []error{cmd.MarkFlagRequired("output"), flags.MarkHidden("parquet-codec")} {
		if err != nil {
			panic(err) // the flags were declared above
		}
	}
	return cmd
}

// parquetCodecs are what pages of Parquet can be compressed with. Exports have zstd; others are there to be compared.
var parquetCodecs = map[string]parquetfile.Codec{"zstd": parquetfile.Zstd, "snappy": parquetfile.Snappy, "none": parquetfile.Uncompressed}

// names lists what a flag takes.
func names[T ~string](all []T) string {
	var list []string
	for _, one := range all {
		list = append(list, string(one))
	}
	return strings.Join(list, ", ")
}

// doubleDash lets -threads be written as other tools write it: flags of several letters otherwise begin with two dashes.
func doubleDash(args []string) []string {
	args = append([]string(nil), args...)
	for i, arg := range args {
		if arg == "--" {
			break
		}
		if arg == "-threads" || strings.HasPrefix(arg, "-threads=") {
			args[i] = "-" + arg
		}
	}
	return args
}

// outputs are the files that the flags ask for.
func (f packFlags) outputs() (all []*packedFile, err error) {
	compression := artifact.Compression(f.compression)
	if !compression.Known() {
		return nil, misuse("--compression %s: the kinds are %s", f.compression, names(artifact.Compressions))
	}
	if _, known := parquetCodecs[f.codec]; !known {
		return nil, misuse("--parquet-codec %s: there is no such codec", f.codec)
	}
	if f.output == "" || f.output == "-" {
		return nil, misuse("--output names a file; standard output can't hold a manifest")
	}
	seen := map[artifact.Format]bool{}
	for _, name := range f.formats {
		format := artifact.Format(name)
		if !format.Known() || seen[format] {
			return nil, misuse("--format %s: the formats are %s, each once", name, names(artifact.Formats))
		}
		seen[format] = true
		all = append(all, &packedFile{path: f.path(format, compression), format: format, compression: compression.Of(format)})
	}
	return all, nil
}

// path is where the file of a format goes.
func (f packFlags) path(format artifact.Format, c artifact.Compression) string {
	if len(f.formats) == 1 {
		return f.output
	}
	return f.output + artifact.Extension(format, c)
}

// gcPercent keeps memory close to what is in use. Packing makes next to no garbage, so it costs nothing measurable, and
// Parquet needs a tenth less.
const gcPercent = 25

// limits keeps the process to the threads asked for and its memory low, and gives what takes the limits off again.
func (f packFlags) limits() (restore func(), err error) {
	if f.threads < 0 {
		return nil, misuse("--threads %d: there is no such number of threads", f.threads)
	}
	processors, percent := runtime.GOMAXPROCS(f.threads), debug.SetGCPercent(gcPercent) // 0 threads change nothing
	return func() { runtime.GOMAXPROCS(processors); debug.SetGCPercent(percent) }, nil
}

// asOf is the time that the files name.
func (f packFlags) asOf(newest time.Time) (string, error) {
	if f.asOfAt == "" {
		return artifact.Stamp(newest), nil
	}
	t, err := time.Parse(time.RFC3339, f.asOfAt)
	if err != nil {
		return "", misuse("--as-of %s is no time such as 2026-03-02T09:30:00Z", f.asOfAt)
	}
	return artifact.Stamp(t), nil
}

// rows says how many records there are, for people.
func rows(n int64) string {
	if n == 1 {
		return "1 record"
	}
	return fmt.Sprintf("%d records", n)
}
