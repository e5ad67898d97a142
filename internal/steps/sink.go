package steps

import (
	"bytes"
	"context"
	"io"
	"slices"
	"time"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/failpoint"
	"github.com/videovector/exports/internal/fault"
)

// sink is where packaging puts a file, or a share of one. Whoever leaves before close must discard; after close that has
// no effect.
type sink interface {
	io.Writer
	close() (fileReport, error)
	discard()
}

// uploadSink writes parts of an upload that is there, from a part number on. Every part but the last is full.
type uploadSink struct {
	parts   *artifact.PartWriter
	report  fileReport
	digests *artifact.Digester // of the whole; nil if the sink writes a share
}

// uploader hands on one part.
type uploader func(n int, content []byte) (blob.UploadedPart, error)

// orLost makes the absence of the upload something that another attempt mends.
func (put uploader) orLost() uploader {
	return func(n int, content []byte) (blob.UploadedPart, error) {
		part, err := put(n, content)
		return part, lostWork(err)
	}
}

// newWholeSink writes a file from its first part on, and digests all of it.
func newWholeSink(partBytes int64, put uploader) *uploadSink {
	s := &uploadSink{digests: artifact.NewDigester(partBytes)}
	s.parts = artifact.NewPartWriter(partBytes, 1, func(n int, content []byte) error { return s.take(put, n, content) })
	s.parts.Digest(s.digests)
	return s
}

// newShareSink writes a share that begins with the part of that number, and digests it part by part.
func newShareSink(partBytes int64, first int, put uploader) *uploadSink {
	s := &uploadSink{}
	s.parts = artifact.NewPartWriter(partBytes, first, func(n int, content []byte) error {
		s.report.Sums = append(s.report.Sums, artifact.DigestPart(content))
		return s.take(put, n, content)
	})
	return s
}

func (s *uploadSink) take(put uploader, n int, content []byte) error {
	s.report.Bytes += int64(len(content))
	part, err := put(n, content)
	failpoint.Here("package.part")
	if err == nil {
		s.report.Parts = append(s.report.Parts, part)
	}
	return err
}

// Write implements io.Writer.
func (s *uploadSink) Write(p []byte) (int, error) { return s.parts.Write(p) }

func (s *uploadSink) discard() { s.parts.Discard() }

func (s *uploadSink) close() (fileReport, error) {
	if err := s.parts.Close(); err != nil {
		return fileReport{}, err
	}
	if s.digests != nil {
		sum := s.digests.Sum()
		s.report.Digests = &sum
	}
	return s.report, nil
}

// objectSink writes an object of unknown size: in one request if it fits into a part, else by an upload of its own. The
// object appears at close.
type objectSink struct {
	*uploadSink
	ctx      context.Context
	bucket   blob.Bucket
	object   objectPlace
	uploadID string // "" as long as there is no upload
	raced    bool   // something stood at the key
	closed   bool   // the upload has been completed, or has been asked to be
}

// objectPlace is where an objectSink writes, and how.
type objectPlace struct {
	key       string
	options   blob.PutOptions
	partBytes int64
	// once leaves what stands at the key, which must then be equal: another run of the same step was first.
	once bool
}

func newObjectSink(ctx context.Context, bucket blob.Bucket, place objectPlace) *objectSink {
	s := &objectSink{ctx: ctx, bucket: bucket, object: place}
	s.uploadSink = newWholeSink(place.partBytes, s.put)
	return s
}

// put hands on a part. The first one is the object if it isn't full, for then nothing follows.
func (s *objectSink) put(n int, content []byte) (blob.UploadedPart, error) {
	if n == 1 && int64(len(content)) < s.object.partBytes {
		o := s.object.options
		o.IfAbsent = s.object.once
		_, err := s.bucket.Put(s.ctx, s.object.key, content, o)
		return blob.UploadedPart{Number: n}, s.settle(err)
	}
	if s.uploadID == "" {
		id, err := s.bucket.CreateUpload(s.ctx, s.object.key, s.object.options)
		if err != nil {
			return blob.UploadedPart{}, err
		}
		s.uploadID = id
		failpoint.Here("shard.opened")
	}
	part, err := s.bucket.UploadPart(s.ctx, s.object.key, s.uploadID, n, bytes.NewReader(content), int64(len(content)))
	return part, lostWork(err)
}

// abortPatience is how long a failed object's upload is waited for to go; what stays goes with the end of the export.
const abortPatience = 10 * time.Second

// discard drops the upload as well: of an export that has ended meanwhile nobody else would.
func (s *objectSink) discard() {
	s.uploadSink.discard() // first: it can't fail
	if s.uploadID == "" || s.closed {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), abortPatience)
	defer cancel()
	_ = s.bucket.AbortUpload(ctx, s.object.key, s.uploadID) // there is a failure already
}

// settle takes the presence of an object for success; close compares it.
func (s *objectSink) settle(err error) error {
	if s.object.once && fault.Is(err, fault.Conflict) {
		s.raced = true
		return nil
	}
	return err
}

func (s *objectSink) close() (fileReport, error) {
	r, err := s.uploadSink.close()
	if err != nil {
		return r, err
	}
	if s.uploadID != "" {
		if err := s.complete(r.Parts); err != nil {
			return r, err
		}
	}
	r.Parts = nil // they are nobody's to complete any more
	if s.raced {
		return r, s.compare(*r.Digests)
	}
	return r, nil
}

// complete makes the object appear. An upload that is gone may have been completed by a call whose reply was lost.
func (s *objectSink) complete(parts []blob.UploadedPart) error {
	s.closed = true
	_, err := s.bucket.CompleteUpload(s.ctx, s.object.key, s.uploadID, parts, s.object.once)
	failpoint.Here("shard.completed")
	switch {
	case fault.Is(err, fault.NotFound):
		s.raced = true
		return nil
	case s.object.once && fault.Is(err, fault.Conflict):
		s.raced = true
		return s.bucket.AbortUpload(s.ctx, s.object.key, s.uploadID)
	}
	return err
}

// compare holds what stands at the key against what was written.
func (s *objectSink) compare(written artifact.Digests) error {
	body, _, err := s.bucket.Open(s.ctx, s.object.key, 0, -1)
	if err != nil {
		return lostWork(err)
	}
	defer body.Close()
	found, err := artifact.DigestOf(body, s.object.partBytes)
	if err == nil && found.TreeSHA256 != written.TreeSHA256 {
		err = errDiffers
	}
	return err
}

var errDiffers = fault.New(fault.Conflict, "artifact_differs", "Another document stands where this export's belongs.")

// equalParts reports whether a file is the one whose parts were reported.
func equalParts(found artifact.Digests, r fileReport) bool {
	sums := make([]string, len(r.Sums))
	for i, s := range r.Sums {
		sums[i] = s.SHA256
	}
	return found.Bytes == r.Bytes && slices.Equal(found.PartSHA256, sums)
}
