package steps

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/artifact/pack"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/failpoint"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/metrics"
)

// Layouts that Plan chooses from.
const (
	LayoutSingle    = "single"
	LayoutSharded   = "sharded"
	LayoutCommitted = "committed" // an earlier generation has packaged everything
)

// Sizes that decide the layout.
const (
	DefaultShardThreshold = 2 << 30 // below it one task is done within minutes
	DefaultShardBytes     = 1 << 30 // an Express child has five minutes
)

// PlanRecords is what planning needs of the record store.
type PlanRecords interface {
	Exports
	Run(ctx context.Context, account, id string) (export.Run, error)
	RunsOfIndex(ctx context.Context, account, indexID string) ([]export.Run, error)
	Parts(ctx context.Context, account, runID string) ([]export.Part, error)
}

// Plan claims an export and freezes its selection.
type Plan struct {
	Records   PlanRecords
	Artifacts blob.Bucket
	Metrics   *metrics.Recorder
	Clock     Clock
	// Sizes in bytes; zero means the default. A document of at most ShardThreshold is packaged by one task.
	ShardThreshold, ShardBytes, PartBytes int64
}

// PlanOut is what the state machine keeps of the plan.
type PlanOut struct {
	Layout    string `json:"layout"`
	Deliver   bool   `json:"deliver"`
	Bucket    string `json:"bucket"`
	ShardsKey string `json:"shards_key"` // "" for a single layout
	MapPrefix string `json:"map_prefix"`
}

// Handle claims the export for the job's generation, freezes the selection unless an earlier generation has, and
// opens this generation's upload. One that comes too late drops that upload: nobody else knows of it. Where an earlier
// generation has committed the files there is nothing to freeze and to open.
func (s Plan) Handle(ctx context.Context, job Job) (PlanOut, error) {
	out, err := s.plan(ctx, job)
	if fault.Is(err, fault.Superseded) {
		err = cmp.Or(s.dropUploads(ctx, job), leave(ctx, s.Records, s.Artifacts, s.Clock, job, err))
	}
	return out, err
}

func (s Plan) plan(ctx context.Context, job Job) (PlanOut, error) {
	e, err := load(ctx, s.Records, job)
	if err != nil {
		return PlanOut{}, err
	}
	first := e.StartedAt.IsZero()
	failpoint.Here("plan.claiming")
	if e, err = save(ctx, s.Records, e, e.Claim(s.Clock())); err != nil {
		return PlanOut{}, err
	}
	failpoint.Here("plan.claimed")
	if first {
		s.Metrics.Claimed(ctx, e)
	}
	job = job.of(e)
	out := PlanOut{Layout: LayoutSingle, Deliver: e.ToConnector(), Bucket: s.Artifacts.Name(), MapPrefix: generationKey(job, "map")}
	committed, err := s.committed(ctx, job)
	if err != nil {
		return PlanOut{}, err
	}
	if committed {
		out.Layout = LayoutCommitted
		return out, nil
	}
	plan, err := s.freeze(ctx, e, job)
	if err != nil {
		return PlanOut{}, err
	}
	failpoint.Here("plan.frozen")
	if err := s.openUploads(ctx, e, job, plan); err != nil {
		return PlanOut{}, err
	}
	failpoint.Here("plan.opened")
	if plan.sharded() {
		out.Layout, out.ShardsKey = LayoutSharded, generationKey(job, shardsName)
		if err := s.writeShards(ctx, job, len(plan.Shards)); err != nil {
			return PlanOut{}, err
		}
	}
	_, err = save(ctx, s.Records, e, e.Planned(plan.Document.Rows(), plan.Document.Bytes(), len(plan.Shards), s.Clock()))
	failpoint.Here("plan.planned")
	return out, err
}

// committed reports whether an earlier generation has committed the files. A manifest whose files are gone is one that is
// about to go, too: they have the same time in the bucket.
func (s Plan) committed(ctx context.Context, job Job) (bool, error) {
	m, _, err := readManifest(ctx, s.Artifacts, manifestKey(job))
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	missing := map[string]int64{}
	for _, f := range m.Files {
		missing[fileKey(job, f.Name)] = f.Bytes
	}
	for info, err := range objects(ctx, s.Artifacts, folderKey(job)) {
		if err != nil {
			return false, err
		}
		if size, ok := missing[info.Key]; ok && size == info.Bytes {
			delete(missing, info.Key)
		}
	}
	if len(missing) > 0 {
		return false, fault.New(fault.Unavailable, "artifact_missing", "Files of the export are no longer in storage.")
	}
	return true, nil
}

