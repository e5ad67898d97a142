package steps

import (
	"cmp"
	"context"
	"crypto/md5" //nolint:gosec // G501: the stores' checksum of what is sent; what an export is held against is SHA-256
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/artifact/pack"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/failpoint"
	"github.com/videovector/exports/internal/fault"
)

// assembly makes files out of what packaging has reported.
type assembly struct {
	ctx      context.Context
	results  blob.Reader
	workshop *workshop
	gathered
}

// files completes every planned file, and that of the rejected records if there are any.
func (a *assembly) files() ([]artifact.File, error) {
	var all []artifact.File
	for i, f := range a.workshop.plan.Files {
		made, err := a.file(i, f)
		if err != nil {
			return nil, err
		}
		all = append(all, made...)
	}
	if a.total.Rejected == 0 {
		return all, nil
	}
	rejects, err := a.rejects()
	return append(all, rejects), err
}

func (a *assembly) file(i int, f plannedFile) ([]artifact.File, error) {
	var d artifact.Digests
	var err error
	switch {
	case !a.workshop.plan.sharded():
		d, err = a.whole(f, a.total.Files[i])
	case f.byShard():
		return a.folder(i, f), nil
	case f.plain():
		d, err = a.plain(i, f)
	default:
		d, err = a.joined(i, f)
	}
	facts := a.total.Files[i].Facts
	if f.Format == artifact.JSON || f.Format == artifact.NDJSON {
		facts.Rows = a.total.Counts.Results
	}
	return []artifact.File{facts.File(f.Name, f.Format, f.Compression, d)}, err
}

// folder are the files that shards have written by themselves.
func (a *assembly) folder(i int, f plannedFile) (files []artifact.File) {
	for shard, r := range a.shards {
		files = append(files, r.Files[i].Facts.File(f.part(shard), f.Format, f.Compression, *r.Files[i].Digests))
	}
	return files
}

// whole completes a file that one task has written.
func (a *assembly) whole(f plannedFile, r fileReport) (artifact.Digests, error) {
	clean, err := a.complete(f.Name, r.Parts)
	if err != nil || clean {
		return *r.Digests, err
	}
	found, err := a.readBack(f.Name)
	if err == nil && found.TreeSHA256 != r.Digests.TreeSHA256 {
		err = errDiffers
	}
	return *r.Digests, err
}

// plain completes a file that shards have written the parts of, once: reading back takes minutes, and an Assemble that
// runs out of time goes on with the next file when it is called again.
func (a *assembly) plain(i int, f plannedFile) (d artifact.Digests, err error) {
	w := a.workshop
	err = readJSON(a.ctx, w.artifacts, generationKey(w.job, digestsName(i)), &d)
	if !fault.Is(err, fault.NotFound) {
		return d, err
	}
	if d, err = a.completePlain(i, f); err != nil {
		return d, err
	}
	failpoint.Here("assemble.digested")
	return d, writeJSON(a.ctx, w.artifacts, generationKey(w.job, digestsName(i)), d)
}

// completePlain completes the file and digests it. What shards wrote is read back, since only so the digest of the whole
// is found; beyond the size that has one, the store's own digest of the parts tells that they stand.
func (a *assembly) completePlain(i int, f plannedFile) (artifact.Digests, error) {
	r := a.total.Files[i]
	if f.Format == artifact.JSON {
		tail, err := a.tail(f)
		if err != nil {
			return artifact.Digests{}, err
		}
		r.join(tail)
	}
	clean, err := a.complete(f.Name, r.Parts)
	if err != nil {
		return artifact.Digests{}, err
	}
	if r.Bytes > artifact.WholeBytes && (clean || a.standsAs(f.Name, r)) {
		return artifact.JoinDigests(r.Sums, a.workshop.plan.PartBytes, r.Bytes)
	}
	found, err := a.readBack(f.Name)
	if err == nil && !equalParts(found, r) {
		err = errDiffers
	}
	return found, err
}

