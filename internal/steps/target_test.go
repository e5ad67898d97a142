package steps_test

import (
	"context"
	"io"
	"iter"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/connector/conntest/memconn"
	"github.com/videovector/exports/internal/store"
)

// customer is a customer's bucket behind a gremlin. It is opened by every connector.
type customer struct {
	*gremlin
	bucket *memconn.Target
}

func newCustomer(g *gremlin) *customer { return &customer{gremlin: g, bucket: memconn.New("customer")} }

// OpenTarget implements connector.Opener.
func (c *customer) OpenTarget(context.Context, store.Connector) (connector.Target, error) {
	return c, c.do("connectors.OpenTarget", func() error { return nil })
}

// URI implements connector.Target.
func (c *customer) URI(key string) string { return "s3://customer/" + key }

// Create implements connector.Target.
func (c *customer) Create(ctx context.Context, o connector.Object) error {
	return c.do("target.Create "+o.Key, func() error { return c.bucket.Create(ctx, o) })
}

// Abandon implements connector.Abandoner. Nothing is ever left open in memory.
func (c *customer) Abandon(_ context.Context, key string) error {
	return c.do("target.Abandon "+key, func() error { return nil })
}

// Replace implements connector.Target.
func (c *customer) Replace(ctx context.Context, o connector.Object, old connector.Info) error {
	return c.do("target.Replace "+o.Key, func() error { return c.bucket.Replace(ctx, o, old) })
}

// Open implements connector.Target.
func (c *customer) Open(ctx context.Context, key string) (body io.ReadCloser, info connector.Info, err error) {
	err = c.do("target.Open "+key, func() error { body, info, err = c.bucket.Open(ctx, key); return err })
	return body, info, err
}

// Remove implements connector.Target.
func (c *customer) Remove(ctx context.Context, key string) error {
	return c.do("target.Remove "+key, func() error { return c.bucket.Remove(ctx, key) })
}

// List implements connector.Target. No step lists.
func (c *customer) List(ctx context.Context, q connector.ListQuery) iter.Seq2[connector.File, error] {
	return c.bucket.List(ctx, q)
}

// place puts an object there, as somebody else would.
func (c *customer) place(key string, content []byte) { c.bucket.Place(key, content) }

// holds is what stands in the bucket.
func (c *customer) holds() map[string][]byte { return c.bucket.Objects() }
