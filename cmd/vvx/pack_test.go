package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// results are n records of several videos.
func results(n int) string {
	var s strings.Builder
	for i := range n {
		fmt.Fprintf(&s, `{"result_type":"segment","result_id":"r%d","run_id":"run_1","video_id":"v%d","start_time":%d,"end_time":%d.5,"metadata":{"mood":"=calm","n":%d},"metadata_text":"Text %d"}`+"\n", i, i/10, i, i, i, i)
	}
	return s.String()
}

const moodSchema = `{"type":"object","properties":{"mood":{"type":"string"},"n":{"type":"integer"}}}`

// TestPackAndVerify makes every format with every compression, and has verify read it.
func TestPackAndVerify(t *testing.T) {
	s := newShell(t, "")
	s.file("one.ndjson", results(300))
	s.file("two.ndjson", results(20))
	s.file("schema.json", moodSchema)
	for _, c := range []struct{ format, compression, out string }{
		{"json", "none", "a.json"}, {"json", "gzip", "a.json.gz"}, {"json", "zstd", "a.json.zst"}, {"ndjson", "none", "a.ndjson"}, {"ndjson", "zstd", "odd name"},
		{"csv", "none", "a.csv"}, {"csv", "gzip", "a.csv.gz"}, {"parquet", "zstd", "a.parquet"}, {"vtt", "gzip", "a.vtt.zip"}, {"srt", "none", "a.srt.zip"}, {"vtt_chapters", "none", "a.zip"},
	} {
		s.want(exitOK, "pack", "--format", c.format, "--compression", c.compression, "--schema", "schema.json", "-threads", "2", "-o", c.out, "one.ndjson", "two.ndjson")
		o := s.want(exitOK, "verify", c.out)
		if strings.Contains(o.out, "BAD") || !strings.Contains(o.out, "contents") {
			t.Errorf("%s: verify printed\n%s", c.out, o.out)
		}
	}
	s.want(exitOK, "pack", "--format", "json,csv,vtt", "--format", "parquet", "--compression", "zstd", "--schema", "schema.json", "-o", "all", "one.ndjson", "two.ndjson")
	for _, where := range []string{"all.manifest.json", "all.json.zst", "all.parquet"} {
		v := s.want(exitOK, "verify", "--all", where, "--json").values(t)
		if len(v) != 4 || v[0]["ok"] != true || v[3]["records"] != 320.0 {
			t.Errorf("verify --all %s printed %v", where, v)
		}
	}
	s.want(exitOK, "verify", "all.csv.zst")
}

// TestPackedTwiceIsTheSame: neither threads nor what is made beside it nor the file's name change a byte.
func TestPackedTwiceIsTheSame(t *testing.T) {
	s := newShell(t, "")
	s.file("in.ndjson", results(5000))
	s.want(exitOK, "pack", "--threads", "1", "-o", "one.json", "in.ndjson")
	s.want(exitOK, "pack", "-threads=3", "--format", "ndjson,json", "-o", "two", "in.ndjson")
	if s.read(t, "one.json") != s.read(t, "two.json") {
		t.Error("the documents differ")
	}
	if s.read(t, "two.ndjson") != results(5000) {
		t.Error("NDJSON is not what went in")
	}
}

