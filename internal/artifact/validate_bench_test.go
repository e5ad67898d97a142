package artifact_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/videovector/exports/internal/artifact"
)

// BenchmarkValidateRecords checks generated results, as they are and with all that is not ASCII taken out. Peers do it on
// the same bytes: jsontext, which is as strict, and encoding/json, which lets pass duplicate names and what is not UTF-8.
func BenchmarkValidateRecords(b *testing.B) {
	records, size := someRecords()
	b.Run("text=mixed", func(b *testing.B) { validate(b, records, size) })
	size = 0
	for k := range records {
		records[k] = ascii(records[k])
		size += int64(len(records[k]))
	}
	b.Run("text=ascii", func(b *testing.B) { validate(b, records, size) })
}

func validate(b *testing.B, records [][]byte, size int64) {
	each := func(check func(record []byte) error) func(b *testing.B) {
		return func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				for _, r := range records {
					if err := check(r); err != nil {
						b.Fatal(err)
					}
				}
			}
		}
	}
	b.Run("peer=encoding-json", each(func(r []byte) error {
		if !json.Valid(r) {
			return errors.New("not valid")
		}
		return nil
	}))
	b.Run("peer=jsontext", each(strictly()))
	parser := artifact.NewParser()
	b.Run("parse", each(func(r []byte) error {
		_, err := parser.Parse(r)
		return err
	}))
}

// strictly checks with jsontext that a record is one value and nothing after it.
func strictly() func(record []byte) error {
	var src bytes.Buffer
	dec := jsontext.NewDecoder(&src)
	return func(record []byte) error {
		src = *bytes.NewBuffer(record) // the decoder parses a Buffer in place
		dec.Reset(&src)
		if err := dec.SkipValue(); err != nil {
			return err
		}
		if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
			return errors.New("more than one value")
		}
		return nil
	}
}

func someRecords() (records [][]byte, size int64) {
	random := rand.New(rand.NewPCG(1, 2))
	for n := range int64(4000) {
		var line bytes.Buffer
		writeResult(&line, random, n)
		records = append(records, bytes.TrimSuffix(line.Bytes(), []byte("\n")))
		size += int64(len(records[n]))
	}
	return records, size
}

func ascii(record []byte) []byte {
	return []byte(strings.Map(func(r rune) rune {
		if r > '~' {
			return -1
		}
		return r
	}, string(record)))
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
