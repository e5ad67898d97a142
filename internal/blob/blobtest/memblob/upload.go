package memblob

import (
	"bytes"
	"cmp"
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/fault"
)

type upload struct {
	key     string
	options blob.PutOptions
	parts   map[int]part
}

type part struct {
	content []byte
	sum     [md5.Size]byte
}

// CreateUpload implements blob.Uploader.
func (b *Bucket) CreateUpload(ctx context.Context, key string, o blob.PutOptions) (id string, err error) {
	err = b.do(ctx, CreateUpload, key, func() error {
		b.nextID++
		id = fmt.Sprintf("upload-%06d", b.nextID)
		b.uploads[id] = &upload{key, o, map[int]part{}}
		return nil
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

// UploadPart implements blob.Uploader.
func (b *Bucket) UploadPart(ctx context.Context, key, uploadID string, n int, body io.ReadSeeker, size int64) (done blob.UploadedPart, err error) {
	content, err := io.ReadAll(body)
	if err != nil {
		return blob.UploadedPart{}, fault.Wrap(err, fault.Unavailable, "part_unreadable", "The part could not be read.")
	}
	err = b.do(ctx, UploadPart, key, func() error {
		u, err := b.upload(key, uploadID)
		if err != nil {
			return err
		}
		if n < 1 || n > blob.MaxParts || int64(len(content)) != size {
			return fault.Newf(fault.Invalid, "part_invalid", "Part %d with %d bytes, announced as %d, can't be taken.", n, len(content), size)
		}
		p := part{content, md5.Sum(content)}
		u.parts[n] = p
		done = blob.UploadedPart{Number: n, ETag: p.etag()}
		return nil
	})
	if err != nil {
		return blob.UploadedPart{}, err
	}
	return done, nil
}

// Parts implements blob.Uploader.
func (b *Bucket) Parts(ctx context.Context, key, uploadID string, first, limit int) (held []blob.Part, err error) {
	err = b.do(ctx, Parts, key, func() error {
		u, err := b.upload(key, uploadID)
		if err != nil {
			return err
		}
		for _, n := range slices.Sorted(maps.Keys(u.parts)) {
			if p := u.parts[n]; n >= first && len(held) < limit {
				held = append(held, blob.Part{UploadedPart: blob.UploadedPart{Number: n, ETag: p.etag()}, Bytes: int64(len(p.content))})
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return held, nil
}

// CopyPart implements blob.Copier, from this bucket and from its neighbour. A fault set for uploading parts befalls it.
func (b *Bucket) CopyPart(ctx context.Context, key, uploadID string, n int, from blob.CopySource) (blob.UploadedPart, error) {
	source := b
	if b.cfg.Neighbour != nil && b.cfg.Neighbour.Name() == from.Bucket {
		source = b.cfg.Neighbour
	}
	body, info, err := source.Open(ctx, from.Key, from.Offset, from.Length)
	if err != nil {
		return blob.UploadedPart{}, err
	}
	defer body.Close()
	if info.ETag != from.ETag {
		return blob.UploadedPart{}, fault.New(fault.Conflict, "source_changed", "The object is another one by now.")
	}
	content, err := io.ReadAll(body)
	if err != nil {
		return blob.UploadedPart{}, err
	}
	return b.UploadPart(ctx, key, uploadID, n, bytes.NewReader(content), int64(len(content)))
}

func (p part) etag() string { return `"` + hex.EncodeToString(p.sum[:]) + `"` }

// upload finds an open upload; the caller holds the lock.
func (b *Bucket) upload(key, id string) (*upload, error) {
	u := b.uploads[id]
	if u == nil || u.key != key {
		return nil, fault.Newf(fault.NotFound, "upload_not_found", "There is no open upload %q of %q.", id, key)
	}
	return u, nil
}

// CompleteUpload implements blob.Uploader. A completed upload is forgotten: completing it again fails with
// fault.NotFound, the harder one of the two allowed outcomes.
func (b *Bucket) CompleteUpload(ctx context.Context, key, uploadID string, parts []blob.UploadedPart, ifAbsent bool) (info blob.Info, err error) {
	err = b.do(ctx, CompleteUpload, key, func() error {
		u, err := b.upload(key, uploadID)
		if err != nil {
			return err
		}
		content, etag, err := u.join(parts, b.cfg.MinPartBytes)
		if err != nil {
			return err
		}
		u.options.IfAbsent = ifAbsent
		if _, err := b.write(key, content, etag, u.options); err != nil {
			return err
		}
		info = blob.Info{Key: key, ETag: etag}
		delete(b.uploads, uploadID)
		return nil
	})
	if err != nil {
		return blob.Info{}, err
	}
	return info, nil
}

// join is the content of the listed parts, and its ETag as S3 makes it: the digest of the parts' digests.
func (u *upload) join(listed []blob.UploadedPart, least int64) (content []byte, etag string, err error) {
	var sums []byte
	last := 0
	for i, l := range listed {
		p, ok := u.parts[l.Number]
		small := i < len(listed)-1 && int64(len(p.content)) < least
		if !ok || strings.Trim(p.etag(), `"`) != strings.Trim(l.ETag, `"`) || l.Number <= last || small {
			return nil, "", fault.Newf(fault.Invalid, "parts_invalid", "Part %d is unknown, replaced, out of order or too small.", l.Number)
		}
		last = l.Number
		content = append(content, p.content...)
		sums = append(sums, p.sum[:]...)
	}
	if len(listed) == 0 {
		return nil, "", fault.New(fault.Invalid, "parts_invalid", "An upload needs a part.")
	}
	sum := md5.Sum(sums)
	return content, fmt.Sprintf("%x-%d", sum, len(listed)), nil
}

// AbortUpload implements blob.Uploader.
func (b *Bucket) AbortUpload(ctx context.Context, key, uploadID string) error {
	return b.do(ctx, AbortUpload, key, func() error {
		if _, err := b.upload(key, uploadID); err == nil {
			delete(b.uploads, uploadID)
		}
		return nil
	})
}

// Uploads implements blob.Uploader.
func (b *Bucket) Uploads(ctx context.Context, prefix string) (open []blob.Upload, err error) {
	err = b.do(ctx, Uploads, prefix, func() error {
		for _, id := range slices.Sorted(maps.Keys(b.uploads)) {
			if u := b.uploads[id]; strings.HasPrefix(u.key, prefix) {
				open = append(open, blob.Upload{Key: u.key, ID: id})
			}
		}
		slices.SortStableFunc(open, func(x, y blob.Upload) int { return cmp.Compare(x.Key, y.Key) })
		return nil
	})
	return open, err
}
