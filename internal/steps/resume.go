package steps

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
)

// earlier are the generations that a retry goes on from, the latest first: none of an export that nobody has retried.
func (j Job) earlier(e export.Export) iter.Seq[Job] {
	return func(yield func(Job) bool) {
		if e.RetriedGeneration == 0 {
			return
		}
		for j.Generation--; j.Generation >= max(e.FreshGeneration, 1); j.Generation-- {
			if !yield(j) {
				return
			}
		}
	}
}

// resumed are the uploads of plain files that a retry goes on with: those of the earlier generation that has finished most
// shards, if all of them are open still; else none. Other files' uploads hold nothing that shards have made.
func (s Plan) resumed(ctx context.Context, e export.Export, job Job, plan frozen) (uploads, error) {
	best, most := uploads{}, 0
	if e.RetriedGeneration == 0 || !plan.sharded() || !slices.ContainsFunc(plan.Files, plannedFile.plain) {
		return best, nil
	}
	open, err := s.Artifacts.Uploads(ctx, folderKey(job))
	if err != nil {
		return nil, err
	}
	for earlier := range job.earlier(e) {
		theirs, ok, err := s.openStill(ctx, earlier, plan, open)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		finished, err := s.finished(ctx, earlier)
		if err != nil {
			return nil, err
		}
		if finished > most {
			best, most = theirs, finished
		}
	}
	return best, nil
}

