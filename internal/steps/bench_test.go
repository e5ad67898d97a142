package steps_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/blob/blobtest/memblob"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/steps"
)

const (
	benchBytes = 100 << 20
	benchParts = 4
)

// BenchmarkPackageJSON packages a generated run of 100 MB with the deployed step: files in, digests and parts out;
// the parts are dropped where they would be uploaded. Two peers read the same input in the same run, and the step
// reports how many times faster than each it is, by the clock and by processor time: encoding/json decoding and
// encoding every record, which is what a script does, and copying into one SHA-256, which nothing that proves what it
// wrote can beat.
func BenchmarkPackageJSON(b *testing.B) {
	run := generate(b)
	var decode, digest cost
	b.Run("peer=encoding-json", func(b *testing.B) { decode = measure(b, run, recode) })
	b.Run("peer=copy-sha256", func(b *testing.B) { digest = measure(b, run, copyAll) })
	b.Run("package", func(b *testing.B) {
		own := measure(b, run, packageRun)
		b.ReportMetric(decode.clock.Seconds()/own.clock.Seconds(), "x-encoding-json")
		b.ReportMetric(digest.clock.Seconds()/own.clock.Seconds(), "x-copy-sha256")
		if own.processor > 0 {
			b.ReportMetric(decode.processor.Seconds()/own.processor.Seconds(), "cpu-x-encoding-json")
			b.ReportMetric(digest.processor.Seconds()/own.processor.Seconds(), "cpu-x-copy-sha256")
		}
	})
}

// cost is what one pass over the input takes.
type cost struct{ clock, processor time.Duration }

// measure runs the work over the whole input b.N times and gives the cost of one. Where the system tells them it
// reports the peak of resident memory and the input read for a second of processor time, of the whole process: user
// and system, collector and all.
func measure(b *testing.B, run benchRun, work func(testing.TB, benchRun)) cost {
	b.SetBytes(run.bytes)
	debug.FreeOSMemory()
	forgetPeak()
	before := processorTime()
	for b.Loop() {
		work(b, run)
	}
	c := cost{b.Elapsed() / time.Duration(b.N), (processorTime() - before) / time.Duration(b.N)}
	if peak, ok := peakMiB(); ok {
		b.ReportMetric(peak, "peak-MiB")
	}
	if c.processor > 0 {
		b.ReportMetric(float64(run.bytes)/1e6/c.processor.Seconds(), "MB/cpu-s")
	}
	return c
}

// benchRun is a run whose parts are files.
type benchRun struct {
	folder string
	parts  []export.Part
	rows   int64
	bytes  int64
}

// generate writes the run; the same bytes every time.
func generate(b *testing.B) benchRun {
	b.Helper()
	run := benchRun{folder: b.TempDir()}
	random := rand.New(rand.NewPCG(1, 2))
	for n := 1; n <= benchParts; n++ {
		p := export.Part{Number: n, Key: fmt.Sprintf("part-%d.ndjson", n)}
		var content bytes.Buffer
		for content.Len() < benchBytes/benchParts {
			writeResult(&content, random, run.rows+p.Rows)
			p.Rows++
		}
		sum := sha256.Sum256(content.Bytes())
		p.Bytes, p.SHA256 = int64(content.Len()), hex.EncodeToString(sum[:])
		if err := os.WriteFile(filepath.Join(run.folder, p.Key), content.Bytes(), 0o600); err != nil {
			b.Fatal(err)
		}
		run.parts, run.rows, run.bytes = append(run.parts, p), run.rows+p.Rows, run.bytes+p.Bytes
	}
	return run
}

// writeResult writes a segment result of the platform's shape, between 1 and 2 KB.
func writeResult(w *bytes.Buffer, random *rand.Rand, n int64) {
	words := strings.Fields("person vehicle crossing Straße loading dock evening light slow pan über café 人物 box forklift sign")
	text := func(count int) string {
		var s []string
		for range count {
			s = append(s, words[random.IntN(len(words))])
		}
		return strings.Join(s, " ")
	}
	fmt.Fprintf(w, `{"result_type":"segment","result_id":"segment:seg_%08d:run_bench","segment_id":"seg_%08d","video_id":"vid_%04d",`, n, n, n/500)
	fmt.Fprintf(w, `"run_id":"run_bench","prompt_id":"prm_1","video_name":"camera %d.mp4","executed_at":"2026-03-01T12:00:00.000Z",`, n/500)
	start := random.Float64() * 1e3
	fmt.Fprintf(w, `"start_time":%.3f,"end_time":%.3f,`, start, start+random.Float64()*30)
	fmt.Fprintf(w, `"metadata":{"summary":%q,"tags":[%q,%q],"people":%d,"confidence":%.6f},`, text(60), text(1), text(1), random.IntN(9), random.Float64())
	fmt.Fprintf(w, `"metadata_text":%q,"processing_warning":null,"field_extraction_succeeded":%t,"transcription_succeeded":true,`, text(80), n%50 != 0)
	fmt.Fprintf(w, `"segment_uri":"s3://media/%08x","thumbnail_uri":"s3://media/%08x.jpg"}`+"\n", random.Uint32(), random.Uint32())
}

