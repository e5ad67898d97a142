package steps_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"maps"
	"sync"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// customer is a customer's bucket behind a gremlin. It is opened by every connector.
type customer struct {
	*gremlin
	mu      sync.Mutex
	objects map[string][]byte
}

func newCustomer(g *gremlin) *customer { return &customer{gremlin: g, objects: map[string][]byte{}} }

// OpenTarget implements connector.Opener.
func (c *customer) OpenTarget(context.Context, store.Connector) (connector.Target, error) {
	return c, c.do("connectors.OpenTarget", func() error { return nil })
}

// URI implements connector.Target.
func (c *customer) URI(key string) string { return "s3://customer/" + key }

// Put implements connector.Target.
func (c *customer) Put(ctx context.Context, o connector.Object) (stored connector.Stored, err error) {
	err = c.do("target.Put "+o.Key, func() error { stored, err = c.put(ctx, o); return err })
	return stored, err
}

func (c *customer) put(ctx context.Context, o connector.Object) (connector.Stored, error) {
	body, err := o.Open(ctx, 0, -1)
	if err != nil {
		return connector.Stored{}, err
	}
	defer body.Close()
	content, err := io.ReadAll(body)
	if err != nil {
		return connector.Stored{}, err
	}
	there, present := c.place(o.Key, content)
	sum := sha256.Sum256(there)
	stored := connector.Stored{Bytes: int64(len(there)), SHA256: hex.EncodeToString(sum[:]), ETag: "etag-" + o.Key, AlreadyPresent: present}
	if stored.SHA256 != o.SHA256 || stored.Bytes != o.Bytes {
		return connector.Stored{}, fault.Newf(fault.Conflict, "destination_occupied", "Another object stands at %s.", c.URI(o.Key))
	}
	return stored, nil
}

// place puts an object at the key unless one stands there, and gives what then does.
func (c *customer) place(key string, content []byte) (there []byte, present bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	there, present = c.objects[key]
	if !present {
		there = bytes.Clone(content)
		c.objects[key] = there
	}
	return there, present
}

// holds is what stands in the bucket.
func (c *customer) holds() map[string][]byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.objects)
}
