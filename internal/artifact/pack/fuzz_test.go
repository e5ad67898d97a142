package pack

import (
	"testing"

	"github.com/go-json-experiment/json"
)

// jsonValue is what a strict parser that isn't ours makes of a record, nil if it refuses it. Numbers beyond a double are
// none of its business.
func jsonValue(record string) map[string]any {
	var v map[string]any
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
	f.Fuzz(func(t *testing.T, one, two string, size, threads int) {
		s := newShelf([]string{one, two})
		s.holds(t, "fuzz", s.make(t, 1+max(0, size%4096), 1+max(0, threads%4), documentAndLines...))
	})
}
