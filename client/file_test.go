package client_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/videovector/exports/client"
)

// folder lists a folder's files.
func folder(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// TestDownloadFileBeginsAgain has a download cut off, then damaged, then whole.
func TestDownloadFileBeginsAgain(t *testing.T) {
	other := strings.Replace(testDocument, "🚢", "🚣", 1)
	s := serve(t, completed(nil), cutOff(testDocument, 1<<19), completed(nil), document(other), completed(nil), document(testDocument))
	c, p := connect(t, s)
	dir := t.TempDir()
	path := filepath.Join(dir, "out.json")
	if err := os.WriteFile(path, []byte("what was there before, which is longer than nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	var began int
	doc, err := c.Exports.DownloadFile(t.Context(), "exp_1", path, client.WithProgress(func(done, _ int64) {
		if done <= 256<<10 {
			began++
		}
	}))
	if err != nil || !doc.Verified || len(p.all) != 2 || began < 3 {
		t.Fatalf("document = %+v, %v after %d pauses and %d beginnings", doc, err, len(p.all), began)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != testDocument {
		t.Errorf("the file has %d bytes, %v", len(got), err)
	}
	if got := folder(t, dir); !slices.Equal(got, []string{"out.json"}) {
		t.Errorf("the folder holds %v", got)
	}
}

// TestDownloadFileLeavesNothing holds for every way to fail; a file that was there stays as it was.
func TestDownloadFileLeavesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	for _, c := range []struct {
		name    string
		ctx     context.Context
		answers []http.HandlerFunc
		asked   int // requests, with 3 retries
	}{
		{"unknown", t.Context(), []http.HandlerFunc{fails(404, "export_not_found")}, 1},
		{"not ready", t.Context(), []http.HandlerFunc{completed(map[string]any{"status": "processing"})}, 1},
		{"refused", t.Context(), []http.HandlerFunc{completed(nil), fails(403, "authorization_insufficient_scope")}, 2},
		{"always damaged", t.Context(), slices.Repeat([]http.HandlerFunc{completed(nil), document("{}")}, 4), 8},
		{"always cut off", t.Context(), slices.Repeat([]http.HandlerFunc{completed(nil), cutOff(testDocument, 1<<19)}, 4), 8},
		{"no server", t.Context(), []http.HandlerFunc{hangsUp}, 4},
		{"cancelled", ctx, []http.HandlerFunc{completed(nil), func(w http.ResponseWriter, r *http.Request) {
			w.Write([]byte(testDocument[:1000]))
			w.(http.Flusher).Flush()
			cancel()
			<-r.Context().Done()
		}}, 2},
	} {
		s := serve(t, c.answers...)
		cl, _ := connect(t, s)
		dir := t.TempDir()
		path := filepath.Join(dir, "out.json")
		if err := os.WriteFile(path, []byte("before"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := cl.Exports.DownloadFile(c.ctx, "exp_1", path); err == nil {
			t.Errorf("%s: no error", c.name)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != "before" {
			t.Errorf("%s: the file is %.20q, %v", c.name, got, err)
		}
		if got := folder(t, dir); len(got) != 1 {
			t.Errorf("%s: the folder holds %v", c.name, got)
		}
		if n := len(s.requests()); n != c.asked {
			t.Errorf("%s: %d requests, want %d", c.name, n, c.asked)
		}
	}
}

func TestDownloadFileChecksItsPlace(t *testing.T) {
	s := serve(t, completed(nil), document(testDocument))
	c, _ := connect(t, s)
	dir := t.TempDir()
	if _, err := c.Exports.DownloadFile(t.Context(), "exp_1", dir); err == nil {
		t.Error("a folder as file: no error")
	}
	if _, err := c.Exports.DownloadFile(t.Context(), "exp_1", filepath.Join(dir, "none", "out.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder that isn't there: %v", err)
	}
	if n := len(s.requests()); n != 0 {
		t.Errorf("%d requests before the place was known to be good", n)
	}
}
