package artifact

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/videovector/exports/internal/artifact/artifacttest"
	"github.com/videovector/exports/internal/export"
)

var errStop = errors.New("stop")

// TestInspectReadsWhatWasWritten holds for documents of every kind of record.
func TestInspectReadsWhatWasWritten(t *testing.T) {
	for seed, r := range artifacttest.Seeds(200) {
		d, all := randomDocument(r)
		document, want := d.with(t, all...)
		got, err := Inspect(iotest.OneByteReader(bytes.NewReader(document)))
		if err != nil || got.Found != want || got.Stated != want || got.Found.Results != int64(len(all)) || got.Head.ExportID != d.Head.ExportID {
			t.Fatalf("seed %d: %+v, %v, want %+v", seed, got, err, want)
		}
	}
}

func TestInspectRefuses(t *testing.T) {
	document, _ := planned(2).with(t, `{"result_type":"segment","result_id":"a"}`, `{"result_type":"video","result_id":"b"}`)
	good := string(document)
	for name, c := range map[string][2]string{
		"another kind":          {`"videovector.export"`, `"something.else"`},
		"a result gone":         {`{"result_type":"segment","result_id":"a"},` + "\n", ""},
		"a result twice":        {`{"result_type":"segment","result_id":"a"}`, `{"result_type":"segment","result_id":"a"},{"result_type":"segment","result_id":"a"}`},
		"another type":          {`"segment","result_id":"a"`, `"video","result_id":"a"`},
		"a result that is none": {`{"result_type":"segment","result_id":"a"}`, `7`},
		"a name twice":          {`"result_id":"a"`, `"result_id":"a","result_id":"a"`},
		"a member twice":        {`"results":[`, `"results":[],"results":[`},
		"not UTF-8":             {`"a"`, "\"\xff\""},
		"no counts":             {`"counts"`, `"accounts"`},
		"results no array":      {`"results":[`, `"results":{"a":[`},
		"a head of no shape":    {`"export":{`, `"export":7,"x":{`},
		"more behind it":        {"}}\n", "}}\n{}"},
		"cut in a result":       {`{"result_type":"video","result_id":"b"}` + "\n],\n", `{"result_type":"vid`},
	} {
		bad := strings.Replace(good, c[0], c[1], 1)
		if name == "cut in a result" {
			bad = bad[:strings.Index(bad, `"vid`)+4]
		}
		if bad == good {
			t.Fatalf("%s: nothing was changed", name)
		}
		if got, err := Inspect(strings.NewReader(bad)); err == nil {
			t.Errorf("%s: no error, %+v", name, got)
		}
	}
	for n := range len(good) - 1 {
		if _, err := Inspect(strings.NewReader(good[:n])); err == nil {
			t.Fatalf("cut after %d of %d bytes: no error", n, len(good))
		}
	}
	if _, err := Inspect(strings.NewReader(strings.Replace(good, `"counts"`, `"new":{"x":[1]},"counts"`, 1))); err != nil {
		t.Errorf("a new member: %v", err)
	}
}

