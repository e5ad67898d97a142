package steps_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/export"
)

const (
	documentKey = "artifacts/acct_1/exp_1/exp_1.json"
	manifestKey = "artifacts/acct_1/exp_1/exp_1.manifest.json"
)

// checkEnd holds everything that stands against what must stand when an export ends as the plan says.
func (w *world) checkEnd(e export.Export) {
	w.t.Helper()
	w.checkWrites()
	w.checkSecrets(e)
	if open := w.uploads(); len(open) > 0 {
		w.t.Errorf("%d uploads are open: %v", len(open), open)
	}
	if w.plan.fails {
		w.checkFailed(e)
		return
	}
	w.checkCompleted(e)
	if want := max(w.plan.attempts, 1); e.Attempts != want {
		w.t.Errorf("%d attempts, want %d", e.Attempts, want)
	}
}

// checkWrites: every write kept to the rules, and one of them ended the export.
func (w *world) checkWrites() {
	w.t.Helper()
	if len(w.records.wrong) > 0 || w.records.ends != 1 {
		w.t.Errorf("the export ended %d times; broken rules: %v", w.records.ends, w.records.wrong)
	}
}

// checkSecrets: neither a link nor the cause of a failure is in an execution's history, the record's messages or, of a
// panic, the log.
func (w *world) checkSecrets(e export.Export) {
	w.t.Helper()
	var seen []any
	for g := range e.Generation {
		events, err := w.journal.Events(export.ExecutionName(exportID, g+1))
		if err == nil {
			seen = append(seen, events)
		}
	}
	raw, err := json.Marshal(append(seen, e.LastError, e.ErrorMessage))
	if err != nil {
		w.t.Fatal(err)
	}
	if bytes.Contains(raw, []byte("signature")) || bytes.Contains(raw, []byte(secretOfAPanic)) {
		w.t.Errorf("a secret is in %s", raw)
	}
	if log := w.log.String(); strings.Contains(log, secretOfAPanic) || e.Link != nil && strings.Contains(log, e.Link.URL) {
		w.t.Errorf("a secret is in the log:\n%s", log)
	}
}

// checkCompleted: one whole document with its manifest, a link that works, and equal copies at the destination.
func (w *world) checkCompleted(e export.Export) {
	w.t.Helper()
	if e.Status != export.StatusCompleted || e.QueueStatus != export.QueueSucceeded || e.EventMark != export.EventReady || e.Artifact == nil || e.Link == nil {
		w.t.Fatalf("the export ended as %s/%s, event %q, last error %q, document %v\n%s", e.Status, e.QueueStatus, e.EventMark, e.LastError, e.Artifact, w.log.String())
	}
	if got, want := w.objects(), []string{documentKey, manifestKey}; !slices.Equal(got, want) {
		w.t.Fatalf("artifacts are %v, want %v", got, want)
	}
	document, manifest := w.artifact(documentKey), w.artifact(manifestKey)
	w.checkDocument(document, manifest)
	w.checkRecord(e, document, manifest)
	if got := w.follow(e.Link.URL); !bytes.Equal(got, document) && time.Now().Before(e.Link.ExpiresAt) {
		w.t.Errorf("the link gives %d bytes, the document has %d", len(got), len(document))
	}
	w.checkCopies(e, document, manifest)
}

// checkDocument: the document holds the selected results as they were written, and the manifest describes it.
func (w *world) checkDocument(document, manifest []byte) {
	w.t.Helper()
	var m artifact.Manifest
	if err := json.Unmarshal(manifest, &m); err != nil {
		w.t.Fatalf("manifest: %v", err)
	}
	if err := m.Verify(bytes.NewReader(document)); err != nil {
		w.t.Errorf("document: %v", err)
	}
	var d struct {
		Results []json.RawMessage `json:"results"`
		Counts  export.Counts     `json:"counts"`
	}
	if err := json.Unmarshal(document, &d); err != nil {
		w.t.Fatalf("document: %v", err)
	}
	var got []string
	for _, r := range d.Results {
		got = append(got, string(r))
	}
	if diff := cmp.Diff(w.wanted(), got); diff != "" {
		w.t.Errorf("results (-want +got):\n%s", diff)
	}
	if d.Counts != m.Counts.Counts || d.Counts.Results != int64(len(got)) {
		w.t.Errorf("counts = %+v, in the manifest %+v, of %d results", d.Counts, m.Counts.Counts, len(got))
	}
}

