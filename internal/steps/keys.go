package steps

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/artifact/pack"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
)

// Keys in the artifacts bucket. Everything below work/ is the service's own and goes after some days; the document
// and its manifest stay as long as the export can be downloaded.

func workKey(job Job, name string) string {
	return fmt.Sprintf("work/%s/%s/%s", job.AccountID, job.ExportID, name)
}

func generationKey(job Job, name string) string {
	return workKey(job, fmt.Sprintf("g%d/%s", job.Generation, name))
}

// places are the prefixes of all that an export has in the artifacts bucket.
func places(job Job) []string {
	return []string{fmt.Sprintf("artifacts/%s/%s/", job.AccountID, job.ExportID), workKey(job, "")}
}

// folderKey is where the export's files stand, with a slash at its end. A retry that has begun anew has a folder of its own.
func folderKey(job Job) string { return places(job)[0] + job.anew() }

// planKey is where the plan stands that every generation goes by, until a retry begins anew.
func planKey(job Job) string { return workKey(job, job.anew()+planName) }

// anew is "" unless a retry has begun anew.
func (j Job) anew() string {
	if j.fresh == 0 {
		return ""
	}
	return fmt.Sprintf("g%d/", j.fresh)
}

func fileKey(job Job, name string) string { return folderKey(job) + name }

func manifestKey(job Job) string { return fileKey(job, export.ManifestName(job.ExportID)) }

// frozen is the plan: the selection of an export and its files, written once and used by every generation until a retry
// begins anew.
type frozen struct {
	Document  artifact.Document `json:"document"`
	Files     []plannedFile     `json:"files"`
	TextField string            `json:"text_field,omitempty"` // of captions
	PartBytes int64             `json:"part_bytes"`
	KeepDays  int               `json:"keep_days,omitempty"` // the class of the artifact's life
	Shards    []inputRange      `json:"shards,omitempty"`    // none: one task packages everything
}

// sharded reports whether a Distributed Map packages the export.
func (p frozen) sharded() bool { return len(p.Shards) > 0 }

// uploaded reports whether the file, or the folder, is made by an upload that Plan opens.
func (p frozen) uploaded(f plannedFile) bool { return !p.sharded() || !f.byShard() }

// objectPartBytes is the part size of files that shards write by themselves: a shard's is never large.
func (p frozen) objectPartBytes() int64 { return min(p.PartBytes, artifact.MinPartBytes) }

// keepTag is the tag that the bucket's lifecycle knows classes of lives by.
const keepTag = "keep-days"

// tag tells the bucket's lifecycle how long the artifact is to stay. A plan of before there was a choice has none, and
// what has no tag stays longest.
func (p frozen) tag() blob.Tag {
	if p.KeepDays == 0 {
		return blob.Tag{}
	}
	return blob.Tag{Name: keepTag, Value: strconv.Itoa(p.KeepDays)}
}

// kept is how a file of the artifact is written.
func (p frozen) kept(f plannedFile) blob.PutOptions {
	return blob.PutOptions{ContentType: artifact.ContentType(f.Format, f.Compression), Tag: p.tag()}
}

// uploads is uploads.json: the multipart uploads of one generation, by the names of their files.
type uploads map[string]string

// shardItem is one element of shards.json, the input of one child of the Distributed Map.
type shardItem struct {
	Shard int `json:"shard"`
}

// report is what packaging leaves for Assemble: the whole selection's, or one shard's.
type report struct {
	Refusal   *refusal      `json:"refusal,omitempty"`   // a shard met what no repetition mends
	Irregular bool          `json:"irregular,omitempty"` // offsets are not what was planned with
	Counts    export.Counts `json:"counts"`
	Selected  int64         `json:"selected"`
	Filtered  int64         `json:"filtered,omitempty"`
	Rejected  int64         `json:"rejected,omitempty"`
	// Inputs are what each input adds, for offsets that hold where the catalogue's sizes don't.
	Inputs []pack.Measure `json:"inputs"`
	Files  []fileReport   `json:"files"` // as planned
	// Versions are the ETags of the inputs that a shard has read, from its first one on, "" for one that it has not. The last
	// of them may be other shards': of those it has read a beginning, which it can't hold against their digest.
	Versions []string `json:"versions,omitempty"`
	// Made is the generation that has made the shard, and has its work files; 0 is the report's own.
	Made int `json:"made,omitempty"`

	remade int // Made of the second round's report, once that one's files have taken the first one's place
}

// refusal is a shard's permanent failure. It goes to Assemble by the report: of a Map's failed children Step Functions
// tells no more than that they were too many.
type refusal struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// join adds what the next shard reports.
func (r *report) join(next report) {
	r.Irregular = r.Irregular || next.Irregular
	r.Counts = r.Counts.Add(next.Counts)
	r.Selected, r.Filtered, r.Rejected = r.Selected+next.Selected, r.Filtered+next.Filtered, r.Rejected+next.Rejected
	r.Inputs = append(r.Inputs, next.Inputs...)
	for i := range next.Files {
		if len(r.Files) <= i {
			r.Files = append(r.Files, fileReport{})
		}
		r.Files[i].join(next.Files[i])
	}
}

// Work files. Their names change with what they hold, so that a new version never reads an older one's.
const (
	planName     = "plan-2.json"
	uploadsName  = "uploads.json"
	shardsName   = "shards.json"
	reportName   = "report-2.json"
	measuresName = "measures.json" // of every input: its presence makes shards write by what was found, not by the catalogue
)

// shardReports is what the names of the first round's reports begin with.
const shardReports = "report-2-"

func shardReportName(shard int) string  { return fmt.Sprintf("%s%05d.json", shardReports, shard) }
func remadeReportName(shard int) string { return fmt.Sprintf("remade-%05d.json", shard) }
func digestsName(file int) string       { return fmt.Sprintf("digests-%d.json", file) }
func rejectsChunkName(shard int) string { return fmt.Sprintf("rejects-%05d.ndjson", shard) }

// chunkName is a shard's piece of a compressed file. The second round has names of its own, so that a worker of the first
// one that wakes up late replaces nothing.
func chunkName(file, shard int, again bool) string {
	if again {
		return fmt.Sprintf("chunk-%d-%05d-again", file, shard)
	}
	return fmt.Sprintf("chunk-%d-%05d", file, shard)
}

// maxWorkBytes bounds what is read back of the service's own work files: a plan of 100,000 parts is far below it.
const maxWorkBytes = 256 << 20

// readJSON reads one of the service's own objects.
func readJSON(ctx context.Context, from blob.Reader, key string, v any) error {
	raw, err := readWhole(ctx, from, key)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, v)
}

// readWhole reads the text of one of the service's own objects.
func readWhole(ctx context.Context, from blob.Reader, key string) ([]byte, error) {
	body, _, err := from.Open(ctx, key, 0, -1)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(io.LimitReader(body, maxWorkBytes))
}

// writeJSON writes one of the service's own objects, over what is there.
func writeJSON(ctx context.Context, to blob.Writer, key string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = to.Put(ctx, key, raw, blob.PutOptions{ContentType: "application/json"})
	return err
}

// writeOnce writes v unless the object exists, and reads into v what then stands there: the first writer's value.
func writeOnce(ctx context.Context, bucket blob.Bucket, key string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = bucket.Put(ctx, key, raw, blob.PutOptions{ContentType: "application/json", IfAbsent: true})
	if fault.Is(err, fault.Conflict) {
		return readJSON(ctx, bucket, key, v)
	}
	return err
}
