package steps

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"reflect"
	"testing"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/blob"
)

// object is a bucket with one object.
type object struct {
	blob.Reader
	text []byte
}

func (o object) Open(context.Context, string, int64, int64) (io.ReadCloser, blob.Info, error) {
	return io.NopCloser(bytes.NewReader(o.text)), blob.Info{}, nil
}

// FuzzReadJSON: a plan, a report or another work file is refused, or it is one JSON text, and what was read of it is written so
// that it is read as the same; a manifest that is read names a file.
func FuzzReadJSON(f *testing.F) {
	for _, text := range []string{
		`{"document":{"runs":[{"run_id":"r","schema":{"a":[1,null]}}],"inputs":[{"key":"k","rows":1}]},"files":[{"name":"n","format":"csv"}],"part_bytes":16777216,"shards":[{}]}`,
		`{"counts":{"results":1},"selected":1,"inputs":[{}],"files":[{"parts":[{"number":1}],"digests":{"bytes":1,"sha256":"00"}}],"versions":["a",""],"made":2,"refusal":{"code":"c"}}`,
		`{"n":"upload"}`, `{}`, `null`, `{}{}`, `[]`, `{"files":[null]}`, ``,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, raw, err := readManifest(t.Context(), object{text: text}, "k")
		if err == nil && (len(m.Files) == 0 || !bytes.Equal(raw, text) || !json.Valid(text)) {
			t.Errorf("%q is read as the manifest %+v", text, m)
		}
		for _, kind := range []any{frozen{}, report{}, uploads{}, found{}, artifact.Digests{}} {
			of := reflect.TypeOf(kind)
			first, second := reflect.New(of), reflect.New(of)
			if readJSON(t.Context(), object{text: text}, "k", first.Interface()) != nil {
				continue
			}
			if !json.Valid(text) {
				t.Errorf("%q is no JSON and was read as %v", text, of)
			}
			written, err := json.Marshal(first.Interface())
			if err != nil {
				t.Fatalf("%q is read as %+v, which can't be written: %v", text, first, err)
			}
			if err := readJSON(t.Context(), object{text: written}, "k", second.Interface()); err != nil {
				t.Fatalf("%q is written as %q: %v", text, written, err)
			}
			if again, err := json.Marshal(second.Interface()); err != nil || !bytes.Equal(again, written) {
				t.Errorf("%q is written as %q and then as %q, %v", text, written, again, err)
			}
		}
	})
}