// tail uploads the bytes of a document after its last full part, and its closing. When the upload is gone, because an
// earlier call completed it, the tail is digested only: whether that call did well is seen from the object.
func (a *assembly) tail(f plannedFile) (fileReport, error) {
	plan := a.workshop.plan
	offsets, err := pack.Offsets(&plan.Document, f.Format, a.inputs.inputs)
	if err != nil {
		return fileReport{}, err
	}
	from, end := plan.tailOf(offsets), offsets[len(offsets)-1]
	s := newShareSink(plan.PartBytes, int(from/plan.PartBytes)+1, a.ifOpen(f.Name))
	defer s.discard()
	if from < end || from == 0 {
		i := inputAt(offsets, from)
		_, err := pack.Run(a.ctx, pack.Pass{
			Document: &plan.Document, First: i, Last: i, Open: a.source(), Measured: a.inputs.found, Rejects: passOver,
			Outputs: []pack.Output{{Format: f.Format, W: s, Begun: rowsOf(a.inputs.inputs[:i]) > 0, Window: &pack.Window{At: offsets[i], From: from, To: end}}},
		})
		if err != nil {
			return fileReport{}, err
		}
	}
	closing, err := plan.Document.Closing(a.total.Counts)
	if err != nil {
		return fileReport{}, err
	}
	if _, err := s.Write(closing); err != nil {
		return fileReport{}, err
	}
	return s.close()
}

// source opens inputs for the document's end, in the version that the shards have read and held against its digest.
func (a *assembly) source() artifact.Source {
	return func(ctx context.Context, in artifact.Input) (io.ReadCloser, error) {
		body, info, err := openInput(ctx, a.results, in)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(a.workshop.plan.Document.Inputs, func(other artifact.Input) bool { return other.Key == in.Key })
		if version := a.versions[i]; version != "" && version != info.ETag {
			_ = body.Close() // nothing was read
			return nil, errChanged
		}
		return body, nil
	}
}

// passOver is what a second reading makes of records that the first one has rejected.
func passOver(pack.Reject) error { return nil }

// ifOpen hands on parts as long as the upload is there.
func (a *assembly) ifOpen(name string) uploader {
	put := a.workshop.uploader(a.ctx, name)
	return func(n int, content []byte) (blob.UploadedPart, error) {
		part, err := put(n, content)
		if fault.Is(err, fault.NotFound) {
			return blob.UploadedPart{Number: n}, nil
		}
		return part, err
	}
}

// joined makes a compressed file of the shards' pieces, which stand behind each other as they are.
func (a *assembly) joined(i int, f plannedFile) (artifact.Digests, error) {
	s := newWholeSink(a.workshop.plan.PartBytes, a.ifOpen(f.Name))
	defer s.discard()
	again := a.inputs.found && !f.settled()
	for shard, r := range a.shards {
		if r.Files[i].Bytes == 0 {
			continue // an empty piece is not there
		}
		if err := a.append(s, generationKey(r.madeBy(a.workshop.job, again), chunkName(i, shard, again))); err != nil {
			return artifact.Digests{}, err
		}
	}
	end, err := a.packedEnd(f)
	if err != nil {
		return artifact.Digests{}, err
	}
	if _, err := s.Write(end); err != nil {
		return artifact.Digests{}, err
	}
	r, err := s.close()
	if err != nil {
		return artifact.Digests{}, err
	}
	return a.whole(f, r)
}

// madeBy is the job whose work files the report speaks of; again asks for those of a second round.
func (r report) madeBy(own Job, again bool) Job {
	made := r.Made
	if again {
		made = r.remade
	}
	own.Generation = cmp.Or(made, own.Generation)
	return own
}

