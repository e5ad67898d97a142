package parquetfile

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/videovector/exports/internal/artifact/columns"
)

// resultColumns are the table of the generated results.
var resultColumns = []columns.Column{
	{Name: "result_type"}, {Name: "result_id"}, {Name: "segment_id"}, {Name: "video_id"}, {Name: "run_id"}, {Name: "prompt_id"},
	{Name: "video_name"}, {Name: "executed_at", Type: columns.Timestamp}, {Name: "start_time", Type: columns.Number},
	{Name: "end_time", Type: columns.Number}, {Name: "metadata.summary"}, {Name: "metadata.tags", Type: columns.TextList},
	{Name: "metadata.people", Type: columns.Integer}, {Name: "metadata.confidence", Type: columns.Number}, {Name: "metadata_text"},
	{Name: "processing_warning"}, {Name: "field_extraction_succeeded", Type: columns.Boolean},
	{Name: "transcription_succeeded", Type: columns.Boolean}, {Name: "segment_uri"}, {Name: "thumbnail_uri"},
}

// result is a segment result of the platform's shape, between 1 and 2 KB.
func result(random *rand.Rand, n int) string {
	words := strings.Fields("person vehicle crossing Straße loading dock evening light slow pan über café 人物 box forklift sign")
	text := func(count int) string {
		var s []string
		for range count {
			s = append(s, words[random.IntN(len(words))])
		}
		return strings.Join(s, " ")
	}
	var w strings.Builder
	fmt.Fprintf(&w, `{"result_type":"segment","result_id":"segment:seg_%08d:run_bench","segment_id":"seg_%08d","video_id":"vid_%04d",`, n, n, n/500)
	fmt.Fprintf(&w, `"run_id":"run_bench","prompt_id":"prm_1","video_name":"camera %d.mp4","executed_at":"2026-03-01T12:00:00.000Z",`, n/500)
	start := random.Float64() * 1e3
	fmt.Fprintf(&w, `"start_time":%.3f,"end_time":%.3f,`, start, start+20*random.Float64())
	fmt.Fprintf(&w, `"metadata":{"summary":%q,"tags":[%q,%q],"people":%d,"confidence":%.6f},`, text(60), text(1), text(1), random.IntN(9), random.Float64())
	fmt.Fprintf(&w, `"metadata_text":%q,"processing_warning":null,"field_extraction_succeeded":%t,"transcription_succeeded":true,`, text(80), n%50 != 0)
	fmt.Fprintf(&w, `"segment_uri":"s3://media/%08x","thumbnail_uri":"s3://media/%08x.jpg"}`, random.Uint32(), random.Uint32())
	return w.String()
}

// cut makes the record's cells.
func cut(tb testing.TB, cols []columns.Column, record string) []columns.Cell {
	var top, metadata map[string]json.RawMessage
	if err := json.Unmarshal([]byte(record), &top); err != nil {
		tb.Fatal(err)
	}
	if err := json.Unmarshal(top["metadata"], &metadata); err != nil {
		tb.Fatal(err)
	}
	cells := make([]columns.Cell, len(cols))
	for i, c := range cols {
		raw := top[c.Name]
		if name, ok := strings.CutPrefix(c.Name, "metadata."); ok {
			raw = metadata[name]
		}
		cells[i] = cell(tb, c.Type, string(raw))
	}
	return cells
}

// benchRounds is how often the benchmark writes its records into one file.
const benchRounds = 4

// BenchmarkWrite writes generated results, 350 MB of records whose cells are cut already, as one file.
func BenchmarkWrite(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	size := int64(0)
	var rows [][]columns.Cell
	for n := range 60000 {
		record := result(random, n)
		size += int64(len(record)) + 1
		rows = append(rows, cut(b, resultColumns, record))
	}
	for name, codec := range map[string]Codec{"zstd": Zstd, "snappy": Snappy, "none": Uncompressed} {
		b.Run("codec="+name, func(b *testing.B) {
			b.SetBytes(benchRounds * size)
			b.ReportAllocs()
			var out counter
			before := processorTime()
			for b.Loop() {
				out = 0
				writeRounds(b, &out, rows, codec)
			}
			b.ReportMetric(float64(out)/1e6, "MB-out")
			b.ReportMetric((processorTime()-before).Seconds()/float64(b.N), "cpu-s/op")
		})
	}
}

// counter counts bytes and drops them.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

func writeRounds(b *testing.B, out io.Writer, rows [][]columns.Cell, codec Codec) {
	w, batch := NewWriter(out, resultColumns, Options{Codec: codec}), NewBatch(resultColumns)
	for range benchRounds {
		for part := range slices.Chunk(rows, 500) {
			for _, cells := range part {
				batch.Add(cells)
			}
			if err := w.Write(batch); err != nil {
				b.Fatal(err)
			}
			batch.Reset()
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
}
