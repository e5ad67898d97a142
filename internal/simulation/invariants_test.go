package simulation_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/webhook"
)

const manifestSuffix = ".manifest.json"

// judge holds one accepted write of an export's record against the rules of the life cycle.
func (w *world) judge(by *process, before, after export.Export) {
	wrong := func(format string, args ...any) {
		w.violated(by.name+", "+after.ID+": "+format, args...)
	}
	if !export.CanMove(before.Status, after.Status) {
		wrong("moved from %s to %s", before.Status, after.Status)
	}
	if after.Generation < before.Generation || after.Generation > before.Generation+1 || after.Revision != before.Revision+1 {
		wrong("a write led from generation %d, revision %d to %d, %d", before.Generation, before.Revision, after.Generation, after.Revision)
	}
	if by.job.Generation != 0 && by.job.Generation != before.Generation {
		wrong("a worker of generation %d wrote in generation %d", by.job.Generation, before.Generation)
	}
	retried := before.Status == export.StatusFailed && after.Status == export.StatusPending
	if after.Attempts < before.Attempts && !retried && !after.Deleted() || after.Attempts > after.MaxAttempts && !after.Deleted() {
		wrong("attempts went from %d to %d of %d", before.Attempts, after.Attempts, after.MaxAttempts)
	}
	if retried && !by.is("control-export") {
		wrong("nobody asked for a retry")
	}
	marked := after.EventMark != ""
	if before.Open() && before.EventMark != "" || marked == after.Open() && !after.Deleted() || !before.Open() && marked && after.EventMark != before.EventMark {
		wrong("%s with the event mark %q after %q", after.Status, after.EventMark, before.EventMark)
	}
	if after.Open() && after.DueAt.IsZero() != after.AwaitsSlot() || after.Closing() && !by.is("control-export") {
		wrong("%s, and due at %s", after.Status, after.DueAt)
	}
	anew := after.FreshGeneration > before.FreshGeneration
	if before.Artifact != nil && !anew && after.Open() && (after.Artifact == nil || before.Artifact.ManifestSHA256 != after.Artifact.ManifestSHA256) {
		wrong("another document took the place of the first one")
	}
	if before.Receipt != nil && after.Receipt == nil && !anew && !after.Deleted() {
		wrong("the receipt is gone")
	}
	if after.Status == export.StatusCompleted && !after.Deleted() {
		w.checkStanding(after)
	}
	if after.Attempts > before.Attempts {
		w.judgeClaim(after)
		w.claimed(after)
	}
	if !after.Open() && before.Open() {
		w.ended(after)
	}
}

// ended notes the event that the end of an export is to make.
func (w *world) ended(e export.Export) {
	id := webhook.EventID(e.ID, e.Generation, e.EventMark)
	w.ends[e.ID] = append(w.ends[e.ID], id)
	w.how[id] = [3]string{string(e.Outcome), e.ErrorMessage, e.CompletedAt.Format("2006-01-02T15:04:05.000Z")}
}

// claimed notes a claim: a generation claims once.
func (w *world) claimed(e export.Export) {
	if w.began[e.ID] == nil {
		w.began[e.ID] = map[int]bool{}
	}
	if w.began[e.ID][e.Generation] {
		w.violated("%s was claimed twice in generation %d", e.ID, e.Generation)
	}
	w.began[e.ID][e.Generation] = true
}

// checkStanding: what a completed export tells of is there.
func (w *world) checkStanding(e export.Export) {
	if e.Artifact == nil || e.Link == nil || e.ToConnector() && e.Receipt == nil {
		w.violated("%s completed without document, link or receipt", e.ID)
		return
	}
	if _, ok := w.artifacts.Content(e.Artifact.ManifestKey); !ok {
		w.violated("%s completed without a manifest", e.ID)
	}
}

// content gives what stands at a key.
type content func(key string) ([]byte, bool)

// checkFiles: a manifest that stands lists files that stand, each as it says.
func (w *world) checkFiles(key string, at content) (m artifact.Manifest) {
	raw, _ := at(key)
	m, err := artifact.DecodeManifest(raw)
	if err != nil {
		w.violated("%s: %v", key, err)
		return m
	}
	folder := key[:strings.LastIndex(key, "/")+1]
	for _, f := range m.Files {
		there, ok := at(folder + f.Name)
		if !ok {
			w.violated("%s stands, and %s doesn't", key, f.Name)
			continue
		}
		if d, err := artifact.DigestOf(bytes.NewReader(there), f.PartBytes); err != nil || d.SHA256 != f.SHA256 || d.TreeSHA256 != f.TreeSHA256 || d.Bytes != f.Bytes {
			w.violated("%s is not the file that %s tells of", f.Name, key)
		}
	}
	return m
}

