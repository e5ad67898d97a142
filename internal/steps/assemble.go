package steps

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/artifact/pack"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/failpoint"
	"github.com/videovector/exports/internal/fault"
)

// Assemble commits the document: it completes the upload under the final key and writes the manifest last.
type Assemble struct {
	Records   Exports
	Results   blob.Reader
	Artifacts blob.Bucket
	Clock     Clock
}

// Handle is safe to repeat from any point: what is committed is recognised by its digest.
func (s Assemble) Handle(ctx context.Context, job Job) (Done, error) {
	return Done{}, leave(ctx, s.Records, s.Artifacts, s.Clock, job, s.assemble(ctx, job))
}

func (s Assemble) assemble(ctx context.Context, job Job) error {
	e, err := begin(ctx, s.Records, job, func(e export.Export) export.Export { return e.Assembling(s.Clock()) })
	if err != nil {
		return err
	}
	job = job.of(e)
	w, err := openWorkshop(ctx, s.Artifacts, job)
	if err != nil {
		return err
	}
	manifest, raw, err := s.commit(ctx, w)
	if err != nil {
		return err
	}
	if err := abortUploads(ctx, s.Artifacts, job); err != nil {
		return err
	}
	failpoint.Here("assemble.cleared")
	a := s.describe(job, manifest, raw)
	a.CommittedAt = export.Stamp(cmp.Or(w.committedAt, s.Clock()))
	_, err = save(ctx, s.Records, e, e.Packaged(a, s.Clock()))
	failpoint.Here("assemble.recorded")
	return err
}

// describe is what the record keeps of the manifest.
func (s Assemble) describe(job Job, m artifact.Manifest, raw []byte) export.Artifact {
	sum := sha256.Sum256(raw)
	first, counts := m.Files[0], m.Counts.Counts
	counts.Rejected = m.Counts.Rejected
	return export.Artifact{
		Bucket: s.Artifacts.Name(), Key: fileKey(job, first.Name), ManifestKey: manifestKey(job), Bytes: first.Bytes,
		SHA256: first.SHA256, ManifestSHA256: hex.EncodeToString(sum[:]), Counts: counts, Files: recorded(job, m),
	}
}

// recorded are the files as the record lists them: folders as one entry each.
func recorded(job Job, m artifact.Manifest) []export.File {
	var files []export.File
	for _, f := range m.Files {
		folder, _, ok := strings.Cut(f.Name, "/")
		if !ok {
			files = append(files, export.File{
				Name: f.Name, Format: f.Format, Bytes: f.Bytes, Rows: f.Rows, SHA256: f.SHA256, Rejected: f.Name == export.RejectsName(job.ExportID),
			})
			continue
		}
		if n := len(files); n == 0 || files[n-1].Name != folder+"/" {
			files = append(files, export.File{Name: folder + "/", Format: f.Format})
		}
		last := &files[len(files)-1]
		last.Bytes, last.Rows, last.Parts = last.Bytes+f.Bytes, last.Rows+f.Rows, last.Parts+1
	}
	return files
}

// commit gives the manifest that stands at its key, after putting document and manifest there if need be.
func (s Assemble) commit(ctx context.Context, w *workshop) (m artifact.Manifest, raw []byte, err error) {
	if !w.committed {
		if err := s.build(ctx, w); err != nil {
			return m, nil, err
		}
	}
	return readManifest(ctx, s.Artifacts, manifestKey(w.job))
}

// readManifest gives the manifest at the key, and its text.
func readManifest(ctx context.Context, from blob.Reader, key string) (m artifact.Manifest, raw []byte, err error) {
	if raw, err = readWhole(ctx, from, key); err != nil {
		return m, nil, err
	}
	if err := json.Unmarshal(raw, &m); err != nil || len(m.Files) == 0 {
		return m, nil, fault.Wrap(err, fault.Internal, "manifest_unreadable", "The export's manifest can't be read.")
	}
	return m, raw, nil
}

// build completes every file and writes the manifest.
func (s Assemble) build(ctx context.Context, w *workshop) error {
	g, err := s.gather(ctx, w)
	if err != nil {
		return err
	}
	a := assembly{ctx: ctx, results: s.Results, workshop: w, gathered: g}
	files, err := a.files()
	if err != nil {
		return err
	}
	m := w.plan.Document.NewManifest(files, g.total.Counts, g.total.Filtered)
	if m.Counts.Written+m.Counts.Rejected+m.Counts.Filtered != m.Counts.Selected || m.Counts.Selected != g.total.Selected {
		return fault.Newf(fault.Internal, "counts_differ", "%d records were read, %d were planned; %d are written, %d rejected, %d filtered.",
			g.total.Selected, m.Counts.Selected, m.Counts.Written, m.Counts.Rejected, m.Counts.Filtered)
	}
	raw, err := m.Encode()
	if err != nil {
		return err
	}
	return s.putManifest(ctx, w, raw)
}

