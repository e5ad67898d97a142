// Package memblob is a bucket in memory for tests. It is honest about what S3 promises: conditions, ranges, part
// numbers, uploads that appear whole and links that are signed and end. Faults are made on demand, before a call and,
// what matters more, after it: it was done, and still reported failure.
package memblob

import (
	"bytes"
	"cmp"
	"context"
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/fault"
)

// Config is what a bucket is made with; its zero value is usable.
type Config struct {
	Name         string           // "" means "memory"
	Clock        func() time.Time // nil means time.Now
	MinPartBytes int64            // smaller parts, the last one apart, are refused at completion; 0 allows any
	Neighbour    *Bucket          // another bucket that parts can be copied from
}

// Bucket implements blob.Bucket.
type Bucket struct {
	cfg    Config
	secret []byte // signs links
	faults faults

	mu      sync.Mutex
	objects map[string]object
	uploads map[string]*upload
	nextID  int
}

type object struct {
	content []byte
	info    blob.Info
	tag     blob.Tag
}

var (
	_ blob.Bucket = (*Bucket)(nil)
	_ blob.Copier = (*Bucket)(nil)
)

// New makes an empty bucket.
func New(cfg Config) *Bucket {
	cfg.Name = cmp.Or(cfg.Name, "memory")
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	return &Bucket{cfg: cfg, secret: []byte(rand.Text()), objects: map[string]object{}, uploads: map[string]*upload{}}
}

// Name implements blob.Reader.
func (b *Bucket) Name() string { return b.cfg.Name }

// Content is a copy of the object's bytes; ok says whether there is one.
func (b *Bucket) Content(key string) (content []byte, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o, ok := b.objects[key]
	return bytes.Clone(o.content), ok
}

// Tag is the object's tag, the zero value without one.
func (b *Bucket) Tag(key string) blob.Tag {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.objects[key].tag
}

// Keys are the keys of all objects, in order.
func (b *Bucket) Keys() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(maps.Keys(b.objects))
}

// Head implements blob.Reader.
func (b *Bucket) Head(ctx context.Context, key string) (info blob.Info, err error) {
	err = b.do(ctx, Head, key, func() error {
		info, err = b.head(key)
		return err
	})
	return info, err
}

func (b *Bucket) head(key string) (blob.Info, error) {
	o, ok := b.objects[key]
	if !ok {
		return blob.Info{}, fault.Newf(fault.NotFound, "object_not_found", "There is no object %q.", key)
	}
	return o.info, nil
}

// Open implements blob.Reader.
func (b *Bucket) Open(ctx context.Context, key string, offset, length int64) (body io.ReadCloser, info blob.Info, err error) {
	err = b.do(ctx, Open, key, func() error {
		if info, err = b.head(key); err != nil {
			return err
		}
		if offset < 0 || offset > 0 && offset >= info.Bytes {
			return fault.Newf(fault.Invalid, "range_invalid", "Offset %d is outside of the object's %d bytes.", offset, info.Bytes)
		}
		end := info.Bytes
		if length >= 0 {
			end = min(end, offset+length)
		}
		body = io.NopCloser(bytes.NewReader(b.objects[key].content[offset:end]))
		return nil
	})
	if err != nil {
		return nil, blob.Info{}, err
	}
	return body, info, nil
}

// List implements blob.Reader.
func (b *Bucket) List(ctx context.Context, prefix, startAfter string, limit int) (page []blob.Info, err error) {
	err = b.do(ctx, List, prefix, func() error {
		for _, key := range slices.Sorted(maps.Keys(b.objects)) {
			if len(page) < limit && key > startAfter && strings.HasPrefix(key, prefix) {
				info := b.objects[key].info
				info.ContentType = "" // as S3: a listing doesn't say
				page = append(page, info)
			}
		}
		return nil
	})
	return page, err
}

// Put implements blob.Writer.
func (b *Bucket) Put(ctx context.Context, key string, content []byte, o blob.PutOptions) (info blob.Info, err error) {
	err = b.do(ctx, Put, key, func() error {
		sum := md5.Sum(content)
		info, err = b.write(key, bytes.Clone(content), hex.EncodeToString(sum[:]), o)
		return err
	})
	return info, err
}

func (b *Bucket) write(key string, content []byte, etag string, o blob.PutOptions) (blob.Info, error) {
	if _, exists := b.objects[key]; exists && o.IfAbsent {
		return blob.Info{}, fault.Newf(fault.Conflict, "object_exists", "There is an object %q already.", key)
	}
	info := blob.Info{
		Key: key, Bytes: int64(len(content)), ETag: etag, ContentType: cmp.Or(o.ContentType, "application/octet-stream"),
		LastModified: b.cfg.Clock().UTC(),
	}
	b.objects[key] = object{content, info, o.Tag}
	return blob.Info{Key: key, Bytes: info.Bytes, ETag: etag}, nil
}

// Delete implements blob.Writer.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	return b.do(ctx, Delete, key, func() error {
		delete(b.objects, key)
		return nil
	})
}