// stored is the record of the id, whatever the schedule does.
func (w *world) stored(id string) (export.Export, error) {
	return w.memory.Export(context.Background(), account, id)
}

// all are all records of the account.
func (w *world) all() []export.Export {
	page, err := w.memory.ListExports(context.Background(), account, store.ListQuery{Limit: 200})
	if err != nil || page.NextBefore != "" {
		w.violated("the records can't be listed: %v, more %q", err, page.NextBefore)
	}
	return page.Exports
}

// settled reports whether nobody has anything left to do.
func (w *world) settled() bool {
	open := slices.ContainsFunc(w.all(), export.Export.Open)
	return !open && w.clients.Load() == 0 && w.asleep.Load() == 0 && w.piped.Load() == 0 && !w.undelivered() && !w.unclosed(time.Now().AddDate(1, 0, 0)) && !w.unadmitted(time.Now().AddDate(1, 0, 0))
}

// checkEnd holds everything that stands against what was promised.
func (w *world) checkEnd() {
	all := w.all()
	for _, o := range w.orders {
		w.checkOrder(o, all)
	}
	var known []string
	for _, e := range all {
		known = append(known, w.checkExport(e)...)
	}
	for _, key := range w.artifacts.Keys() {
		if strings.HasPrefix(key, "artifacts/") && !slices.Contains(known, key) && !w.leftover(key, all) {
			w.violated("%s belongs to no export", key)
		}
	}
	open, err := w.artifacts.Uploads(context.Background(), "")
	if err != nil || len(open) > 0 {
		w.violated("uploads are open: %v, %v", open, err)
	}
	w.checkDeletedEvents()
	w.checkQueue()
	w.checkRefusals(all)
}

// resumable is until when a retry would go on with what a failed export has open; zero if none would, and none would have
// since the sweeper's latest hour.
func (w *world) resumable() (until time.Time) {
	for _, e := range w.all() {
		if end := e.StartedAt.Add(export.ResumeLife); e.Resumable(time.Now().Add(-time.Hour)) && end.After(until) {
			until = end
		}
	}
	return until
}

// outlived reports whether the time has passed, and the sweeper has had its hour since.
func (w *world) outlived(until time.Time) func() bool {
	hours := int64(-1)
	return func() bool {
		switch {
		case time.Now().Before(until):
			return false
		case hours < 0 && !until.IsZero():
			hours = w.hours.Load()
		}
		return w.settled() && w.hours.Load() > hours
	}
}

// checkOpen: what is open are uploads of plain files of exports that have failed by themselves, and that a retry would go on
// with, or would have within the sweeper's hour.
func (w *world) checkOpen() {
	open, err := w.artifacts.Uploads(context.Background(), "")
	if err != nil {
		w.violated("uploads can't be listed: %v", err)
	}
	all := w.all()
	for _, u := range open {
		if !slices.ContainsFunc(all, func(e export.Export) bool {
			return w.plan.sharded && e.Resumable(time.Now().Add(-time.Hour)) && plainFile(e, u.Key)
		}) {
			w.violated("%s of %s is open", u.ID, u.Key)
		}
	}
}

// plainFile reports whether the key is that of a file of the export whose parts several shards upload.
func plainFile(e export.Export, key string) bool {
	return slices.ContainsFunc(e.Request.Files(), func(f export.Format) bool {
		plain := (f == export.JSON || f == export.NDJSON) && e.Request.Compression.Of(f) == export.None
		return plain && key == folderOf(e)+e.ID+"."+string(f)
	})
}

// folderOf is where the export's files stand: a retry that has begun anew has a folder of its own.
func folderOf(e export.Export) string {
	folder := "artifacts/" + account + "/" + e.ID + "/"
	if e.FreshGeneration > 0 {
		folder += fmt.Sprintf("g%d/", e.FreshGeneration)
	}
	return folder
}

