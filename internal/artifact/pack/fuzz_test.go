package pack

import (
	"encoding/csv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/artifact/parquetfile"
)

// members are what a strict parser that isn't ours makes of a record, nil if it refuses it. Values are kept as they stand:
// whether a number fits into a double is none of its business.
func members(record string) map[string]jsontext.Value {
	var v map[string]jsontext.Value
	if json.Unmarshal([]byte(record), &v) != nil {
		return nil
	}
	return v
}

// FuzzRun: arbitrary bytes never panic, lose no valid record and make no invalid document, however they are cut.
func FuzzRun(f *testing.F) {
	f.Add("\ufeff"+segment+"\r\n\n"+lost, video+"\nnonsense\n{\"result_id\":\"\"}", 16, 2)
	f.Add(segment+"\n"+segment+"\n", "", 100, 1)
	f.Add(`{"result_id":"a","start_time":1e999,"end_time":-0}`+"\n", "{}\n\x00", 1, 3)
	f.Add(`{"result_id":"a","start_time":1.00000000000000001,"end_time":1}`+"\n", `{"result_id":"b","x":1e999}`, 7, 1)
	f.Fuzz(func(t *testing.T, one, two string, size, threads int) {
		s := newShelf([]string{one, two})
		s.holds(t, "fuzz", s.make(t, 1+max(0, size%4096), 1+max(0, threads%4), documentAndLines...))
	})
}

// FuzzFormats makes files of every format out of arbitrary bytes: they hold as many records as were written, and what is
// packed holds what the plain file does.
func FuzzFormats(f *testing.F) {
	f.Add("\ufeff"+segment+"\r\n\n"+lost+"\n"+video, 16, 2)
	f.Add(`{"result_type":"segment","result_id":"=a","video_id":"../x","start_time":1,"end_time":2,"metadata_text":"a --> b"}`+"\nx", 100, 1)
	f.Fuzz(func(t *testing.T, content string, size, threads int) {
		s, outputs := newShelf([]string{content}), every()
		m := s.make(t, 1+max(0, size%4096), 1+max(0, threads%4), outputs...)
		plain := map[artifact.Format]string{}
		for i, o := range outputs {
			file := m.Files[i]
			switch {
			case packs(o.Compression):
				if unpacked(t, file, o.Compression) != plain[o.Format] {
					t.Errorf("%s %s holds something else", o.Format, o.Compression)
				}
			case o.Format == artifact.CSV:
				all, err := csv.NewReader(strings.NewReader(file)).ReadAll()
				if err != nil || int64(len(all)) != m.Result.Counts.Results+1 {
					t.Errorf("CSV of %d lines, %v", len(all), err)
				}
			case o.Format == artifact.Parquet:
				n, err := parquetfile.Rows(strings.NewReader(file), int64(len(file)))
				if err != nil || n != m.Result.Counts.Results {
					t.Errorf("Parquet of %d rows, %v", n, err)
				}
			}
			if !packs(o.Compression) {
				plain[o.Format] = file
			}
		}
	})
}
