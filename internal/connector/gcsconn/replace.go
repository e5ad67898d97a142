package gcsconn

import (
	"context"
	"net/url"

	"github.com/videovector/exports/internal/connector"
)

// Replace implements connector.Target. A generation is a write's own: an object that was written again is another one,
// were it equal.
func (t *target) Replace(ctx context.Context, o connector.Object, old connector.Info) error {
	if err := connector.CheckKey(o.Key); err != nil {
		return err
	}
	content, err := connector.ReadPart(ctx, o, 0, o.Bytes)
	if err != nil {
		return err
	}
	return t.write(ctx, o, content, url.Values{"ifGenerationMatch": {old.VersionID}}, toReplace)
}