// tellResumed counts a shard's report that tells of parts that an earlier generation has uploaded.
func (w *world) tellResumed(key string, at content) {
	_, name, ok := strings.Cut(key, "/g")
	if !ok || !strings.Contains(name, "/report-2-") && !strings.Contains(name, "/remade-") {
		return
	}
	if report, _ := at(key); bytes.Contains(report, []byte(`"made":`)) && bytes.Contains(report, []byte(`"parts":[`)) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.hits.resumed++
	}
}

// leftover reports whether the key is a file of an export that failed before its manifest told of it, or of its life before a
// retry that began anew.
func (w *world) leftover(key string, all []export.Export) bool {
	if w.plan.patient && !slices.ContainsFunc(all, func(e export.Export) bool { return strings.Contains(key, "/"+e.ID+"/") }) {
		return true // deleted, and written by a worker that lived longer than functions do
	}
	return slices.ContainsFunc(all, func(e export.Export) bool {
		anew := e.FreshGeneration > 0 && !strings.HasPrefix(key, folderOf(e))
		return (anew || e.Status == export.StatusFailed) && strings.HasPrefix(key, "artifacts/"+account+"/"+e.ID+"/")
	})
}

// checkOrder: an order under a key has one effect, and everybody who was told of it was told of the same one.
func (w *world) checkOrder(o *order, all []export.Export) {
	var made []string
	for _, e := range all {
		if e.UserID == o.user {
			made = append(made, e.ID)
		}
	}
	if o.key == "" {
		return
	}
	first, second := unique(o.accepted), unique(o.expired)
	if len(first) > 1 || len(second) > 1 {
		w.violated("under one key these were accepted: %v, and later %v", first, second)
	}
	if want := len(first) + len(second) - len(o.deleted); len(made) != want {
		w.violated("%s's order under a key made %v, and %d were accepted", o.user, made, want)
	}
}

func unique(ids []string) []string { return slices.Compact(slices.Sorted(slices.Values(ids))) }

// checkExport: the export has ended, once, and what it tells of is whole and in its place. It gives the keys of its files.
func (w *world) checkExport(e export.Export) (known []string) {
	w.hits.ended[string(e.QueueStatus)]++
	if ends := w.ends[e.ID]; e.Open() || len(ends) == 0 || len(unique(ends)) != len(ends) {
		w.violated("%s is %s/%s and ended as %v", e.ID, e.Status, e.QueueStatus, w.ends[e.ID])
		return nil
	}
	if want := map[export.Status]string{export.StatusCompleted: export.EventReady, export.StatusFailed: export.EventFailed}[e.Status]; e.EventMark != want {
		w.violated("%s is %s with the event mark %q", e.ID, e.Status, e.EventMark)
	}
	w.checkReason(e)
	w.checkEvents(e)
	key := folderOf(e) + export.ManifestName(e.ID)
	manifest, ok := w.artifacts.Content(key)
	if !ok {
		if e.Status == export.StatusCompleted {
			w.violated("%s has no manifest", e.ID)
		}
		return nil
	}
	m := w.checkFiles(key, w.artifacts.Content)
	known = []string{key}
	for _, f := range m.Files {
		known = append(known, strings.TrimSuffix(key, export.ManifestName(e.ID))+f.Name)
	}
	if e.Status == export.StatusCompleted {
		w.checkCompleted(e, m, manifest)
	}
	return known
}

// checkReason: an export fails for good only if something was refused for good, and gives up only after its attempts.
func (w *world) checkReason(e export.Export) {
	faults := 0
	for _, n := range w.hits.faults {
		faults += n
	}
	switch e.QueueStatus {
	case export.QueueFailed:
		if !w.refusals[e.ID] && !e.Cancelled() {
			w.violated("%s failed for good: %s", e.ID, e.ErrorMessage)
		}
	case export.QueueDeadLetter:
		if e.Attempts < e.MaxAttempts && e.Generation < export.MaxGenerations || faults < e.MaxAttempts {
			w.violated("%s was given up after %d attempts, %d generations and %d faults: %s", e.ID, e.Attempts, e.Generation, faults, e.ErrorMessage)
		}
	case export.QueueSucceeded:
		if e.Attempts < 1 || e.ErrorMessage != "" {
			w.violated("%s succeeded after %d attempts, with the error %q", e.ID, e.Attempts, e.ErrorMessage)
		}
	}
}

