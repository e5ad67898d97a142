package steps

import (
	"bytes"
	"context"
	"log/slog"
	"time"

	"github.com/videovector/exports/internal/artifact/pack"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/failpoint"
	"github.com/videovector/exports/internal/fault"
)

// PackageRecords is what packaging needs of the record store.
type PackageRecords interface {
	Exports
	NoteShard(ctx context.Context, account, exportID string, generation int, n export.ShardNote) error
}

// Package streams results into the export's upload.
type Package struct {
	Records   PackageRecords
	Results   blob.Reader
	Artifacts blob.Bucket
	Copier    blob.Copier // of artifacts, from results; nil if that store copies nothing
	Clock     Clock
}

// PackageIn names the work: the whole document, or one shard of it.
type PackageIn struct {
	Job
	Shard *int `json:"shard,omitempty"`
}

// Attrs implements stepfn.Subject.
func (in PackageIn) Attrs() []slog.Attr {
	if in.Shard == nil {
		return in.Job.Attrs()
	}
	return append(in.Job.Attrs(), slog.Int("shard", *in.Shard))
}

// PackageOut repeats the shard, for the Map's results.
type PackageOut struct {
	Shard int `json:"shard"`
}

// Handle writes fixed parts of this generation's upload and a report for Assemble; written again they are the same.
func (s Package) Handle(ctx context.Context, in PackageIn) (out PackageOut, err error) {
	if in.Shard != nil {
		out, err = PackageOut{*in.Shard}, s.shard(ctx, in.Job, *in.Shard)
	} else {
		err = s.whole(ctx, in.Job)
	}
	failpoint.Here("package.reported")
	return out, leave(ctx, s.Records, s.Artifacts, s.Clock, in.Job, err)
}

func (s Package) whole(ctx context.Context, job Job) error {
	e, err := begin(ctx, s.Records, job, func(e export.Export) export.Export { return e.Packaging(s.Clock()) })
	if err != nil {
		return err
	}
	w, err := s.open(ctx, job.of(e))
	if err != nil || w.committed {
		return err
	}
	p := newProgress(s.Records, s.Clock, job, e)
	b := s.workbench(ctx, w)
	defer b.discard()
	b.pass.Progress = func(records, read int64) error {
		return p.note(ctx, func(e export.Export, now time.Time) export.Export { return e.Packed(records, read, now) })
	}
	b.takeAll()
	r, err := b.run()
	if err != nil {
		return err
	}
	failpoint.Here("package.packed")
	return writeJSON(ctx, s.Artifacts, generationKey(job, reportName), r)
}

func (s Package) shard(ctx context.Context, job Job, shard int) error {
	e, err := load(ctx, s.Records, job)
	if err != nil {
		return err
	}
	w, err := s.open(ctx, job.of(e))
	if err != nil || w.committed {
		return err
	}
	if shard < 0 || shard >= len(w.plan.Shards) {
		return fault.Newf(fault.Internal, "shard_unknown", "The plan has no shard %d.", shard)
	}
	inputs, err := w.measures(ctx)
	if err != nil {
		return err
	}
	if done, err := s.takeOver(ctx, w, e, shard, inputs); done || err != nil {
		return err
	}
	b := s.workbench(ctx, w)
	defer b.discard()
	if err := b.takeShard(shard, inputs); err != nil {
		return err
	}
	notes := shardNotes{records: s.Records, clock: s.Clock, job: job, shard: shard}
	if !inputs.found { // a second round is no news of packaging
		b.pass.Progress = notes.note(ctx)
	}
	r, err := b.run()
	if err != nil {
		if r, err = unfit(err); err != nil {
			return err
		}
	}
	notes.end(ctx)
	failpoint.Here("shard.packed")
	return writeJSON(ctx, s.Artifacts, generationKey(job, inputs.reportName(shard)), r)
}

// unfit is the report of a shard that can't be made out of its input, however often one tries. Any other failure is
// given back.
func unfit(err error) (report, error) {
	if f := fault.As(err); f.Permanent() {
		return report{Refusal: &refusal{f.Code, f.Message}}, nil
	}
	return report{}, err
}

// workshop is the plan and the upload of a generation.
type workshop struct {
	artifacts blob.Bucket
	job       Job
	plan      frozen
	uploads   uploads
	committed bool // an earlier attempt got as far as the manifest: there is nothing left to package, and no plan to do it by
	// committedAt is when it did.
	committedAt time.Time
}

// open reads plan and upload.
func (s Package) open(ctx context.Context, job Job) (*workshop, error) {
	return openWorkshop(ctx, s.Artifacts, job)
}

func openWorkshop(ctx context.Context, artifacts blob.Bucket, job Job) (*workshop, error) {
	w := &workshop{artifacts: artifacts, job: job}
	manifest, err := artifacts.Head(ctx, manifestKey(job))
	if !fault.Is(err, fault.NotFound) {
		w.committed, w.committedAt = err == nil, manifest.LastModified
		return w, err
	}
	if err := readJSON(ctx, artifacts, planKey(job), &w.plan); err != nil {
		return nil, lostWork(err)
	}
	return w, lostWork(readJSON(ctx, artifacts, generationKey(job, uploadsName), &w.uploads))
}

// lostWork makes the absence of a work file something that another attempt mends.
func lostWork(err error) error {
	if fault.Is(err, fault.NotFound) {
		return fault.Wrap(err, fault.Unavailable, "work_lost", "The export's work files are gone; another attempt makes them anew.")
	}
	return err
}

// uploader hands on parts of the file's upload. The upload may be gone: fault.NotFound.
func (w *workshop) uploader(ctx context.Context, name string) uploader {
	return func(n int, content []byte) (blob.UploadedPart, error) {
		return w.artifacts.UploadPart(ctx, fileKey(w.job, name), w.uploads[name], n, bytes.NewReader(content), int64(len(content)))
	}
}

// found is measures.json.
type found struct {
	Inputs []pack.Measure `json:"inputs"`
}

// measures are those of every input that shards are to write by: what was found in a first round, if Assemble has sent
// the shards into a second one, and else what the catalogue says.
func (w *workshop) measures(ctx context.Context) (measured, error) {
	var f found
	err := readJSON(ctx, w.artifacts, generationKey(w.job, measuresName), &f)
	if fault.Is(err, fault.NotFound) {
		return measured{pack.Expected(w.plan.Document.Inputs), false}, nil
	}
	return measured{f.Inputs, true}, err
}

// measured is what every input adds to a plain file, and whether that was found by reading them.
type measured struct {
	inputs []pack.Measure
	found  bool
}

// reportName is the name of the report of a shard that writes by these.
func (m measured) reportName(shard int) string {
	if m.found {
		return remadeReportName(shard)
	}
	return shardReportName(shard)
}
