package main

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// testDocument is long enough to be caught in its middle.
var testDocument = "{\"results\":[\n" + strings.Repeat(`{"a":"🚢"},`+"\n", 100_000) + "{}\n],\n\"counts\":{\"results\":100001}}\n"

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// offering is an API with testDocument as export exp_1, whose download route answers so.
func offering(t *testing.T, over map[string]any, answers ...http.HandlerFunc) *api {
	t.Helper()
	e := map[string]any{"file_size_bytes": len(testDocument), "sha256": digest(testDocument)}
	for k, v := range over {
		e[k] = v
	}
	a := newAPI(t)
	a.on("GET /exports/exp_1", sends(200, exportJSON("exp_1", e)))
	a.on("GET /exports/exp_1/download", answers...)
	return a
}

func whole(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", strconv.Itoa(len(testDocument)))
	io.WriteString(w, testDocument)
}

// half sends half of the document and breaks off.
func half(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", strconv.Itoa(len(testDocument)))
	io.WriteString(w, testDocument[:len(testDocument)/2])
	panic(http.ErrAbortHandler)
}

func (s *shell) content(name string) string {
	s.t.Helper()
	raw, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(raw)
}

func TestDownload(t *testing.T) {
	s := newShell(t, offering(t, nil, half, half, whole).base())
	o := s.want(exitOK, "export", "download", "exp_1")
	if s.content("exp_1.json") != testDocument || !slices.Equal(s.files(), []string{"exp_1.json"}) {
		t.Errorf("the folder holds %v", s.files())
	}
	if want := "exp_1.json  1.4 MB (1400048 bytes)\nsha256 " + digest(testDocument) + " (checked against the export)\n"; o.out != want || o.err != "" {
		t.Errorf("printed %q and %q, want %q", o.out, o.err, want)
	}
	v := s.want(exitOK, "export", "download", "exp_1", "-o", "other.json", "--json").values(t)
	if len(v) != 1 || v[0]["file"] != "other.json" || v[0]["bytes"] != float64(len(testDocument)) || v[0]["sha256"] != digest(testDocument) || v[0]["verified"] != true {
		t.Errorf("printed %v", v)
	}
	if o := s.want(exitOK, "export", "download", "exp_1", "-o", "-"); o.out != testDocument {
		t.Errorf("printed %d bytes", len(o.out))
	}
	unknown := newShell(t, offering(t, map[string]any{"sha256": nil}, whole).base())
	if o := unknown.want(exitOK, "export", "download", "exp_1"); !strings.Contains(o.out, `"vvx verify"`) {
		t.Errorf("printed %q", o.out)
	}
}

func TestDownloadLeavesNothingBroken(t *testing.T) {
	for name, c := range map[string]struct {
		over   map[string]any
		answer http.HandlerFunc
		says   string
	}{
		"cut off":     {nil, half, "unexpected EOF"},
		"damaged":     {map[string]any{"sha256": digest("x")}, whole, "is damaged: its sha256 is"},
		"other size":  {map[string]any{"file_size_bytes": 7}, whole, "is damaged: its size is"},
		"not ready":   {map[string]any{"status": "processing", "download_url": nil}, whole, "wait until it is completed"},
		"not to have": {map[string]any{"download_url": nil}, whole, "can't be downloaded"},
	} {
		s := newShell(t, offering(t, c.over, c.answer).base())
		s.file("out.json", "before")
		o := s.want(exitFailed, "export", "download", "exp_1", "-o", "out.json")
		if s.content("out.json") != "before" || len(s.files()) != 1 || !strings.Contains(o.err, c.says) || o.out != "" {
			t.Errorf("%s: the folder holds %v; printed %q and %q", name, s.files(), o.out, o.err)
		}
	}
	s := newShell(t, offering(t, nil, whole).base())
	if o := s.want(exitFailed, "export", "download", "exp_1", "-o", "no/such/folder.json"); !strings.Contains(o.err, "no such file") {
		t.Errorf("says %q", o.err)
	}
}

// TestCtrlCInADownload leaves the folder as it was, and the same command then does what it would have done.
func TestCtrlCInADownload(t *testing.T) {
	midway := make(chan bool, 1)
	hangs := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(testDocument)))
		io.WriteString(w, testDocument[:len(testDocument)/2])
		w.(http.Flusher).Flush()
		midway <- true
		<-r.Context().Done()
	}
	s := newShell(t, offering(t, nil, hangs, whole).base())
	s.file("out.json", "before")
	o := s.interrupt(midway, "export", "download", "exp_1", "-o", "out.json")
	if want := "vvx: interrupted; nothing was written to out.json. The same command starts over\n"; o.code != exitInterrupted || o.err != want || o.out != "" {
		t.Errorf("ended with %d, printed %q and %q, want %q", o.code, o.out, o.err, want)
	}
	if s.content("out.json") != "before" || len(s.files()) != 1 {
		t.Errorf("the folder holds %v", s.files())
	}
	s.want(exitOK, "export", "download", "exp_1", "-o", "out.json")
	if s.content("out.json") != testDocument {
		t.Error("the second download did not replace the file")
	}
}

func TestCtrlCInAWait(t *testing.T) {
	midway := make(chan bool, 1)
	a := newAPI(t)
	a.on("POST /exports/index/idx_1", sends(202, accepted))
	a.on("GET /exports/exp_1", func(w http.ResponseWriter, r *http.Request) {
		select {
		case midway <- true:
		default:
		}
		sends(200, exportJSON("exp_1", map[string]any{"status": "processing"}))(w, r)
	})
	o := newShell(t, a.base()).interrupt(midway, "export", "create", "index", "idx_1", "--wait")
	if o.code != exitInterrupted || !strings.Contains(o.err, `vvx: interrupted; export exp_1 goes on without you: "vvx export wait exp_1" looks again`) || o.out != "" {
		t.Errorf("ended with %d, printed %q and %q", o.code, o.out, o.err)
	}
}

func TestCtrlCInACreate(t *testing.T) {
	midway := make(chan bool, 1)
	a := newAPI(t)
	a.on("POST /exports/index/idx_1", func(_ http.ResponseWriter, r *http.Request) { midway <- true; <-r.Context().Done() })
	o := newShell(t, a.base()).interrupt(midway, "export", "create", "index", "idx_1")
	if o.code != exitInterrupted || !strings.Contains(o.err, "the export may have been made") {
		t.Errorf("ended with %d: %s", o.code, o.err)
	}
}

// interrupt calls vvx and presses Ctrl-C once it is midway.
func (s *shell) interrupt(midway <-chan bool, args ...string) outcome {
	s.t.Helper()
	cmd, out, err := s.command(args...)
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-midway:
	case <-time.After(30 * time.Second):
		s.t.Error("it never got midway")
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		s.t.Error(err)
	}
	select {
	case failure := <-ended:
		return s.ended(cmd, failure, out, err)
	case <-time.After(30 * time.Second):
		_ = cmd.Process.Kill() // it should have ended by itself
		<-ended
		s.t.Fatal("Ctrl-C didn't end it")
	}
	return outcome{}
}