func (r benchRun) open(tb testing.TB, p export.Part) *os.File {
	f, err := os.Open(filepath.Join(r.folder, p.Key))
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

// recode decodes and encodes every record.
func recode(tb testing.TB, run benchRun) {
	digest := sha256.New()
	for _, p := range run.parts {
		recodePart(tb, run.open(tb, p), digest)
	}
}

func recodePart(tb testing.TB, f *os.File, digest hash.Hash) {
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var record map[string]any
		if err := json.Unmarshal(lines.Bytes(), &record); err != nil {
			tb.Fatal(err)
		}
		raw, err := json.Marshal(record)
		if err != nil {
			tb.Fatal(err)
		}
		digest.Write(raw)
	}
	if err := lines.Err(); err != nil {
		tb.Fatal(err)
	}
}

// copyAll digests the input.
func copyAll(tb testing.TB, run benchRun) {
	digest := sha256.New()
	for _, p := range run.parts {
		f := run.open(tb, p)
		if _, err := io.Copy(digest, f); err != nil {
			tb.Fatal(err)
		}
		f.Close()
	}
}

// packageRun plans and packages the run as the state machine would.
func packageRun(tb testing.TB, run benchRun) {
	clock := func() time.Time { return time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC) }
	job := steps.Job{AccountID: "acct_1", ExportID: "exp_bench", Generation: 1}
	records := &benchRecords{run: run, export: export.New(job.ExportID, job.AccountID, "user_1",
		export.Request{Type: export.TypePromptRun, TargetID: "run_bench", Scope: export.ScopeAll}, clock())}
	artifacts := dropParts{memblob.New(memblob.Config{})}
	if _, err := (steps.Plan{Records: records, Artifacts: artifacts, Clock: clock}).Handle(tb.Context(), job); err != nil {
		tb.Fatal(err)
	}
	p := steps.Package{Records: records, Results: fileReader{folder: run.folder}, Artifacts: artifacts, Clock: clock}
	if _, err := p.Handle(tb.Context(), steps.PackageIn{Job: job}); err != nil {
		tb.Fatal(err)
	}
}

// benchRecords holds one export and its run.
type benchRecords struct {
	run    benchRun
	export export.Export
}

func (r *benchRecords) Export(context.Context, string, string) (export.Export, error) {
	return r.export, nil
}

func (r *benchRecords) SaveExport(_ context.Context, next export.Export, _ export.Fence) (export.Export, error) {
	next.Revision++
	r.export = next
	return next, nil
}

func (r *benchRecords) Run(_ context.Context, account, id string) (export.Run, error) {
	return export.Run{ID: id, AccountID: account, Status: export.RunCompleted, Parts: len(r.run.parts), Rows: r.run.rows, Bytes: r.run.bytes}, nil
}

func (r *benchRecords) RunsOfIndex(context.Context, string, string) ([]export.Run, error) {
	return nil, nil
}

func (r *benchRecords) Parts(context.Context, string, string) ([]export.Part, error) {
	return r.run.parts, nil
}

// dropParts takes parts and forgets them.
type dropParts struct{ blob.Bucket }

func (dropParts) UploadPart(_ context.Context, _, _ string, n int, _ io.ReadSeeker, _ int64) (blob.UploadedPart, error) {
	return blob.UploadedPart{Number: n, ETag: "dropped"}, nil
}

// fileReader reads the objects of a folder.
type fileReader struct {
	blob.Reader
	folder string
}

func (r fileReader) Open(_ context.Context, key string, _, _ int64) (io.ReadCloser, blob.Info, error) {
	f, err := os.Open(filepath.Join(r.folder, key))
	return f, blob.Info{Key: key}, err
}

// forgetPeak makes the system measure the peak of resident memory anew; where it can't, the peak is not reported.
func forgetPeak() { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }

// peakMiB is the most memory that was resident since forgetPeak. It holds the benchmark's own program, some 10 MiB.
func peakMiB() (float64, bool) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, false
	}
	_, after, found := strings.Cut(string(status), "VmHWM:")
	fields := strings.Fields(after)
	if !found || len(fields) == 0 {
		return 0, false
	}
	kib, err := strconv.ParseFloat(fields[0], 64)
	return kib / 1024, err == nil
}