func (s *shell) read(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestPackOfBadLines: the first one ends it and is named; with --rejects all else is packed.
func TestPackOfBadLines(t *testing.T) {
	s := newShell(t, "")
	bad := `{"metadata_text":"no id"}`
	s.file("in.ndjson", results(2)+bad+"\n"+results(1)+"nonsense")
	before := s.files()
	o := s.want(exitFailed, "pack", "-o", "out.json", "in.ndjson")
	if want := `in.ndjson, line 3: "result_id" is missing or not a string`; !strings.Contains(o.err, want) || o.out != "" || !slices.Equal(before, s.files()) {
		t.Errorf("says %q%q, want %q; files %v", o.out, o.err, want, s.files())
	}
	o = s.want(exitOK, "pack", "-o", "out.json", "--rejects", "bad.ndjson", "in.ndjson")
	if !strings.Contains(o.err, "2 records of 5 could not be packed; bad.ndjson says which") {
		t.Errorf("says %q", o.err)
	}
	var rejects []fileReject
	for line := range strings.Lines(s.read(t, "bad.ndjson")) {
		var r fileReject
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		rejects = append(rejects, r)
	}
	if len(rejects) != 2 || rejects[0].File != "in.ndjson" || rejects[0].Line != 3 || rejects[0].Text != bad || rejects[1].Line != 5 {
		t.Errorf("rejects are %+v", rejects)
	}
	if v := s.want(exitOK, "verify", "out.json", "--json").values(t); v[0]["records"] != 3.0 {
		t.Errorf("verify printed %v", v)
	}
}

// TestPackFromStandardInput, with the result as JSON.
func TestPackFromStandardInput(t *testing.T) {
	s := newShell(t, "")
	cmd, out, failures := s.command("pack", "--json", "--as-of", "2026-03-02T10:30:00+01:00", "-o", "out.json", "-")
	cmd.Stdin = strings.NewReader(results(7))
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, failures)
	}
	var p packed
	if err := json.Unmarshal(out.Bytes(), &p); err != nil || p.Counts.Written != 7 || p.Counts.Selected != 7 || len(p.Files) != 1 || p.Files[0].Rows != 7 || p.Manifest != "out.json.manifest.json" {
		t.Errorf("printed %s, %v", out, err)
	}
	if document := s.read(t, "out.json"); !strings.Contains(document, `"as_of":"2026-03-02T09:30:00.000Z"`) || !strings.Contains(document, `"run_id":"stdin"`) {
		t.Errorf("the document begins %.300s", document)
	}
}

// TestPackReplacesNothing without --force, and never what it reads.
func TestPackReplacesNothing(t *testing.T) {
	s := newShell(t, "")
	s.file("in.ndjson", results(2))
	s.file("out.json", "mine")
	if o := s.want(exitFailed, "pack", "-o", "out.json", "in.ndjson"); !strings.Contains(o.err, "out.json exists already") || s.read(t, "out.json") != "mine" {
		t.Errorf("says %q", o.err)
	}
	s.want(exitOK, "pack", "--force", "-o", "out.json", "in.ndjson")
	s.want(exitOK, "verify", "out.json")
	if o := s.want(exitUsage, "pack", "--force", "--format", "ndjson", "-o", "in.ndjson", "in.ndjson"); !strings.Contains(o.err, "it is read") || s.read(t, "in.ndjson") != results(2) {
		t.Errorf("says %q", o.err)
	}
	s.file("old.json.manifest.json", "mine")
	if o := s.want(exitFailed, "pack", "-o", "old.json", "in.ndjson"); !strings.Contains(o.err, "old.json.manifest.json exists already") || slices.Contains(s.files(), "old.json") {
		t.Errorf("says %q; files %v", o.err, s.files())
	}
}

func TestPackMisused(t *testing.T) {
	s := newShell(t, "")
	s.file("in.ndjson", results(2))
	for _, args := range [][]string{
		{"in.ndjson"}, {"-o", "x"}, {"-o", "-", "in.ndjson"}, {"-o", "x", "--format", "xml", "in.ndjson"}, {"-o", "x", "--format", "csv,csv", "in.ndjson"},
		{"-o", "x", "--compression", "lz4", "in.ndjson"}, {"-o", "x", "--threads", "-1", "in.ndjson"}, {"-o", "x", "--as-of", "noon", "in.ndjson"},
		{"-o", "x", "."}, {"-o", "x", "-", "-"}, {"-o", "x", "--parquet-codec", "lzo", "in.ndjson"},
	} {
		s.want(exitUsage, append([]string{"pack"}, args...)...)
	}
	s.want(exitFailed, "pack", "-o", "x", "absent.ndjson")
	s.want(exitFailed, "pack", "-o", "x", "--schema", "in.ndjson", "in.ndjson")
	s.want(exitFailed, "pack", "-o", "no/such/folder", "in.ndjson")
	if got := s.files(); !slices.Equal(got, []string{"in.ndjson"}) {
		t.Errorf("left behind: %v", got)
	}
}

