package steps

import (
	"bytes"
	"context"
	"time"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
)

// progressEvery is how often progress is written at most.
const progressEvery = time.Second

// Package streams results into the export's upload.
type Package struct {
	Records   Exports
	Results   blob.Reader
	Artifacts blob.Bucket
	Clock     Clock
}

// PackageIn names the work: the whole document, or one shard of it.
type PackageIn struct {
	Job
	Shard *int `json:"shard,omitempty"`
}

// PackageOut repeats the shard, for the Map's results.
type PackageOut struct {
	Shard int `json:"shard"`
}

// Handle writes fixed parts of this generation's upload and a report for Assemble; written again they are the same.
func (s Package) Handle(ctx context.Context, in PackageIn) (PackageOut, error) {
	if in.Shard != nil {
		return PackageOut{*in.Shard}, s.shard(ctx, in.Job, *in.Shard)
	}
	return PackageOut{}, s.whole(ctx, in.Job)
}

func (s Package) whole(ctx context.Context, job Job) error {
	e, err := enter(ctx, s.Records, job, export.PhasePackaging, s.Clock())
	if err != nil {
		return err
	}
	w, err := s.open(ctx, job)
	if err != nil || w.committed {
		return err
	}
	p := &progress{records: s.Records, clock: s.Clock, job: job, export: e, last: s.Clock()}
	r := report{}
	digests := artifact.NewDigester(w.plan.PartBytes)
	parts := artifact.NewPartWriter(w.plan.PartBytes, 1, func(n int, content []byte) error {
		return lostWork(w.put(ctx, n, content, &r))
	})
	parts.Digest(digests)
	defer parts.Discard()
	r.Counts, err = w.plan.Document.Write(ctx, parts, source(s.Results), p.note(ctx))
	if err == nil {
		err = parts.Close()
	}
	if err != nil {
		return err
	}
	sum := digests.Sum()
	r.Digests, r.PartSHA256, r.Bytes = &sum, sum.PartSHA256, sum.Bytes
	return writeJSON(ctx, s.Artifacts, generationKey(job, reportName), r)
}

func (s Package) shard(ctx context.Context, job Job, shard int) error {
	if _, err := load(ctx, s.Records, job); err != nil {
		return err
	}
	w, err := s.open(ctx, job)
	if err != nil || w.committed {
		return err
	}
	from, to, first, err := w.plan.shardRange(shard)
	if err != nil {
		return err
	}
	r := report{}
	parts := artifact.NewPartWriter(w.plan.PartBytes, first, func(n int, content []byte) error {
		r.note(content)
		return lostWork(w.put(ctx, n, content, &r))
	})
	defer parts.Discard()
	if from < to {
		r.Counts, err = w.plan.Document.WriteRange(ctx, parts, source(s.Results), from, to)
	}
	if err == nil {
		err = parts.Close()
	}
	if err != nil {
		parts.Discard()
		if r, err = unfit(err); err != nil {
			return err
		}
	}
	return writeJSON(ctx, s.Artifacts, generationKey(job, shardReportName(shard)), r)
}

// unfit is the report of a shard that can't be made out of its input, however often one tries. Any other failure is
// given back.
func unfit(err error) (report, error) {
	switch f := fault.As(err); {
	case f.Kind == fault.Irregular:
		return report{Irregular: true}, nil
	case f.Permanent():
		return report{Refusal: &refusal{f.Code, f.Message}}, nil
	}
	return report{}, err
}

// workshop is the plan and the upload of a generation.
type workshop struct {
	artifacts blob.Bucket
	job       Job
	plan      frozen
	upload    upload
	committed bool // an earlier attempt got as far as the manifest: there is nothing left to package
}

// open reads plan and upload.
func (s Package) open(ctx context.Context, job Job) (*workshop, error) {
	return openWorkshop(ctx, s.Artifacts, job)
}

func openWorkshop(ctx context.Context, artifacts blob.Bucket, job Job) (*workshop, error) {
	w := &workshop{artifacts: artifacts, job: job}
	if err := readJSON(ctx, artifacts, workKey(job, planName), &w.plan); err != nil {
		return nil, lostWork(err)
	}
	if err := readJSON(ctx, artifacts, generationKey(job, uploadName), &w.upload); err != nil {
		return nil, lostWork(err)
	}
	_, err := artifacts.Head(ctx, manifestKey(job))
	if fault.Is(err, fault.NotFound) {
		return w, nil
	}
	w.committed = err == nil
	return w, err
}

// lostWork makes the absence of a work file something that another attempt mends.
func lostWork(err error) error {
	if fault.Is(err, fault.NotFound) {
		return fault.Wrap(err, fault.Unavailable, "work_lost", "The export's work files are gone; another attempt makes them anew.")
	}
	return err
}

// put uploads one part and lists it in the report. The upload may be gone: fault.NotFound.
func (w *workshop) put(ctx context.Context, n int, content []byte, r *report) error {
	part, err := w.artifacts.UploadPart(ctx, documentKey(w.job), w.upload.ID, n, bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return err
	}
	r.Parts = append(r.Parts, part)
	return nil
}

// progress writes how far packaging is, at most once a second. A write that only lost a race is left out, and the
// next one starts from what then stands in the record; losing the export ends the packaging.
type progress struct {
	records Exports
	clock   Clock
	job     Job
	export  export.Export
	stale   bool // the latest write failed, so the record may not be p.export any more
	last    time.Time
	calls   int
}

// note is what artifact.Document calls after every record.
func (p *progress) note(ctx context.Context) artifact.Progress {
	return func(records, read int64) error {
		if p.calls++; p.calls%256 != 0 { // the clock is not free
			return nil
		}
		now := p.clock()
		if now.Sub(p.last) < progressEvery {
			return nil
		}
		p.last = now
		err := p.write(ctx, records, read, now)
		p.stale = err != nil
		if fault.Is(err, fault.Superseded) {
			return err
		}
		return nil
	}
}

func (p *progress) write(ctx context.Context, records, read int64, now time.Time) error {
	if p.stale {
		e, err := load(ctx, p.records, p.job)
		if err != nil {
			return err
		}
		p.export = e
	}
	next := p.export.Enter(export.PhasePackaging, export.Lease, now)
	next.Progress.RecordsDone, next.Progress.BytesWritten = records, read
	saved, err := save(ctx, p.records, p.export, next)
	if err == nil {
		p.export = saved
	}
	return err
}