// freeze gives the plan in force: the one that is there, or the one made now if it is the first.
func (s Plan) freeze(ctx context.Context, e export.Export, job Job) (frozen, error) {
	var plan frozen
	err := readJSON(ctx, s.Artifacts, planKey(job), &plan)
	if !fault.Is(err, fault.NotFound) {
		return plan, err
	}
	runs, err := s.selectRuns(ctx, e)
	if err != nil {
		return plan, err
	}
	if plan, err = s.make(ctx, e, runs); err != nil {
		return plan, err
	}
	return plan, writeOnce(ctx, s.Artifacts, planKey(job), &plan)
}

// selectRuns gives the selected runs in document order.
func (s Plan) selectRuns(ctx context.Context, e export.Export) ([]export.Run, error) {
	var runs []export.Run
	var err error
	switch named := namedRuns(e.Request); {
	case len(named) > 0:
		for _, id := range named {
			run, err := s.Records.Run(ctx, e.AccountID, id)
			if err != nil {
				return nil, err
			}
			runs = append(runs, run)
		}
	default:
		if runs, err = s.Records.RunsOfIndex(ctx, e.AccountID, e.Request.TargetID); err != nil {
			return nil, err
		}
		runs = slices.DeleteFunc(runs, func(r export.Run) bool { return !r.ReadyAt(e.AsOf()) })
	}
	slices.SortFunc(runs, export.CompareRuns)
	return runs, nil
}

// namedRuns are the runs that the request names, none for "every finished run of the index".
func namedRuns(r export.Request) []string {
	if r.Type == export.TypePromptRun {
		return []string{r.TargetID}
	}
	return r.RunIDs
}

// make describes the document and picks its layout.
func (s Plan) make(ctx context.Context, e export.Export, runs []export.Run) (frozen, error) {
	d := artifact.Document{
		Head: artifact.Head{
			ExportID: e.ID, Type: string(e.Request.Type), TargetID: e.Request.TargetID, AsOf: artifact.Stamp(e.AsOf()),
			Selection: artifact.Selection{RunIDs: e.Request.RunIDs, Scope: string(e.Request.Scope)},
		},
		MatchesOnly: e.Request.Scope == export.ScopeMatches,
	}
	for _, run := range runs {
		parts, err := s.Records.Parts(ctx, run.AccountID, run.ID)
		if err != nil {
			return frozen{}, err
		}
		if err := checkParts(run, parts); err != nil {
			return frozen{}, err
		}
		d.Runs = append(d.Runs, describe(run))
		for _, p := range parts {
			d.Inputs = append(d.Inputs, artifact.Input{RunID: run.ID, Number: p.Number, Key: p.Key, Bytes: p.Bytes, Rows: p.Rows, SHA256: p.SHA256})
		}
	}
	if d.Rows() == 0 {
		return frozen{}, fault.New(fault.Invalid, "nothing_to_export", "The selected runs hold no results.")
	}
	return s.layOut(e, d)
}

func describe(r export.Run) artifact.Run {
	return artifact.Run{
		ID: r.ID, PromptID: r.PromptID, PromptName: r.PromptName, ProcessingModel: r.ProcessingModel,
		ExecutedAt: artifact.Stamp(r.ExecutedAt), Status: string(r.Status), Schema: r.Schema,
	}
}

// checkParts holds the parts against the run's totals, so that a catalogue that is being written is never taken for
// a whole one.
func checkParts(r export.Run, parts []export.Part) error {
	var rows, bytes int64
	for _, p := range parts {
		rows, bytes = rows+p.Rows, bytes+p.Bytes
	}
	if len(parts) != r.Parts || rows != r.Rows || bytes != r.Bytes {
		return fault.Newf(fault.Unavailable, "catalogue_inconsistent", "The catalogue of run %s is not consistent just now.", r.ID)
	}
	return nil
}

// Limits of what one export is made into.
const (
	// MaxPlainPartBytes bounds the parts that a task holds in memory, two at a time: at 9,500 parts a file of 1.2 TB.
	MaxPlainPartBytes = 128 << 20
	// MaxJoinedBytes is how much one Assemble copies of what shards have compressed, in bytes of results: within 15
	// minutes, with room to spare.
	MaxJoinedBytes = 128 << 30
	// maxCaptionBytes is how much one task reads within its 15 minutes, with room to spare: captions are not sharded.
	maxCaptionBytes = 32 << 30
)