// packedEnd is what follows the shards' pieces: the closing of a document, and of lines nothing, unless there are none.
func (a *assembly) packedEnd(f plannedFile) ([]byte, error) {
	switch {
	case f.Format == artifact.JSON:
		return pack.Closing(&a.workshop.plan.Document, a.total.Counts, f.Compression)
	case a.total.Counts.Results == 0:
		return pack.Empty(f.Compression)
	}
	return nil, nil
}

// rejects puts the rejected records of every shard behind each other.
func (a *assembly) rejects() (artifact.File, error) {
	w := a.workshop
	f := plannedFile{Name: export.RejectsName(w.job.ExportID), Format: artifact.NDJSON, Compression: artifact.None}
	s := newObjectSink(a.ctx, w.artifacts, objectPlace{
		key: fileKey(w.job, f.Name), options: w.plan.kept(f), partBytes: w.plan.objectPartBytes(), once: true,
	})
	defer s.discard()
	for shard, r := range a.shards {
		if r.Rejected == 0 {
			continue
		}
		if err := a.append(s, generationKey(r.madeBy(w.job, false), rejectsChunkName(shard))); err != nil {
			return artifact.File{}, err
		}
	}
	r, err := s.close()
	if err != nil {
		return artifact.File{}, err
	}
	return pack.Facts{Rows: a.total.Rejected}.File(f.Name, f.Format, f.Compression, *r.Digests), nil
}

// append copies a work file, which a report has told of.
func (a *assembly) append(to io.Writer, key string) error {
	body, _, err := a.workshop.artifacts.Open(a.ctx, key, 0, -1)
	if err != nil {
		return lostWork(err)
	}
	defer body.Close()
	_, err = io.CopyBuffer(to, body, make([]byte, 256<<10))
	return err
}

// complete makes the file appear at its key. It is clean if this very call has done so; else something stands there, or
// did, and is to be looked at.
func (a *assembly) complete(name string, parts []blob.UploadedPart) (clean bool, err error) {
	w := a.workshop
	if len(parts) == 0 { // an upload has at least one part
		empty, err := a.ifOpen(name)(1, nil)
		if err != nil {
			return false, err
		}
		parts = []blob.UploadedPart{empty}
	}
	failpoint.Here("assemble.completing")
	_, err = w.artifacts.CompleteUpload(a.ctx, fileKey(w.job, name), w.uploads[name], parts, true)
	failpoint.Here("assemble.completed")
	switch {
	case fault.Is(err, fault.Invalid): // a part was replaced by a twin that woke up late: the next attempt has an upload of its own
		return false, fault.Wrap(err, fault.Unavailable, "work_lost", "The export's parts were replaced; another attempt makes them anew.")
	case fault.Is(err, fault.Conflict), fault.Is(err, fault.NotFound):
		return false, nil
	}
	return err == nil, err
}

// readBack digests what stands at the file's key.
func (a *assembly) readBack(name string) (artifact.Digests, error) {
	body, _, err := a.workshop.artifacts.Open(a.ctx, fileKey(a.workshop.job, name), 0, -1)
	if err != nil {
		return artifact.Digests{}, lostWork(err)
	}
	defer body.Close()
	return artifact.DigestOf(body, a.workshop.plan.PartBytes)
}

// standsAs reports whether the object is made of exactly the reported parts, by S3's own digest of an upload: the MD5 of
// the parts' MD5s, and how many there are. Where parts have other ETags nothing is known: false.
func (a *assembly) standsAs(name string, r fileReport) bool {
	all := md5.New() //nolint:gosec // G401: what S3 calls an ETag
	for _, p := range r.Parts {
		sum, err := hex.DecodeString(strings.Trim(p.ETag, `"`))
		if err != nil || len(sum) != md5.Size {
			return false
		}
		all.Write(sum)
	}
	info, err := a.workshop.artifacts.Head(a.ctx, fileKey(a.workshop.job, name))
	return err == nil && info.Bytes == r.Bytes && info.ETag == fmt.Sprintf("%x-%d", all.Sum(nil), len(r.Parts))
}