// checkRecord: the record tells of what stands.
func (w *world) checkRecord(e export.Export, document, manifest []byte) {
	w.t.Helper()
	a := export.Artifact{
		Bucket: "artifacts", Key: documentKey, ManifestKey: manifestKey, Bytes: int64(len(document)), SHA256: hexSum(document),
		ManifestSHA256: hexSum(manifest), Counts: e.Artifact.Counts,
	}
	if diff := cmp.Diff(a, *e.Artifact); diff != "" {
		w.t.Errorf("the record's document (-want +got):\n%s", diff)
	}
	if n := int64(len(w.wanted())); e.Artifact.Counts.Results != n || e.Progress.RecordsDone != n || e.Progress.Phase != export.PhaseDone || e.ErrorMessage != "" {
		w.t.Errorf("counts %+v, progress %+v, error %q for %d results", e.Artifact.Counts, e.Progress, e.ErrorMessage, n)
	}
}

// checkCopies: the destination holds equal copies, or nothing when there is none.
func (w *world) checkCopies(e export.Export, document, manifest []byte) {
	w.t.Helper()
	if w.plan.request.Destination == nil {
		if held := w.customer.holds(); len(held) != 0 || e.Receipt != nil {
			w.t.Errorf("%d objects were delivered, receipt %+v", len(held), e.Receipt)
		}
		return
	}
	want := map[string][]byte{"base/team/exp_1.json": document, "base/team/exp_1.manifest.json": manifest}
	if held := w.customer.holds(); !maps.EqualFunc(held, want, bytes.Equal) {
		w.t.Errorf("the destination holds %q, want %q", held, want)
	}
	if r := e.Receipt; r == nil || r.SHA256 != hexSum(document) || r.Bytes != int64(len(document)) || r.DeliveredAt.IsZero() ||
		r.URI != "s3://customer/base/team/exp_1.json" || r.ManifestURI != "s3://customer/base/team/exp_1.manifest.json" {
		w.t.Errorf("receipt = %+v", r)
	}
}

// checkFailed: the failure has a reason, and what stands is whole: a manifest has its document.
func (w *world) checkFailed(e export.Export) {
	w.t.Helper()
	if e.Status != export.StatusFailed || e.EventMark != export.EventFailed || e.ErrorMessage == "" || e.ErrorMessage != e.LastError || e.CompletedAt.IsZero() {
		w.t.Errorf("the export ended as %s/%s, event %q, error %q, last error %q", e.Status, e.QueueStatus, e.EventMark, e.ErrorMessage, e.LastError)
	}
	switch held := w.objects(); {
	case slices.Equal(held, []string{documentKey, manifestKey}):
		w.checkDocument(w.artifact(documentKey), w.artifact(manifestKey))
	case len(held) > 1 || len(held) == 1 && (held[0] != documentKey || !json.Valid(w.artifact(documentKey))):
		w.t.Errorf("artifacts are %v", held)
	}
}

func hexSum(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// objects are the keys of what stands for good.
func (w *world) objects() []string {
	return slices.DeleteFunc(w.artifacts.Keys(), func(k string) bool { return strings.HasPrefix(k, "work/") })
}

func (w *world) artifact(key string) []byte {
	content, _ := w.artifacts.Content(key)
	return content
}

// uploads are the open ones.
func (w *world) uploads() (open []string) {
	w.t.Helper()
	all, err := w.artifacts.Uploads(w.t.Context(), "")
	if err != nil {
		w.t.Fatal(err)
	}
	for _, u := range all {
		open = append(open, u.ID+" of "+u.Key)
	}
	return open
}

// follow is what a presigned link gives.
func (w *world) follow(url string) []byte {
	w.t.Helper()
	res, err := (&http.Client{Transport: w.artifacts, Timeout: time.Minute}).Get(url)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	var content bytes.Buffer
	if _, err := content.ReadFrom(res.Body); err != nil {
		w.t.Fatal(err)
	}
	return content.Bytes()
}