func TestInspectPassesTheReadersFailureOn(t *testing.T) {
	broken := errors.New("the disk is gone")
	if _, err := Inspect(io.MultiReader(strings.NewReader(`{"kind":`), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("Inspect = %v", err)
	}
}

func TestDecodeManifest(t *testing.T) {
	d := planned(1)
	document, counts := d.with(t, `{"result_type":"segment","result_id":"a"}`)
	digests, err := DigestOf(bytes.NewReader(document), MinPartBytes)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := d.alone(digests, counts).Encode()
	if err != nil {
		t.Fatal(err)
	}
	m, err := DecodeManifest(bytes.Replace(raw, []byte(`"kind"`), []byte(`"new": [1], "kind"`), 1))
	if err != nil || m.Files[0].Name != "exp_1.json" || m.Counts.Written != 1 {
		t.Fatalf("DecodeManifest = %+v, %v", m, err)
	}
	if err := m.Verify(bytes.NewReader(document)); err != nil {
		t.Errorf("Verify = %v", err)
	}
	for _, c := range [][2]string{
		{`.manifest"`, `"`}, {`"part_bytes": 16777216`, `"part_bytes": 0`}, {`"sha256"`, `"sha512"`}, {`"bytes": `, `"bytes": -`},
		{`"name": "exp_1.json"`, `"name": ""`}, {`"kind"`, `"kind": "videovector.export.manifest", "kind"`}, {`{`, `[`}, {"\n}", "\n}{}"},
	} {
		bad := strings.Replace(string(raw), c[0], c[1], 1)
		if _, err := DecodeManifest([]byte(bad)); bad == string(raw) || err == nil {
			t.Errorf("%s instead of %s: error %v", c[1], c[0], err)
		}
	}
}

// FuzzInspect: a document that passes holds as many records as it states.
func FuzzInspect(f *testing.F) {
	f.Add(`{"kind":"videovector.export","export":{},"runs":[],"results":[{}],"counts":{"results":1}}`)
	f.Fuzz(func(t *testing.T, document string) {
		c, err := Inspect(strings.NewReader(document))
		if err == nil && c.Found != c.Stated {
			t.Errorf("Inspect(%q) = %+v", document, c)
		}
	})
}

func TestInspectLines(t *testing.T) {
	got, err := InspectLines(strings.NewReader(segment + "\n" + lost + "\n" + video + "\n"))
	if want := (export.Counts{Results: 3, Segments: 2, Videos: 1, Failed: 2}); err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	for name, content := range map[string]string{
		"line 2: it is not a record and a line feed": segment + "\n\n", "line 1: it is not a record and a line feed": segment,
		"line 2: a result is a JSON object": segment + "\nx\n", "line 1: a record is at most 16 MiB": strings.Repeat("x", 2*MaxRecordBytes),
	} {
		if _, err := InspectLines(strings.NewReader(content)); err == nil || err.Error() != name {
			t.Errorf("error = %v, want %s", err, name)
		}
	}
	if _, err := InspectLines(iotest.ErrReader(errStop)); !errors.Is(err, errStop) {
		t.Errorf("a reader that fails: %v", err)
	}
}

// FuzzManifest: a manifest that is taken is strict JSON with all that Verify rests on, and is written so that it is read as
// the same.
func FuzzManifest(f *testing.F) {
	d := planned(1)
	document, counts := d.with(f, `{"result_type":"segment","result_id":"a"}`)
	digests, err := DigestOf(bytes.NewReader(document), MinPartBytes)
	if err != nil {
		f.Fatal(err)
	}
	good, err := d.alone(digests, counts).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	for _, text := range []string{
		``, `{}`, `{"kind":"videovector.export.manifest","files":[]}`, `{"kind":"x","kind":"videovector.export.manifest"}`,
		`{"kind":"videovector.export.manifest","files":[{"name":"n","sha256":"00","tree_sha256":"00","bytes":0,"part_bytes":1}]}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := DecodeManifest(raw)
		if err != nil {
			return
		}
		if !jsontext.Value(raw).IsValid() {
			t.Errorf("%q is not strict JSON and was taken", raw)
		}
		text, err := m.Encode()
		if err != nil {
			t.Fatalf("%q can't be written: %v", raw, err)
		}
		same, err := DecodeManifest(text)
		if err != nil {
			t.Fatalf("%q is written as %q: %v", raw, text, err)
		}
		if again, err := same.Encode(); err != nil || !bytes.Equal(again, text) {
			t.Errorf("%q is written as %q and then as %q, %v", raw, text, again, err)
		}
		for _, file := range m.Files {
			if file.Name == "" || file.TreeSHA256 == "" || file.PartBytes < 1 || file.Bytes < 0 {
				t.Errorf("%q was taken with %+v", raw, file)
			}
		}
		if len(m.Files) == 0 {
			t.Errorf("%q was taken without a file", raw)
		}
	})
}