// TestPackInterrupted: Ctrl-C ends it though standard input doesn't, and leaves nothing behind.
func TestPackInterrupted(t *testing.T) {
	s := newShell(t, "")
	cmd, out, failures := s.command("pack", "--format", "json,parquet,csv", "-o", "out", "--rejects", "bad", "-")
	cmd.Stdin = nil
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write([]byte(results(3000))); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); len(s.files()) < 5; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never began: %v", s.files())
		}
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	o := s.ended(cmd, cmd.Wait(), out, failures)
	if o.code != exitInterrupted || !strings.Contains(o.err, "nothing was written") || len(s.files()) > 0 {
		t.Errorf("ended with %d, says %q, left %v", o.code, o.err, s.files())
	}
}

// TestVerifyFindsDamageInEveryFormat flips a bit in the middle, and cuts the end off.
func TestVerifyFindsDamageInEveryFormat(t *testing.T) {
	s := newShell(t, "")
	s.file("in.ndjson", results(300))
	for _, name := range []string{"a.json.gz", "a.ndjson", "a.ndjson.zst", "a.csv", "a.parquet", "a.vtt.zip"} {
		format, compression := strings.Split(name, ".")[1], "none"
		if ext := filepath.Ext(name); ext == ".gz" || ext == ".zst" {
			compression = map[string]string{".gz": "gzip", ".zst": "zstd"}[ext]
		}
		s.want(exitOK, "pack", "--format", format, "--compression", compression, "-o", name, "in.ndjson")
		content := []byte(s.read(t, name))
		flipped := bytes.Clone(content)
		flipped[len(flipped)/2] ^= 1
		for what, damaged := range map[string][]byte{"a flipped bit": flipped, "cut": content[:len(content)/2], "nothing": nil, "twice": append(bytes.Clone(content), content...)} {
			s.file(name, string(damaged))
			if o := s.want(exitFailed, "verify", name); !strings.Contains(o.out, "tree sha256  BAD") {
				t.Errorf("%s of %s:\n%s", what, name, o.out)
			}
		}
	}
}

// TestVerifyStaysBesideTheManifest: a manifest can't make it read elsewhere.
func TestVerifyStaysBesideTheManifest(t *testing.T) {
	s := newShell(t, "")
	s.file("in.ndjson", results(3))
	s.want(exitOK, "pack", "-o", "a.json", "in.ndjson")
	s.file("a.json.manifest.json", strings.Replace(s.read(t, "a.json.manifest.json"), `"a.json"`, `"../a.json"`, 1))
	if o := s.want(exitFailed, "verify", "--all", "a.json"); !strings.Contains(o.err, "not beside it") {
		t.Errorf("says %q", o.err)
	}
}

// TestVerifyFilesInFolders finds the manifest of a part file beside its folder.
func TestVerifyFilesInFolders(t *testing.T) {
	s := newShell(t, "")
	s.file("in.ndjson", results(3))
	s.want(exitOK, "pack", "--format", "csv", "-o", "part-00000.csv", "in.ndjson")
	if err := os.Mkdir(filepath.Join(s.dir, "archive"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.file("archive/part-00000.csv", s.read(t, "part-00000.csv"))
	s.file("archive.manifest.json", strings.Replace(s.read(t, "part-00000.csv.manifest.json"), `"part-00000.csv"`, `"archive/part-00000.csv"`, 1))
	s.want(exitOK, "verify", "archive/part-00000.csv")
	s.want(exitOK, "verify", "--all", "archive.manifest.json")
}

// TestVerifyFromAPipe reads what can't be read twice.
func TestVerifyFromAPipe(t *testing.T) {
	s := newShell(t, "")
	s.file("in.ndjson", results(30))
	s.want(exitOK, "pack", "--format", "parquet", "-o", "a.parquet", "in.ndjson")
	pipe := filepath.Join(s.dir, "pipe")
	if err := exec.Command("mkfifo", pipe).Run(); err != nil {
		t.Fatal(err)
	}
	content := []byte(s.read(t, "a.parquet"))
	done := make(chan error, 1)
	go func() {
		f, err := os.OpenFile(pipe, os.O_WRONLY, 0)
		if err == nil {
			_, err = f.Write(content)
			_ = f.Close()
		}
		done <- err
	}()
	if o := s.want(exitOK, "verify", "pipe", "--manifest", "a.parquet.manifest.json"); !strings.Contains(o.out, "rows         ok   30\n") {
		t.Errorf("printed\n%s", o.out)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
