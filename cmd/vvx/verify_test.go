package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/artifact/pack"
)

// madeDocument is a document of several parts with its manifest, as the service makes them.
func madeDocument(t *testing.T) (document, manifest string) {
	t.Helper()
	var lines strings.Builder
	const rows = 400
	for i := range rows {
		fmt.Fprintf(&lines, `{"result_type":%q,"result_id":"r%d","note":%q,"field_extraction_succeeded":%t}`+"\n",
			[]string{"segment", "video"}[i%10/9], i, strings.Repeat("ü🚢", i), i%7 != 0)
	}
	sum := sha256.Sum256([]byte(lines.String()))
	d := artifact.Document{
		Head:   artifact.Head{ExportID: "exp_1", Type: "prompt_run", TargetID: "run_1", AsOf: "2026-03-02T09:30:00.000Z", Selection: artifact.Selection{Scope: "all"}},
		Runs:   []artifact.Run{{ID: "run_1", PromptID: "p", Status: "completed"}},
		Inputs: []artifact.Input{{RunID: "run_1", Number: 1, Bytes: int64(lines.Len()), Rows: rows, SHA256: hex.EncodeToString(sum[:])}},
	}
	var out bytes.Buffer
	made, err := pack.Run(t.Context(), pack.Pass{
		Document: &d, Last: 1, Outputs: []pack.Output{{Format: artifact.JSON, Whole: true, W: &out}},
		Open: func(context.Context, artifact.Input) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader(lines.String())), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	counts := made.Counts
	digests, err := artifact.DigestOf(bytes.NewReader(out.Bytes()), 100_000)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := d.NewManifest([]artifact.File{{Name: "exp_1.json", Format: artifact.JSON, Rows: counts.Results, Digests: digests}}, counts, d.Rows()-counts.Results).Encode()
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), string(raw)
}

func TestVerify(t *testing.T) {
	document, manifest := madeDocument(t)
	a := newAPI(t)
	a.on("GET /exports/exp_1", sends(200, exportJSON("exp_1", map[string]any{"manifest_sha256": digest(manifest)})))
	s := newShell(t, a.base())
	s.file("exp_1.json", document)
	s.file("exp_1.manifest.json", manifest)
	s.file("renamed", document)
	for _, args := range [][]string{
		{"exp_1.json"}, {"renamed", "--manifest", "exp_1.manifest.json"}, {"./exp_1.json", "--export", "exp_1"},
	} {
		o := s.want(exitOK, append([]string{"verify"}, args...)...)
		if strings.Contains(o.out, "BAD") || !strings.Contains(o.out, "rows         ok   400\n") || !strings.Contains(o.out, "parts        ok   ") {
			t.Errorf("%v printed\n%s", args, o.out)
		}
	}
	v := s.want(exitOK, "verify", "exp_1.json", "--json").values(t)
	if len(v) != 1 || v[0]["ok"] != true || v[0]["export_id"] != "exp_1" || v[0]["records"] != 400.0 || len(v[0]["checks"].([]any)) != 14 {
		t.Errorf("printed %v", v)
	}
}

// TestVerifyFindsDamage changes document or manifest in one place each, and names what must be found.
func TestVerifyFindsDamage(t *testing.T) {
	document, manifest := madeDocument(t)
	at := len(document) / 2
	swap := func(s, old, new string) string {
		if !strings.Contains(s, old) {
			t.Fatalf("nothing to change: %q", old)
		}
		return strings.Replace(s, old, new, 1)
	}
	for _, c := range []struct {
		name               string
		document, manifest string
		bad                []string
	}{
		{"a flipped bit", swap(document, "ü🚢ü🚢", "ü🚢ý🚢"), manifest, []string{"sha256", "parts", "tree sha256", "crc64nvme"}},
		{"another count of bytes", document + "\n", manifest, []string{"size", "sha256", "parts", "tree sha256", "crc64nvme"}},
		{"cut", document[:at], manifest, []string{"size", "sha256", "parts", "tree sha256", "crc64nvme", "contents"}},
		{"more behind it", document + "{}", manifest, []string{"size", "sha256", "parts", "tree sha256", "crc64nvme", "contents"}},
		{"a name twice", swap(document, `"result_id":"r5"`, `"result_id":"r5","result_id":"r5"`), manifest, []string{"size", "sha256", "parts", "tree sha256", "crc64nvme", "contents"}},
		{"rows", document, swap(manifest, `"rows": 400`, `"rows": 401`), []string{"rows"}},
		{"segments", document, swap(manifest, `"segments": 360`, `"segments": 361`), []string{"segments"}},
		{"filtered", document, swap(manifest, `"filtered": 0`, `"filtered": 1`), []string{"selected"}},
		{"rejected", document, swap(manifest, `"rejected": 0`, `"rejected": 1`), []string{"rejected", "selected"}},
		{"the checksum", document, swap(manifest, `"crc64nvme": "`, `"crc64nvme": "0`), []string{"crc64nvme"}},
		{"the tree", document, swap(manifest, `"tree_sha256": "`, `"tree_sha256": "0`), []string{"tree sha256"}},
		{"the whole", document, swap(manifest, `"sha256": "`, `"sha256": "0`), []string{"sha256"}},
		{"another export's", document, swap(manifest, `"exp_1"`, `"exp_2"`), []string{"export"}},
	} {
		s := newShell(t, "")
		s.file("exp_1.json", c.document)
		s.file("exp_1.manifest.json", c.manifest)
		v := s.want(exitFailed, "verify", "exp_1.json", "--json").values(t)
		found := map[string]bool{}
		for _, raw := range v[0]["checks"].([]any) {
			if one := raw.(map[string]any); one["ok"] == false {
				found[one["name"].(string)] = true
			}
		}
		for _, name := range c.bad {
			if !found[name] {
				t.Errorf("%s: %q was not found", c.name, name)
			}
			delete(found, name)
		}
		if len(found) > 0 || v[0]["ok"] != false {
			t.Errorf("%s: ok is %v, and these were found, too: %v", c.name, v[0]["ok"], found)
		}
		if o := s.want(exitFailed, "verify", "exp_1.json"); !strings.Contains(o.out, "BAD") || !strings.Contains(o.err, "exp_1.json is not the document that exp_1.manifest.json describes") {
			t.Errorf("%s: printed %q and %q", c.name, o.out, o.err)
		}
	}
}