func (s Assemble) putManifest(ctx context.Context, w *workshop, raw []byte) error {
	failpoint.Here("assemble.committing")
	_, err := s.Artifacts.Put(ctx, manifestKey(w.job), raw, blob.PutOptions{IfAbsent: true, ContentType: "application/json", Tag: w.plan.tag()})
	failpoint.Here("assemble.committed")
	if !fault.Is(err, fault.Conflict) {
		return err
	}
	there, err := readWhole(ctx, s.Artifacts, manifestKey(w.job))
	if err == nil && !bytes.Equal(there, raw) {
		err = fault.New(fault.Conflict, "artifact_differs", "Another manifest stands where this export's belongs.")
	}
	return err
}

// gathered is what packaging reports.
type gathered struct {
	total  report
	shards []report // one for each shard; of one task, its own
	inputs measured // what the plain files were written by
	// versions are the ETags of the inputs that the plain files were made of, "" for one that no shard tells of.
	versions []string
}

// gather reads the reports of the task, or of the shards. Shards that met what offsets don't allow for have measured
// what they read: that is written down, and fault.Irregular sends all of them into a second round, which writes by it.
func (s Assemble) gather(ctx context.Context, w *workshop) (gathered, error) {
	if !w.plan.sharded() {
		var r report
		err := readJSON(ctx, s.Artifacts, generationKey(w.job, reportName), &r)
		return gathered{total: r, shards: []report{r}, inputs: measured{r.Inputs, true}}, lostWork(err)
	}
	g, err := s.gatherRound(ctx, w, shardReportName)
	if err != nil {
		return g, err
	}
	if !g.total.Irregular {
		g.inputs = measured{pack.Expected(w.plan.Document.Inputs), false}
		g.versions, err = w.plan.versions(g.shards)
		return g, err
	}
	g.inputs = measured{g.total.Inputs, true}
	second, err := s.gatherRound(ctx, w, remadeReportName)
	if errors.Is(err, errNoReport) {
		return g, s.askAgain(ctx, w, g.total.Inputs)
	}
	if err != nil {
		return g, err
	}
	if g.versions, err = w.plan.versions(second.shards); err != nil {
		return g, err
	}
	return g, g.replace(w.plan, second)
}

// errChanged is results that one shard has read as they were before, and another one as they were after a change. Each has
// held its own against their digest, but not the beginning of the next ones, which it reads on into.
var errChanged = fault.New(fault.Unavailable, "results_changed", "Results were changed while they were exported.")

// versions are the ETags of all inputs, as the shards tell of them, who must tell the same.
func (p frozen) versions(shards []report) ([]string, error) {
	all := make([]string, len(p.Document.Inputs))
	for shard, r := range shards {
		for i, version := range r.Versions {
			known := &all[p.Shards[shard].First+i]
			if version != "" && *known != "" && *known != version {
				return nil, errChanged
			}
			*known = cmp.Or(*known, version)
		}
	}
	return all, nil
}

// askAgain writes down what was measured and fails with fault.Irregular.
func (s Assemble) askAgain(ctx context.Context, w *workshop, inputs []pack.Measure) error {
	f := found{inputs}
	if err := writeOnce(ctx, s.Artifacts, generationKey(w.job, measuresName), &f); err != nil {
		return err
	}
	return fault.New(fault.Irregular, "results_irregular", "Some results are not strict NDJSON, or are not exported; shards write by what was found.")
}

// errNoReport is a shard that has not reported.
var errNoReport = lostWork(fault.New(fault.NotFound, "report_missing", "A shard has not reported."))

// gatherRound reads the reports of one round.
func (s Assemble) gatherRound(ctx context.Context, w *workshop, name func(shard int) string) (gathered, error) {
	var g gathered
	for shard := range w.plan.Shards {
		var r report
		err := readJSON(ctx, s.Artifacts, generationKey(w.job, name(shard)), &r)
		if fault.Is(err, fault.NotFound) {
			return g, errNoReport
		}
		if err != nil {
			return g, err
		}
		if r.Refusal != nil {
			return g, fault.New(fault.Invalid, r.Refusal.Code, r.Refusal.Message)
		}
		g.shards = append(g.shards, r)
		g.total.join(r)
	}
	return g, nil
}

// replace puts in the files that a second round has made anew.
func (g *gathered) replace(plan frozen, second gathered) error {
	if !slices.Equal(g.total.Inputs, second.total.Inputs) {
		return fault.New(fault.Invalid, "results_changed", "Results were changed while they were exported.")
	}
	for i, f := range plan.Files {
		if f.settled() {
			continue
		}
		g.total.Files[i] = second.total.Files[i]
		for shard := range g.shards {
			g.shards[shard].Files[i] = second.shards[shard].Files[i]
		}
	}
	for shard := range g.shards {
		g.shards[shard].remade = second.shards[shard].Made
	}
	return nil
}