// checkCompleted: the record tells of the document that stands, which holds the selected results; the copies are equal.
func (w *world) checkCompleted(e export.Export, m artifact.Manifest, manifest []byte) {
	sum := sha256.Sum256(manifest)
	if a := e.Artifact; a == nil || a.ManifestSHA256 != hex.EncodeToString(sum[:]) || a.SHA256 != m.Files[0].SHA256 || a.Bytes != m.Files[0].Bytes {
		w.violated("%s tells of another document than the one that stands", e.ID)
		return
	}
	want := w.plan.wanted(e.Request.Scope)
	if c := m.Counts; c.Written != int64(len(want)) || c.Written+c.Rejected+c.Filtered != c.Selected || (c.Rejected > 0) != w.plan.rejects {
		w.violated("%s has counts %+v for %d results", e.ID, c, len(want))
	}
	for _, f := range m.Files {
		w.checkContent(e, f, want)
	}
	w.checkDelivered(e, m, manifest)
}

// checkContent compares the results in the formats that hold them as they were.
func (w *world) checkContent(e export.Export, f artifact.File, want []string) {
	raw, _ := w.artifacts.Content(e.Artifact.KeyOf(f.Name))
	if f.Compression == artifact.Gzip {
		r, err := gzip.NewReader(bytes.NewReader(raw))
		if err == nil {
			raw, err = io.ReadAll(r)
		}
		if err != nil {
			w.violated("%s: %v", f.Name, err)
		}
	}
	var got []string
	switch {
	case f.Format == artifact.NDJSON && f.Name != export.RejectsName(e.ID):
		got = results(string(raw))
	case f.Format == artifact.JSON:
		var d struct {
			Results []json.RawMessage `json:"results"`
		}
		if err := json.Unmarshal(raw, &d); err != nil {
			w.violated("%s: %v", f.Name, err)
		}
		for _, r := range d.Results {
			got = append(got, string(r))
		}
	default:
		return
	}
	if !slices.Equal(got, want) {
		w.violated("%s holds other results than were selected", f.Name)
	}
}

// checkDelivered: the destination holds equal copies, and nothing of who wanted none.
func (w *world) checkDelivered(e export.Export, m artifact.Manifest, manifest []byte) {
	held := w.customer.Objects()
	if !e.ToConnector() {
		if slices.ContainsFunc(slices.Collect(maps.Keys(held)), func(k string) bool { return strings.Contains(k, "/"+e.ID+".") }) || e.Receipt != nil {
			w.violated("%s was delivered and shouldn't have been", e.ID)
		}
		return
	}
	folder := export.JoinPath(e.Request.Destination.BasePath, e.Request.Destination.Subpath) + "/"
	if !bytes.Equal(held[folder+export.ManifestName(e.ID)], manifest) || e.Receipt == nil || e.Receipt.SHA256 != m.Files[0].SHA256 {
		w.violated("%s was not delivered as its receipt %+v says", e.ID, e.Receipt)
		return
	}
	w.checkFiles(folder+export.ManifestName(e.ID), func(key string) ([]byte, bool) { c, ok := held[key]; return c, ok })
}

// checkRefusals: what has ended takes no further write, of any generation.
func (w *world) checkRefusals(all []export.Export) {
	for _, e := range all {
		for name, next := range map[string]export.Export{
			"claim": e.Claim(e.UpdatedAt), "completion": e.Complete(e.UpdatedAt), "restart": e.Restart(e.UpdatedAt),
			"failure": e.Fail(export.Failure{Message: "No.", Permanent: true}, e.UpdatedAt),
		} {
			if _, err := w.memory.SaveExport(context.Background(), next, e.Fence()); err == nil {
				w.violated("after its end %s took a %s", e.ID, name)
			}
		}
	}
}

// fingerprint is everything that stands at the end, but for what chance has made: links, and ids of Step Functions.
func (w *world) fingerprint() string {
	h := sha256.New()
	enc := json.NewEncoder(h)
	for _, e := range w.all() {
		e.Link = nil
		_ = enc.Encode(e) // of our own
	}
	for _, key := range w.artifacts.Keys() {
		if strings.HasPrefix(key, "artifacts/") {
			content, _ := w.artifacts.Content(key)
			_ = enc.Encode([]string{key, string(content)})
		}
	}
	_ = enc.Encode(w.customer.Objects())
	return hex.EncodeToString(h.Sum(nil)[:8])
}