func TestVerifyAsksWhoseManifestItIs(t *testing.T) {
	document, manifest := madeDocument(t)
	a := newAPI(t)
	a.on("GET /exports/exp_1", sends(200, exportJSON("exp_1", map[string]any{"manifest_sha256": digest("another")})))
	a.on("GET /exports/exp_2", sends(200, exportJSON("exp_2", map[string]any{"status": "pending"})))
	s := newShell(t, a.base())
	s.file("exp_1.json", document)
	s.file("exp_1.manifest.json", manifest)
	if o := s.want(exitFailed, "verify", "exp_1.json", "--export", "exp_1"); !strings.Contains(o.out, "manifest     BAD") || strings.Count(o.out, "BAD") != 1 {
		t.Errorf("printed\n%s", o.out)
	}
	s.want(exitFailed, "verify", "exp_1.json", "--export", "exp_2")
}

// TestVerifyLinks reads document and manifest behind links, whose credentials are never shown.
func TestVerifyLinks(t *testing.T) {
	document, manifest := madeDocument(t)
	const signature = "?X-Amz-Signature=0123456789abcdef"
	store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("X-API-Key") != "":
			t.Error("the store was given the key")
		case r.URL.RawQuery != signature[1:]:
			w.WriteHeader(403)
		case strings.HasSuffix(r.URL.Path, ".manifest.json"):
			io.WriteString(w, manifest)
		case strings.HasSuffix(r.URL.Path, ".json"):
			io.WriteString(w, document)
		default:
			http.Redirect(w, r, "https://exports.example.com/"+signature, http.StatusFound)
		}
	}))
	defer store.Close()
	s := newShell(t, "")
	link := store.URL + "/b/exp_1.json" + signature
	if o := s.want(exitOK, "verify", link, "--manifest", store.URL+"/b/exp_1.manifest.json"+signature, "--json"); strings.Contains(o.out, signature) {
		t.Errorf("the signature is shown: %s", o.out)
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{link}, exitUsage, "--manifest"},
		{[]string{store.URL + "/b/exp_1.json?expired=" + signature[1:], "--manifest", link}, exitFailed, "not the manifest of an export"},
		{[]string{link + "0", "--manifest", store.URL + "/b/exp_1.manifest.json" + signature}, exitFailed, "answered 403 Forbidden"},
		{[]string{store.URL + "/b/moved" + signature, "--manifest", store.URL + "/b/exp_1.manifest.json" + signature}, exitFailed, "answered 302 Found"},
		{[]string{"http://storage.example.com/exp_1.json" + signature, "--manifest", store.URL + "/b/exp_1.manifest.json" + signature}, exitUsage, "must be https"},
		{[]string{"http://127.0.0.1:1/exp_1.json" + signature, "--manifest", "http://127.0.0.1:1/m" + signature}, exitFailed, "connection refused"},
	} {
		o := s.want(c.code, append([]string{"verify"}, c.args...)...)
		if !strings.Contains(o.err, c.says) || strings.Contains(o.err, "0123456789abcdef") {
			t.Errorf("%v says %q, want %q", c.args, o.err, c.says)
		}
	}
}

func TestVerifyNeedsItsFiles(t *testing.T) {
	document, manifest := madeDocument(t)
	s := newShell(t, "")
	s.file("exp_1.json", document)
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"exp_1.json"}, exitFailed, "exp_1.manifest.json, the document's manifest, does not exist"},
		{[]string{"exp_1.json", "--manifest", "exp_1.json"}, exitFailed, "not the manifest of an export"},
		{[]string{"exp_1.json", "--manifest", "."}, exitUsage, "is a folder"},
		{[]string{"exp_1"}, exitUsage, "--manifest"},
		{[]string{"s3://b/exp_1.json"}, exitFailed, "go run ./cmd/local"},
		{[]string{"s3://b", "--manifest", "exp_1.json"}, exitFailed, "not the manifest"},
	} {
		if o := s.want(c.code, append([]string{"verify"}, c.args...)...); !strings.Contains(o.err, c.says) {
			t.Errorf("%v says %q, want %q", c.args, o.err, c.says)
		}
	}
	s.file("gone.manifest.json", manifest)
	if o := s.want(exitFailed, "verify", "gone.json"); !strings.Contains(o.err, "no such file") {
		t.Errorf("says %q", o.err)
	}
}