// layOut fixes files, part size and shards.
func (s Plan) layOut(e export.Export, d artifact.Document) (frozen, error) {
	offsets, err := pack.Offsets(&d, artifact.JSON, pack.Expected(d.Inputs))
	if err != nil {
		return frozen{}, err
	}
	total := offsets[len(offsets)-1]
	plan := frozen{Document: d, TextField: e.Request.TextField, PartBytes: cmp.Or(s.PartBytes, artifact.PartSize(total)), KeepDays: export.KeepDays(e.Request.Life())}
	large := total > cmp.Or(s.ShardThreshold, DefaultShardThreshold) && len(d.Inputs) > 1
	captions := slices.ContainsFunc(e.Request.Files(), export.Format.Captions)
	if large && !captions {
		plan.Shards = shardsOf(d.Inputs, cmp.Or(s.ShardBytes, DefaultShardBytes))
	}
	plan.Files = planFiles(e, plan.sharded())
	return plan, plan.tooLarge(total)
}

// tooLarge says which file can't be made of that many bytes, and what can.
func (p frozen) tooLarge(total int64) error {
	for _, f := range p.Files {
		switch {
		case f.Format.Captions() && total > maxCaptionBytes:
			return fault.New(fault.Invalid, "export_too_large", "Captions are made of at most 32 GiB of results. Export fewer runs at once.")
		case f.plain() && p.PartBytes > MaxPlainPartBytes:
			return fault.New(fault.Invalid, "export_too_large", "A JSON or NDJSON file is made of at most 1.2 TB of results. Export fewer runs at once, or as csv or parquet.")
		case p.uploaded(f) && f.Compression != artifact.None && total > MaxJoinedBytes:
			return fault.New(fault.Invalid, "export_too_large", "A compressed JSON or NDJSON file is made of at most 128 GiB of results. Export fewer runs at once, without compression, or as csv or parquet.")
		}
	}
	return nil
}

// openUploads makes this generation's uploads, once; those of plain files that a retry goes on with are there.
func (s Plan) openUploads(ctx context.Context, e export.Export, job Job, plan frozen) error {
	err := readJSON(ctx, s.Artifacts, generationKey(job, uploadsName), &uploads{})
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	all, err := s.resumed(ctx, e, job, plan)
	if err != nil {
		return err
	}
	own := uploads{}
	for _, f := range plan.Files {
		if !plan.uploaded(f) || all[f.Name] != "" {
			continue
		}
		own[f.Name], err = s.Artifacts.CreateUpload(ctx, fileKey(job, f.Name), plan.kept(f))
		if err != nil {
			return err
		}
	}
	failpoint.Here("plan.opening")
	maps.Copy(all, own)
	won := maps.Clone(all)
	if err := writeOnce(ctx, s.Artifacts, generationKey(job, uploadsName), &won); err != nil {
		return err
	}
	if maps.Equal(all, won) {
		return nil
	}
	return s.abort(ctx, job, own) // a twin of this step was first
}

// dropUploads aborts this generation's uploads, if there are any, unless a retry goes on with them or may do so: then they
// go when the retry has ended, or when there can be none any more. The record may be in another folder by now than this
// generation was: the ids tell which uploads are its own.
func (s Plan) dropUploads(ctx context.Context, job Job) error {
	var own uploads
	err := readJSON(ctx, s.Artifacts, generationKey(job, uploadsName), &own)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if shared, err := s.shared(ctx, job); shared || err != nil {
		return err
	}
	ids := slices.Collect(maps.Values(own))
	return abortSome(ctx, s.Artifacts, places(job)[:1], func(u blob.Upload) bool { return slices.Contains(ids, u.ID) })
}

func (s Plan) abort(ctx context.Context, job Job, open uploads) error {
	for _, name := range slices.Sorted(maps.Keys(open)) {
		if err := s.Artifacts.AbortUpload(ctx, fileKey(job, name), open[name]); err != nil {
			return err
		}
	}
	return nil
}

func (s Plan) writeShards(ctx context.Context, job Job, shards int) error {
	items := make([]shardItem, shards)
	for i := range items {
		items[i].Shard = i
	}
	return writeJSON(ctx, s.Artifacts, generationKey(job, shardsName), items)
}
