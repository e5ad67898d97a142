// Package demo makes the data that the local service starts with: an index of archive footage and two finished
// prompt runs over it, with results shaped as the platform writes them. The same seed gives the same bytes.
package demo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/videovector/exports/internal/export"
)

// Ids of the documented example request.
const (
	AccountID   = "acct_demo"
	OtherID     = "acct_other"
	UserID      = "user_demo"
	IndexID     = "idx_archive"
	ConnectorID = "conn_export"
	BasePath    = "videovector"
)

// Epoch is when the demo footage was indexed; every other time follows from it.
var Epoch = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

// Index is idx_archive.
func Index() export.Index {
	return export.Index{ID: IndexID, AccountID: AccountID, Name: "Broadcast archive", UserID: UserID, CreatedAt: Epoch}
}

// RunPlan is one demo run and how many results it has.
type RunPlan struct {
	Run      export.Run
	Videos   int
	Segments int // per video
	prompt   prompt
}

// Runs are run_123 and run_124.
func Runs() []RunPlan {
	return []RunPlan{
		plan("run_123", sceneReview, Epoch.Add(26*time.Hour), 8, 40),
		plan("run_124", adSafety, Epoch.Add(50*time.Hour), 8, 36),
	}
}

func plan(id string, p prompt, executed time.Time, videos, segments int) RunPlan {
	return RunPlan{
		Run: export.Run{
			ID: id, AccountID: AccountID, IndexID: IndexID, ContextType: "index",
			PromptID: p.id, PromptName: p.name, ExecutedAt: executed, ExecutedBy: UserID,
			Status: export.RunCompleted, ProcessingModel: "vv-large-2", Schema: json.RawMessage(p.schema),
		},
		Videos: videos, Segments: segments, prompt: p,
	}
}

// NDJSON is the run's results, one record per line, and how many there are.
func (p RunPlan) NDJSON() (lines []byte, rows int64) {
	var b bytes.Buffer
	for record := range p.Records() {
		b.Write(record)
		b.WriteByte('\n')
		rows++
	}
	return b.Bytes(), rows
}

// Records yields the run's results in the order the platform writes them: each video's segments, then its video-level
// result. A yielded slice is the caller's.
func (p RunPlan) Records() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		rng := rand.New(rand.NewPCG(20260302, uint64(p.Run.ExecutedAt.Unix())))
		for v := range p.Videos {
			name := footage[v%len(footage)]
			failed := 0
			for s := range p.Segments {
				rec, ok := p.segment(rng, v, s, name)
				if !ok {
					failed++
				}
				if !yield(encode(rec)) {
					return
				}
			}
			if !yield(encode(p.video(v, name, failed))) {
				return
			}
		}
	}
}

func (p RunPlan) segment(rng *rand.Rand, v, s int, name string) (segment, bool) {
	ok := rng.IntN(60) != 0
	start := float64(s) * 12.5
	end := start + 12.5
	videoID, segmentID := fmt.Sprintf("vid_%03d", v+1), fmt.Sprintf("seg_%03d_%04d", v+1, s+1)
	rec := segment{
		ResultType: "segment", ResultID: "segment:" + segmentID + ":" + p.Run.ID, SegmentID: segmentID, VideoID: videoID,
		RunID: p.Run.ID, PromptID: p.Run.PromptID, PromptRunID: p.Run.ID, VideoName: name, SourceIndexID: IndexID,
		ExecutedAt: stamp(p.Run.ExecutedAt.Add(time.Duration(v*p.Segments+s) * time.Second)), StartTime: start, EndTime: end,
		Metadata: map[string]any{}, SchemaUsed: p.prompt.name, FieldExtractionSucceeded: ok,
		SegmentURI:   "s3://media/" + videoID + "/" + segmentID + ".mp4",
		ThumbnailURI: "s3://media/" + videoID + "/" + segmentID + ".jpg",
		Selected:     rng.IntN(4) == 0,
	}
	if !ok {
		reason := "The model returned no answer for this segment."
		rec.FieldExtractionError = &reason
		return rec, false
	}
	rec.Metadata, rec.MetadataText = p.prompt.extract(rng)
	heard := true
	rec.TranscriptionSucceeded, rec.ImageEmbeddingSucceeded = &heard, &heard
	return rec, true
}

func (p RunPlan) video(v int, name string, failed int) video {
	status := "completed"
	if failed > 0 {
		status = "completed_with_failures"
	}
	videoID := fmt.Sprintf("vid_%03d", v+1)
	return video{
		ResultType: "video", ResultID: "video:" + videoID + ":" + p.Run.ID, RunID: p.Run.ID, PromptID: p.Run.PromptID,
		VideoID: videoID, VideoName: name, SourceIndexID: IndexID,
		ExecutedAt: stamp(p.Run.ExecutedAt.Add(time.Duration(v+1) * time.Minute)), Status: status,
		Metadata: map[string]any{"segments_reviewed": p.Segments}, MetadataText: fmt.Sprintf("%d segments reviewed in %s", p.Segments, name),
		SuccessfulSegmentCount: p.Segments - failed, FailedSegmentCount: failed,
		SourceFingerprint: fmt.Sprintf("fp-%08x", 0x5eed0000+v), EmbeddingStatus: "completed",
		PartsTotal: 1, PartsCompleted: 1,
	}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("demo: a record of our own types always encodes: " + err.Error())
	}
	return b
}
