package steps

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"slices"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/export"
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
	e, err := enter(ctx, s.Records, job, export.PhaseAssembling, s.Clock())
	if err != nil {
		return Done{}, err
	}
	w, err := openWorkshop(ctx, s.Artifacts, job)
	if err != nil {
		return Done{}, err
	}
	manifest, raw, err := s.commit(ctx, w)
	if err != nil {
		return Done{}, err
	}
	if err := abortUploads(ctx, s.Artifacts, job); err != nil {
		return Done{}, err
	}
	sum := sha256.Sum256(raw)
	file := manifest.Files[0]
	_, err = save(ctx, s.Records, e, e.Packaged(export.Artifact{
		Bucket: s.Artifacts.Name(), Key: documentKey(job), ManifestKey: manifestKey(job), Bytes: file.Bytes,
		SHA256: file.SHA256, ManifestSHA256: hex.EncodeToString(sum[:]), Counts: manifest.Counts.Counts,
	}, s.Clock()))
	return Done{}, err
}

// commit gives the manifest that stands at its key, after putting document and manifest there if need be.
func (s Assemble) commit(ctx context.Context, w *workshop) (m artifact.Manifest, raw []byte, err error) {
	if !w.committed {
		if err := s.build(ctx, w); err != nil {
			return m, nil, err
		}
	}
	body, _, err := s.Artifacts.Open(ctx, manifestKey(w.job), 0, -1)
	if err != nil {
		return m, nil, err
	}
	defer body.Close()
	if raw, err = io.ReadAll(io.LimitReader(body, maxWorkBytes)); err != nil {
		return m, nil, err
	}
	if err := json.Unmarshal(raw, &m); err != nil || len(m.Files) == 0 {
		return m, nil, fault.Wrap(err, fault.Internal, "manifest_unreadable", "The export's manifest can't be read.")
	}
	return m, raw, nil
}

// build completes the document and writes its manifest.
func (s Assemble) build(ctx context.Context, w *workshop) error {
	r, err := s.gather(ctx, w)
	if err != nil {
		return err
	}
	_, err = s.Artifacts.CompleteUpload(ctx, documentKey(w.job), w.upload.ID, r.Parts, true)
	if fault.Is(err, fault.Invalid) { // a part was replaced by a twin that woke up late: the next attempt has an upload of its own
		return fault.Wrap(err, fault.Unavailable, "work_lost", "The export's parts were replaced; another attempt makes them anew.")
	}
	if err != nil && !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.NotFound) {
		return err
	}
	// What an earlier call completed is read back, and so is what shards wrote: only there its whole digest is found.
	digests := r.Digests
	if err != nil || digests == nil {
		if digests, err = s.readBack(ctx, w, r); err != nil {
			return err
		}
	}
	raw, err := w.plan.Document.NewManifest(export.ObjectName(w.job.ExportID), *digests, r.Counts).Encode()
	if err != nil {
		return err
	}
	return s.putManifest(ctx, w, raw)
}

// readBack digests the object at the final key and holds it, part by part, against what packaging reported.
func (s Assemble) readBack(ctx context.Context, w *workshop, r report) (*artifact.Digests, error) {
	body, _, err := s.Artifacts.Open(ctx, documentKey(w.job), 0, -1)
	if err != nil {
		return nil, lostWork(err)
	}
	defer body.Close()
	found, err := artifact.DigestOf(body, w.plan.PartBytes)
	if err != nil {
		return nil, err
	}
	if found.Bytes != r.Bytes || !slices.Equal(found.PartSHA256, r.PartSHA256) {
		return nil, fault.New(fault.Conflict, "artifact_differs", "Another document stands where this export's belongs.")
	}
	return &found, nil
}

func (s Assemble) putManifest(ctx context.Context, w *workshop, raw []byte) error {
	_, err := s.Artifacts.Put(ctx, manifestKey(w.job), raw, blob.PutOptions{IfAbsent: true, ContentType: "application/json"})
	if !fault.Is(err, fault.Conflict) {
		return err
	}
	body, _, err := s.Artifacts.Open(ctx, manifestKey(w.job), 0, -1)
	if err != nil {
		return err
	}
	defer body.Close()
	there, err := io.ReadAll(io.LimitReader(body, maxWorkBytes))
	if err == nil && !bytes.Equal(there, raw) {
		err = fault.New(fault.Conflict, "artifact_differs", "Another manifest stands where this export's belongs.")
	}
	return err
}

// gather gives the report of the whole document: the single task's, or the shards' joined with the tail written here.
// A single task's report wins: it stands in for shards that met irregular input.
func (s Assemble) gather(ctx context.Context, w *workshop) (report, error) {
	var r report
	err := readJSON(ctx, s.Artifacts, generationKey(w.job, reportName), &r)
	if !fault.Is(err, fault.NotFound) {
		return r, err
	}
	if !w.plan.Sharded {
		return r, lostWork(err)
	}
	for shard := range w.plan.Shards {
		var part report
		if err := readJSON(ctx, s.Artifacts, generationKey(w.job, shardReportName(shard)), &part); err != nil {
			return r, lostWork(err)
		}
		if part.Irregular {
			return r, fault.New(fault.Irregular, "results_irregular", "Some results are not strict NDJSON; one task packages them.")
		}
		if part.Refusal != nil {
			return r, fault.New(fault.Invalid, part.Refusal.Code, part.Refusal.Message)
		}
		r.join(part)
	}
	return r, s.writeTail(ctx, w, &r)
}

// writeTail uploads the bytes after the last full part, and the closing. When the upload is gone, because an earlier
// call completed it, the tail is digested only: whether that call did well is seen from the object.
func (s Assemble) writeTail(ctx context.Context, w *workshop, r *report) error {
	full, err := w.plan.fullParts()
	if err != nil {
		return err
	}
	l, err := w.plan.Document.Layout()
	if err != nil {
		return err
	}
	parts := artifact.NewPartWriter(w.plan.PartBytes, int(full)+1, func(n int, content []byte) error {
		r.note(content)
		err := w.put(ctx, n, content, r)
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		return err
	})
	defer parts.Discard()
	if from := full * w.plan.PartBytes; from < l.Records {
		counts, err := w.plan.Document.WriteRange(ctx, parts, source(s.Results), from, l.Records)
		if err != nil {
			return err
		}
		r.Counts = r.Counts.Add(counts)
	}
	closing, err := w.plan.Document.Closing(r.Counts)
	if err != nil {
		return err
	}
	if _, err := parts.Write(closing); err != nil {
		return err
	}
	return parts.Close()
}
