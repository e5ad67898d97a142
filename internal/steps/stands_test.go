package steps_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/export"
)

const (
	documentKey = "artifacts/acct_1/exp_1/exp_1.json"
	manifestKey = "artifacts/acct_1/exp_1/exp_1.manifest.json"
	folderKey   = "artifacts/acct_1/exp_1/"
)

// checkEnd holds everything that stands against what must stand when an export ends as the plan says.
func (w *world) checkEnd(e export.Export) {
	w.t.Helper()
	w.checkWrites()
	w.checkSecrets(e)
	w.checkLog(e)
	w.checkLeft(e)
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
	manifest := w.artifact(manifestKey)
	m := w.checkFiles(manifest)
	w.checkRecord(e, m, manifest)
	first := w.artifact(e.Artifact.Key)
	if got := w.follow(e.Link.URL); !bytes.Equal(got, first) && time.Now().Before(e.Link.ExpiresAt) {
		w.t.Errorf("the link gives %d bytes, the first file has %d", len(got), len(first))
	}
	w.checkCopies(e, first)
}

// checkFiles: what stands is what the manifest lists, every file is as it says, and holds the selected results.
func (w *world) checkFiles(manifest []byte) (m artifact.Manifest) {
	w.t.Helper()
	if err := json.Unmarshal(manifest, &m); err != nil {
		w.t.Fatalf("manifest: %v", err)
	}
	want := []string{manifestKey}
	for _, f := range m.Files {
		want = append(want, folderKey+f.Name)
		content := w.artifact(folderKey + f.Name)
		d, err := artifact.DigestOf(bytes.NewReader(content), f.PartBytes)
		if diff := cmp.Diff(d, f.Digests); err != nil || diff != "" {
			w.t.Errorf("%s (-manifest +got): %v\n%s", f.Name, err, diff)
		}
	}
	slices.Sort(want)
	if got := w.objects(); !slices.Equal(got, want) {
		w.t.Fatalf("artifacts are %v, want %v", got, want)
	}
	c := m.Counts
	if n := int64(len(w.wanted())); c.Written != n || c.Results != n || c.Rejected != int64(w.plan.rejects) || c.Written+c.Rejected+c.Filtered != c.Selected {
		w.t.Errorf("counts = %+v, of %d results", c, n)
	}
	w.checkContents(m)
	return m
}

// checkKept: the bucket was told of every file how long it stays, which is until the record says and not shorter.
func (w *world) checkKept(e export.Export) {
	w.t.Helper()
	class := export.KeepDays(e.Request.Life())
	for _, key := range w.artifacts.Keys() {
		if !strings.HasPrefix(key, "artifacts/") {
			continue
		}
		if tag, want := w.artifacts.Tag(key), (blob.Tag{Name: "keep-days", Value: strconv.Itoa(class)}); tag != want {
			w.t.Errorf("%s is tagged %v, want %v", key, tag, want)
		}
	}
	manifest, err := w.artifacts.Head(context.Background(), manifestKey)
	if at := e.Artifact.CommittedAt; err != nil || at.Before(export.Stamp(manifest.LastModified)) || at.After(e.UpdatedAt) {
		w.t.Errorf("committed at %s, the manifest was written at %s and the record at %s", at, manifest.LastModified, e.UpdatedAt)
	}
}

// checkRecord: the record tells of what stands.
func (w *world) checkRecord(e export.Export, m artifact.Manifest, manifest []byte) {
	w.t.Helper()
	first := m.Files[0]
	a := export.Artifact{
		Bucket: "artifacts", Key: folderKey + first.Name, ManifestKey: manifestKey, Bytes: first.Bytes, SHA256: first.SHA256,
		ManifestSHA256: hexSum(manifest), Counts: e.Artifact.Counts, Files: e.Artifact.Files, CommittedAt: e.Artifact.CommittedAt,
	}
	w.checkKept(e)
	if diff := cmp.Diff(a, *e.Artifact); diff != "" {
		w.t.Errorf("the record's document (-want +got):\n%s", diff)
	}
	listed := 0
	for _, f := range e.Artifact.Files {
		listed += max(f.Parts, 1)
	}
	if listed != len(m.Files) {
		w.t.Errorf("the record lists %+v, of %d files", e.Artifact.Files, len(m.Files))
	}
	if n := int64(len(w.wanted())); e.Artifact.Counts.Results != n || e.Artifact.Counts.Rejected != int64(w.plan.rejects) ||
		e.Progress.RecordsDone != n || e.Progress.Phase != export.PhaseDone || e.ErrorMessage != "" {
		w.t.Errorf("counts %+v, progress %+v, error %q for %d results", e.Artifact.Counts, e.Progress, e.ErrorMessage, n)
	}
}

// checkCopies: the destination holds equal copies, or nothing when there is none.
func (w *world) checkCopies(e export.Export, document []byte) {
	w.t.Helper()
	if w.plan.request.Destination == nil {
		if held := w.customer.holds(); len(held) != 0 || e.Receipt != nil {
			w.t.Errorf("%d objects were delivered, receipt %+v", len(held), e.Receipt)
		}
		return
	}
	want := map[string][]byte{}
	for _, key := range w.objects() {
		want["base/team/"+strings.TrimPrefix(key, folderKey)] = w.artifact(key)
	}
	w.checkLatest(e, want)
	if held := w.customer.holds(); !maps.EqualFunc(held, want, bytes.Equal) {
		w.t.Errorf("the destination holds %d objects, want these %d: %v", len(held), len(want), slices.Sorted(maps.Keys(want)))
	}
	if r := e.Receipt; r == nil || r.SHA256 != hexSum(document) || r.Bytes != int64(len(document)) || r.DeliveredAt.IsZero() ||
		r.URI != "s3://customer/base/team/"+e.Artifact.FirstFile() || r.ManifestURI != "s3://customer/base/team/exp_1.manifest.json" {
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
	case slices.Contains(held, manifestKey):
		w.checkFiles(w.artifact(manifestKey))
	default: // some files may be there, none of which anything names
		for _, key := range held {
			if !strings.HasPrefix(key, folderKey+"exp_1.") {
				w.t.Errorf("artifacts are %v", held)
			}
		}
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
