package steps

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"github.com/videovector/exports/internal/artifact"
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

func documentKey(job Job) string {
	return fmt.Sprintf("artifacts/%s/%s/%s", job.AccountID, job.ExportID, export.ObjectName(job.ExportID))
}

func manifestKey(job Job) string {
	return fmt.Sprintf("artifacts/%s/%s/%s", job.AccountID, job.ExportID, export.ManifestName(job.ExportID))
}

// frozen is plan.json: the selection of an export, written once and used by every generation.
type frozen struct {
	Document  artifact.Document `json:"document"`
	PartBytes int64             `json:"part_bytes"`
	Sharded   bool              `json:"sharded"`
	Shards    int               `json:"shards,omitempty"` // without the tail, which Assemble writes
}

// upload is upload.json: the multipart upload of one generation.
type upload struct {
	ID string `json:"upload_id"`
}

// shardItem is one element of shards.json, the input of one child of the Distributed Map.
type shardItem struct {
	Shard int `json:"shard"`
}

// report is what packaging leaves for Assemble: the whole document's, or one shard's.
type report struct {
	Irregular  bool                `json:"irregular,omitempty"` // a shard met input that has no fixed offsets
	Refusal    *refusal            `json:"refusal,omitempty"`   // a shard met what no repetition mends
	Parts      []blob.UploadedPart `json:"parts"`
	PartSHA256 []string            `json:"part_sha256"` // hex, one for each of Parts
	Bytes      int64               `json:"bytes"`
	Counts     export.Counts       `json:"counts"`
	Digests    *artifact.Digests   `json:"digests,omitempty"` // of a whole document
}

// refusal is a shard's permanent failure. It goes to Assemble by the report: of a Map's failed children Step Functions
// tells no more than that they were too many.
type refusal struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// note digests a part for the report; parts come in order.
func (r *report) note(content []byte) {
	sum := sha256.Sum256(content)
	r.PartSHA256, r.Bytes = append(r.PartSHA256, hex.EncodeToString(sum[:])), r.Bytes+int64(len(content))
}

// join adds what the next shard reports.
func (r *report) join(next report) {
	r.Parts, r.PartSHA256 = append(r.Parts, next.Parts...), append(r.PartSHA256, next.PartSHA256...)
	r.Bytes, r.Counts = r.Bytes+next.Bytes, r.Counts.Add(next.Counts)
}

const (
	planName   = "plan.json"
	uploadName = "upload.json"
	shardsName = "shards.json"
	reportName = "report.json"
)

func shardReportName(shard int) string { return fmt.Sprintf("report-%05d.json", shard) }

// maxWorkBytes bounds what is read back of the service's own work files: a plan of 100,000 parts is far below it.
const maxWorkBytes = 256 << 20

// readJSON reads one of the service's own objects.
func readJSON(ctx context.Context, from blob.Reader, key string, v any) error {
	body, _, err := from.Open(ctx, key, 0, -1)
	if err != nil {
		return err
	}
	defer body.Close()
	raw, err := io.ReadAll(io.LimitReader(body, maxWorkBytes))
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, v)
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
