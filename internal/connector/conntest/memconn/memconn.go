// Package memconn is a customer's bucket in memory, for tests: an honest connector.Target that can fail before a call,
// or after the call has had its effect.
package memconn

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// Call is one call of the target.
type Call struct {
	Method string // Create, Replace, Open, Remove or List
	Key    string // or prefix
	N      int    // among all calls, from 1
}

// Hook decides a call's fate. An error of before is returned in place of the call; an error of after once the call has
// had its effect.
type Hook func(Call) (before, after error)

// ErrInjected is a reply that never came.
var ErrInjected = fault.New(fault.Unavailable, "destination_unavailable", "The destination did not answer.")

// Target is the bucket. It is safe for concurrent use.
type Target struct {
	name string

	mu      sync.Mutex
	hook    Hook
	calls   int
	writes  int
	objects map[string]object
}

type object struct {
	content     []byte
	contentType string
	written     int // the how-manieth write it was
}

var _ connector.Target = (*Target)(nil)

// New is an empty bucket; every call goes well until SetHook.
func New(name string) *Target { return &Target{name: name, objects: map[string]object{}} }

// SetHook asks h, which may be nil, about every call from now on and counts them from zero.
func (t *Target) SetHook(h Hook) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hook, t.calls = h, 0
}

// Objects copies what the bucket holds, by key.
func (t *Target) Objects() map[string][]byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := map[string][]byte{}
	for key, o := range t.objects {
		all[key] = bytes.Clone(o.content)
	}
	return all
}

// Place puts an object there, as somebody else would.
func (t *Target) Place(key string, content []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.write(key, content, "application/octet-stream")
}

func (t *Target) write(key string, content []byte, contentType string) {
	t.writes++
	t.objects[key] = object{bytes.Clone(content), contentType, t.writes}
}

// URI implements connector.Target.
func (t *Target) URI(key string) string { return "mem://" + t.name + "/" + key }

// Create implements connector.Target.
func (t *Target) Create(ctx context.Context, o connector.Object) error {
	return t.put(ctx, "Create", o, func(_ object, there bool) bool { return !there })
}

// Replace implements connector.Target.
func (t *Target) Replace(ctx context.Context, o connector.Object, old connector.Info) error {
	return t.put(ctx, "Replace", o, func(stored object, there bool) bool { return there && etag(stored) == old.ETag })
}

// put writes the object if the condition holds of what stands there.
func (t *Target) put(ctx context.Context, method string, o connector.Object, when func(stored object, there bool) bool) error {
	if err := connector.CheckKey(o.Key); err != nil {
		return err
	}
	content, err := connector.ReadPart(ctx, o, 0, o.Bytes)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fault.Wrap(err, fault.Unavailable, "destination_unavailable", "The destination was not waited for.")
	}
	return t.call(method, o.Key, func() error {
		if stored, there := t.objects[o.Key]; !when(stored, there) {
			return fault.New(fault.Conflict, "destination_exists", "Another object stands there, or none.")
		}
		t.write(o.Key, content, o.ContentType)
		return nil
	})
}

func etag(o object) string { return fmt.Sprintf("etag-%d", o.written) }

// Open implements connector.Target.
func (t *Target) Open(_ context.Context, key string) (body io.ReadCloser, info connector.Info, err error) {
	if err := connector.CheckKey(key); err != nil {
		return nil, info, err
	}
	err = t.call("Open", key, func() error {
		o, ok := t.objects[key]
		if !ok {
			return fault.New(fault.NotFound, "object_not_found", "There is no such object.")
		}
		info = connector.Info{Bytes: int64(len(o.content)), ETag: etag(o), VersionID: fmt.Sprint(o.written)}
		body = io.NopCloser(bytes.NewReader(o.content))
		return nil
	})
	return body, info, err
}

// Remove implements connector.Target.
func (t *Target) Remove(_ context.Context, key string) error {
	if err := connector.CheckKey(key); err != nil {
		return err
	}
	return t.call("Remove", key, func() error {
		delete(t.objects, key)
		return nil
	})
}

// pageKeys is how many keys a page of a listing looks at, and so one call.
const pageKeys = 1000

// List implements connector.Target.
func (t *Target) List(_ context.Context, q connector.ListQuery) iter.Seq2[connector.File, error] {
	return func(yield func(connector.File, error) bool) {
		for after, more := "", true; more; {
			var page []connector.File
			err := t.call("List", q.Prefix, func() error {
				page, after, more = t.page(q, after)
				return nil
			})
			if err != nil {
				yield(connector.File{}, err)
				return
			}
			for _, f := range page {
				if !yield(f, nil) {
					return
				}
			}
		}
	}
}

// page gives what matches among the next keys after one, the last of those keys, and whether there are others.
func (t *Target) page(q connector.ListQuery, after string) (page []connector.File, last string, more bool) {
	keys := slices.Sorted(maps.Keys(t.objects))
	from, found := slices.BinarySearch(keys, after)
	if found {
		from++
	}
	keys = keys[from:]
	more = len(keys) > pageKeys
	for _, key := range keys[:min(pageKeys, len(keys))] {
		last = key
		rest, ok := strings.CutPrefix(key, q.Prefix)
		if o := t.objects[key]; ok && (!q.Flat || !strings.Contains(rest, "/")) {
			page = append(page, connector.File{Key: key, Bytes: int64(len(o.content)), LastModified: time.Unix(int64(o.written), 0).UTC(), ContentType: o.contentType})
		}
	}
	return page, last, more
}

// call runs do as one call.
func (t *Target) call(method, key string, do func() error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.calls++
	var before, after error
	if t.hook != nil {
		before, after = t.hook(Call{method, key, t.calls})
	}
	if before != nil {
		return before
	}
	if err := do(); err != nil {
		return err
	}
	return after
}

// Opener opens every connector as the one target, whatever its record says.
type Opener struct{ Target *Target }

var _ connector.Opener = Opener{}

// OpenTarget implements connector.Opener.
func (o Opener) OpenTarget(context.Context, store.Connector) (connector.Target, error) {
	return o.Target, nil
}