// finished is how many shards the generation has reports of.
func (s Plan) finished(ctx context.Context, of Job) (n int, err error) {
	for _, err := range objects(ctx, s.Artifacts, generationKey(of, shardReports)) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// shared reports whether the uploads of a generation that is over are not its own alone: a retry goes on with them, or may
// do so.
func (s Plan) shared(ctx context.Context, job Job) (bool, error) {
	e, err := find(ctx, s.Records, job)
	switch {
	case errors.Is(err, errSuperseded): // it was deleted, and nobody goes on with it
		return false, nil
	case err != nil || e.Status == export.StatusCompleted:
		return false, err
	case e.RetriedGeneration > 0 || e.Open():
		return e.RetriedGeneration > 0, nil
	}
	finished, err := s.finished(ctx, job)
	return finished > 0, err
}

// openStill are the generation's uploads of plain files. ok is false unless each of them is among those that are open.
func (s Plan) openStill(ctx context.Context, of Job, plan frozen, open []blob.Upload) (plain uploads, ok bool, err error) {
	var all uploads
	err = readJSON(ctx, s.Artifacts, generationKey(of, uploadsName), &all)
	if err != nil {
		if fault.Is(err, fault.NotFound) {
			err = nil
		}
		return nil, false, err
	}
	plain = uploads{}
	for _, f := range plan.Files {
		if !f.plain() {
			continue
		}
		if !slices.Contains(open, blob.Upload{Key: fileKey(of, f.Name), ID: all[f.Name]}) {
			return nil, false, nil
		}
		plain[f.Name] = all[f.Name]
	}
	return plain, true, nil
}

// takeOver reports the shard as an earlier generation has made it, if a retry goes on where that one ended and all that it
// has made is there. What a shard has refused is looked at again.
func (s Package) takeOver(ctx context.Context, w *workshop, e export.Export, shard int, inputs measured) (done bool, err error) {
	name := inputs.reportName(shard)
	for earlier := range w.job.earlier(e) {
		var r report
		err := readJSON(ctx, s.Artifacts, generationKey(earlier, name), &r)
		switch {
		case fault.Is(err, fault.NotFound):
			continue
		case err != nil || r.Refusal != nil:
			return false, err
		}
		there, err := s.stands(ctx, w, madeShard{earlier, shard, r}, inputs)
		if err != nil {
			return false, err
		}
		if there {
			r.Made = cmp.Or(r.Made, earlier.Generation)
			return true, writeJSON(ctx, s.Artifacts, generationKey(w.job, name), r)
		}
	}
	return false, nil
}

// stands reports whether a shard's work stands as the generation has reported it. Files of its own do, and pieces for
// Assemble. Its parts of plain files may be gone, or replaced: by a late worker, or by the second round that a first one was
// followed by. What it has read on into may have changed since. What a first round has uploaded in vain nobody needs; a second
// one's parts are right where the same was measured.
func (s Package) stands(ctx context.Context, w *workshop, done madeShard, inputs measured) (bool, error) {
	if !inputs.found && (done.Irregular || !slices.ContainsFunc(w.plan.Files, plannedFile.plain)) {
		return true, nil
	}
	var f found
	err := readJSON(ctx, w.artifacts, generationKey(done.by, measuresName), &f)
	second := !fault.Is(err, fault.NotFound)
	switch {
	case err != nil && second:
		return false, err
	case second && !inputs.found:
		return true, nil
	case inputs.found && !slices.Equal(f.Inputs, inputs.inputs):
		return false, nil
	}
	if held, err := w.holdsParts(ctx, done.report); !held || err != nil {
		return false, err
	}
	return s.sameInputs(ctx, w, done) // a call for each input
}

// madeShard is a shard's report, and the generation that has written it.
type madeShard struct {
	by    Job
	shard int
	report
}

// sameInputs reports whether the inputs that the shard has read are those that are there. Of the last ones it has read a
// beginning only, and whoever packages those now must read the same.
func (s Package) sameInputs(ctx context.Context, w *workshop, done madeShard) (bool, error) {
	own := w.plan.Shards[done.shard]
	if len(done.Versions) < own.Last-own.First {
		return false, nil // reported before shards told of versions
	}
	for i, version := range done.Versions {
		info, err := s.Results.Head(ctx, w.plan.Document.Inputs[own.First+i].Key)
		if fault.Is(err, fault.NotFound) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if info.ETag != version {
			return false, nil
		}
	}
	return true, nil
}

// holdsParts reports whether this generation's uploads hold the parts of plain files that the report tells of.
func (w *workshop) holdsParts(ctx context.Context, r report) (bool, error) {
	for i, f := range w.plan.Files {
		want := r.Files[i].Parts
		if !f.plain() || len(want) == 0 {
			continue
		}
		held, err := w.artifacts.Parts(ctx, fileKey(w.job, f.Name), w.uploads[f.Name], want[0].Number, len(want))
		if fault.Is(err, fault.NotFound) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		got, bytes := make([]blob.UploadedPart, len(held)), int64(0)
		for n, p := range held {
			got[n], bytes = p.UploadedPart, bytes+p.Bytes
		}
		if !slices.Equal(got, want) || bytes != r.Files[i].Bytes {
			return false, nil
		}
	}
	return true, nil
}

// needed reports whether anybody may need the open upload of that key: the export is at work, or has failed, and a retry
// would go on with what shards have uploaded.
func needed(e export.Export, key string, now time.Time) bool {
	if !e.Resumable(now) {
		return e.Open()
	}
	job := Job{AccountID: e.AccountID, ExportID: e.ID}.of(e)
	return slices.ContainsFunc(planFiles(e, true), func(f plannedFile) bool { return f.plain() && fileKey(job, f.Name) == key })
}

// dropUnneeded drops the open uploads of an export that has ended, but for those that a retry would go on with: the sweeper
// drops them once none would any more. It says the same each time, so it may be called again by whoever comes too late:
// an upload that is dropped while a part is written may live on.
func dropUnneeded(ctx context.Context, artifacts blob.Uploader, e export.Export, now time.Time) error {
	return abortSome(ctx, artifacts, places(Job{AccountID: e.AccountID, ExportID: e.ID}), func(u blob.Upload) bool { return !needed(e, u.Key, now) })
}

// leave is how a step ends that came too late. Of an export that has failed, or was deleted, it drops what nobody needs any
// more: it may be the last one that was at work. Any other end is given back as it is.
func leave(ctx context.Context, records Exports, artifacts blob.Uploader, clock Clock, job Job, err error) error {
	if !fault.Is(err, fault.Superseded) {
		return err
	}
	e, lost := find(ctx, records, job)
	switch {
	case errors.Is(lost, errSuperseded):
		return cmp.Or(abortUploads(ctx, artifacts, job), err)
	case lost == nil && e.Status == export.StatusFailed:
		return cmp.Or(dropUnneeded(ctx, artifacts, e, clock()), err)
	}
	return cmp.Or(lost, err)
}
