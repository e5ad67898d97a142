package steps_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/fault"
)

// completions are the ways in which a store may answer to a completed upload that is completed again; the bucket in
// memory forgets the upload.
var completions = map[string]error{
	"as before":                     nil,
	"with the object's presence":    fault.New(fault.Conflict, "object_exists", "There is an object already."),
	"with another call's condition": fault.New(fault.Unavailable, "racing", "Another conditional write goes on."),
}

// completer answers a repeated completion in its own way.
type completer struct {
	blob.Bucket
	again error
	mu    sync.Mutex
	done  map[string]blob.Info
	calls int
}

func (c *completer) CompleteUpload(ctx context.Context, key, id string, parts []blob.UploadedPart, ifAbsent bool) (blob.Info, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if info, ok := c.done[id]; ok {
		if c.calls++; c.calls > 2 && fault.Is(c.again, fault.Unavailable) { // it goes on no longer
			return info, nil
		}
		return info, c.again
	}
	info, err := c.Bucket.CompleteUpload(ctx, key, id, parts, ifAbsent)
	c.done[id] = info
	return info, err
}

// TestALostCompletion: the upload was completed and the reply was lost. Whatever the store answers when it is completed
// again, there is one document, and the attempt goes on.
func TestALostCompletion(t *testing.T) {
	for name, again := range completions {
		for _, sharded := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, sharded %v", name, sharded), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := scenario{request: wholeIndex, sharded: sharded, around: func(_ *world, b blob.Bucket) blob.Bucket {
						return &completer{Bucket: b, again: again, done: map[string]blob.Info{}}
					}}
					w, e := play(t, s.with(first(1, "artifacts.CompleteUpload "+documentKey, lostAfter)))
					w.checkEnd(e)
				})
			})
		}
	}
}

// newTags gives every part an ETag of its own, as S3 does for parts that it encrypts under a KMS key: a part that is
// uploaded again is another one.
type newTags struct {
	blob.Bucket
	before func() // a completion
	mu     sync.Mutex
	count  int
	latest map[string]string
}

func (b *newTags) UploadPart(ctx context.Context, key, id string, n int, body io.ReadSeeker, size int64) (blob.UploadedPart, error) {
	p, err := b.Bucket.UploadPart(ctx, key, id, n, body, size)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count++
	p.ETag = fmt.Sprintf("%s/%d", p.ETag, b.count)
	b.latest[fmt.Sprint(id, n)] = p.ETag
	return p, err
}

func (b *newTags) Parts(ctx context.Context, key, id string, first, limit int) ([]blob.Part, error) {
	held, err := b.Bucket.Parts(ctx, key, id, first, limit)
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, p := range held {
		held[i].ETag = b.latest[fmt.Sprint(id, p.Number)]
	}
	return held, err
}

func (b *newTags) CompleteUpload(ctx context.Context, key, id string, parts []blob.UploadedPart, ifAbsent bool) (blob.Info, error) {
	b.before()
	b.mu.Lock()
	defer b.mu.Unlock()
	plain := make([]blob.UploadedPart, len(parts))
	for i, p := range parts {
		if b.latest[fmt.Sprint(id, p.Number)] != p.ETag {
			return blob.Info{}, fault.New(fault.Invalid, "parts_invalid", "A part was replaced.")
		}
		plain[i] = blob.UploadedPart{Number: p.Number, ETag: p.ETag[:strings.LastIndex(p.ETag, "/")]}
	}
	return b.Bucket.CompleteUpload(ctx, key, id, plain, ifAbsent)
}

// TestAPartIsReplacedByALateTwin: a worker that outlived its task uploads its part just before the upload is completed.
// The attempt is lost and the next one, with an upload of its own, is not.
func TestAPartIsReplacedByALateTwin(t *testing.T) {
	for name, s := range map[string]scenario{
		"single": {request: wholeIndex}, "sharded": {request: wholeIndex, sharded: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s.patient, s.attempts = true, 2
				s.around = func(w *world, b blob.Bucket) blob.Bucket {
					return &newTags{Bucket: b, latest: map[string]string{}, before: func() {
						w.thaw()
						time.Sleep(time.Second) // the late twin needs no longer
					}}
				}
				w, e := play(t, s.with(at(call{"artifacts.UploadPart 2", 1}, frozenBefore)))
				w.checkEnd(e)
				if want := "The export's parts were replaced; another attempt makes them anew."; e.LastError != want {
					t.Errorf("last error %q, want %q", e.LastError, want)
				}
			})
		})
	}
}

// TestOtherUploadsStay: what the service drops are uploads of the export's files, not of an export whose id begins alike.
func TestOtherUploadsStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const otherKey = "artifacts/acct_1/exp_12/exp_12.json"
		w := newWorld(t, scenario{request: wholeIndex})
		if _, err := w.artifacts.CreateUpload(t.Context(), otherKey, blob.PutOptions{}); err != nil {
			t.Fatal(err)
		}
		w.order()
		w.settle()
		if open := w.uploads(); len(open) != 1 || !strings.HasSuffix(open[0], otherKey) {
			t.Errorf("open uploads are %v, want the other one", open)
		}
	})
}
