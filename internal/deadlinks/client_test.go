package deadlinks

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/videovector/exports/client"
)

// TestClient: the link between a client and the API. A client that repeats its request under the same key has one export
// of it, and a download is whole or not there.
func TestClient(t *testing.T) {
	t.Parallel()
	s := start(t, config{})
	s.undisturbed("idx_small")
	l := newLink(t, "API", s.local.BaseURL)
	api, err := client.New(s.local.APIKeys.Write, client.WithBaseURL(l.URL()), client.WithMaxRetries(10))
	if err != nil {
		t.Fatal(err)
	}
	for _, tr := range clientTroubles {
		t.Run(tr.name, func(t *testing.T) {
			s := s.in(t)
			l.suffer(tr)
			if !tr.slows {
				timer := time.AfterFunc(time.Second, l.mend)
				defer timer.Stop()
			}
			created, err := api.Exports.CreateIndexExport(t.Context(), "idx_small", client.CreateIndexExportParams{
				FileParams: client.FileParams{Formats: formats["idx_small"]}, IdempotencyKey: strings.ReplaceAll(tr.name, " ", "-"),
			})
			if err != nil {
				t.Fatal(err)
			}
			s.ordered.Add(1)
			e, err := api.Exports.Wait(t.Context(), created.ID, client.WaitOptions{First: 50 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			s.isWhole(e, "idx_small")
			file := filepath.Join(t.TempDir(), "document.json")
			if _, err := api.Exports.DownloadFile(t.Context(), e.ID, file); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(file)
			if want := s.files(e.ID)[e.ID+".json"]; err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d bytes were downloaded, and differ from the %d of the document: %v", len(got), len(want), err)
			}
			if !tr.refused && l.met.Load() == 0 {
				t.Error("nothing has met the trouble")
			}
			l.mend()
		})
	}
	s.onlyOrdered(t)
}
