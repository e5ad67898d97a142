package steps

import (
	"cmp"
	"context"
	"slices"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
)

// Layouts that Plan chooses from.
const (
	LayoutSingle  = "single"
	LayoutSharded = "sharded"
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
// opens this generation's upload. One that comes too late drops that upload: nobody else knows of it.
func (s Plan) Handle(ctx context.Context, job Job) (PlanOut, error) {
	out, err := s.plan(ctx, job)
	if fault.Is(err, fault.Superseded) {
		return PlanOut{}, cmp.Or(s.dropUpload(ctx, job), err)
	}
	return out, err
}

func (s Plan) plan(ctx context.Context, job Job) (PlanOut, error) {
	e, err := load(ctx, s.Records, job)
	if err != nil {
		return PlanOut{}, err
	}
	if e, err = save(ctx, s.Records, e, e.Claim(s.Clock())); err != nil {
		return PlanOut{}, err
	}
	plan, err := s.freeze(ctx, e, job)
	if err != nil {
		return PlanOut{}, err
	}
	if err := s.openUpload(ctx, job); err != nil {
		return PlanOut{}, err
	}
	out := PlanOut{Layout: LayoutSingle, Deliver: e.ToConnector(), Bucket: s.Artifacts.Name(), MapPrefix: generationKey(job, "map")}
	lease := export.Lease
	if plan.Sharded {
		lease = export.ShardedLease
		out.Layout, out.ShardsKey = LayoutSharded, generationKey(job, shardsName)
		if err := s.writeShards(ctx, job, plan.Shards); err != nil {
			return PlanOut{}, err
		}
	}
	next := e.Enter(export.PhasePackaging, lease, s.Clock())
	next.Progress.RecordsTotal, next.Progress.BytesTotal = plan.Document.Rows(), plan.Document.Bytes()
	_, err = save(ctx, s.Records, e, next)
	return out, err
}

// freeze gives the plan in force: the one that is there, or the one made now if it is the first.
func (s Plan) freeze(ctx context.Context, e export.Export, job Job) (frozen, error) {
	var plan frozen
	err := readJSON(ctx, s.Artifacts, workKey(job, planName), &plan)
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
	return plan, writeOnce(ctx, s.Artifacts, workKey(job, planName), &plan)
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
		runs = slices.DeleteFunc(runs, func(r export.Run) bool { return !r.Status.Finished() || r.ExecutedAt.After(e.AsOf()) })
	}
	slices.SortFunc(runs, func(a, b export.Run) int {
		return cmp.Or(a.ExecutedAt.Compare(b.ExecutedAt), cmp.Compare(a.ID, b.ID))
	})
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
	return s.layOut(d)
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

// layOut fixes part size and shards.
func (s Plan) layOut(d artifact.Document) (frozen, error) {
	l, err := d.Layout()
	if err != nil {
		return frozen{}, err
	}
	plan := frozen{Document: d, PartBytes: cmp.Or(s.PartBytes, artifact.PartSize(l.Records))}
	full := l.Records / plan.PartBytes // parts that hold no byte of the closing
	if d.MatchesOnly || full < 2 || l.Records <= cmp.Or(s.ShardThreshold, DefaultShardThreshold) {
		return plan, nil
	}
	per := plan.partsPerShard(cmp.Or(s.ShardBytes, DefaultShardBytes))
	plan.Sharded, plan.Shards = true, int((full+per-1)/per)
	return plan, nil
}

// openUpload makes this generation's upload, once.
func (s Plan) openUpload(ctx context.Context, job Job) error {
	err := readJSON(ctx, s.Artifacts, generationKey(job, uploadName), &upload{})
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	id, err := s.Artifacts.CreateUpload(ctx, documentKey(job), blob.PutOptions{ContentType: "application/json"})
	if err != nil {
		return err
	}
	won := upload{ID: id}
	if err := writeOnce(ctx, s.Artifacts, generationKey(job, uploadName), &won); err != nil {
		return err
	}
	if won.ID != id { // a twin of this step was first
		return s.Artifacts.AbortUpload(ctx, documentKey(job), id)
	}
	return nil
}

// dropUpload aborts this generation's upload, if there is one.
func (s Plan) dropUpload(ctx context.Context, job Job) error {
	var u upload
	err := readJSON(ctx, s.Artifacts, generationKey(job, uploadName), &u)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.Artifacts.AbortUpload(ctx, documentKey(job), u.ID)
}

func (s Plan) writeShards(ctx context.Context, job Job, shards int) error {
	items := make([]shardItem, shards)
	for i := range items {
		items[i].Shard = i
	}
	return writeJSON(ctx, s.Artifacts, generationKey(job, shardsName), items)
}
