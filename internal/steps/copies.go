package steps

import (
	"context"
	"io"
	"sync"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/fault"
)

// copies lets the store copy what a plain NDJSON file and its inputs have in common: the bytes were read and checked, and
// need not be sent back. What is copied is the version that was read, or nothing.
type copies struct {
	copier  blob.Copier // nil: nothing is copied
	results blob.Reader

	mu   sync.Mutex
	tags map[string]string // ETags of what was read, by key
}

// source opens inputs and notes which version is read.
func (c *copies) source() artifact.Source {
	return func(ctx context.Context, in artifact.Input) (io.ReadCloser, error) {
		body, info, err := openInput(ctx, c.results, in)
		if err == nil {
			c.note(in.Key, info.ETag)
		}
		return body, err
	}
}

func (c *copies) note(key, tag string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tags == nil {
		c.tags = map[string]string{}
	}
	c.tags[key] = tag
}

func (c *copies) tag(key string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tags[key]
}

// versions are the ETags of the inputs that were read, up to the last one.
func (c *copies) versions(inputs []artifact.Input) []string {
	all, read := make([]string, len(inputs)), 0
	for i, in := range inputs {
		if all[i] = c.tag(in.Key); all[i] != "" {
			read = i + 1
		}
	}
	return all[:read]
}

// instead copies a part where it can, and puts it where it can't.
func (c *copies) instead(b *workbench, name string, offsets []int64, put uploader) uploader {
	w := b.workshop
	return func(n int, content []byte) (blob.UploadedPart, error) {
		from, ok := c.find(w.plan, offsets, n, int64(len(content)))
		if !ok {
			return put(n, content)
		}
		part, err := c.copier.CopyPart(b.ctx, fileKey(w.job, name), w.uploads[name], n, from)
		if err != nil && fault.As(err).Permanent() {
			return put(n, content) // the store doesn't copy this
		}
		return part, err
	}
}

// find is where the part's bytes stand, if one input holds them all.
func (c *copies) find(plan frozen, offsets []int64, n int, size int64) (blob.CopySource, bool) {
	from := int64(n-1) * plan.PartBytes
	i := inputAt(offsets, from)
	in := plan.Document.Inputs[i]
	tag := c.tag(in.Key)
	if c.copier == nil || tag == "" || in.Bytes <= blob.MinPartBytes || from+size > offsets[i+1] {
		return blob.CopySource{}, false
	}
	return blob.CopySource{Bucket: c.results.Name(), Key: in.Key, ETag: tag, Offset: from - offsets[i], Length: size}, true
}
