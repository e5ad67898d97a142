package azureconn

import (
	"context"

	"github.com/videovector/exports/internal/connector"
)

// Replace implements connector.Target.
func (t *target) Replace(ctx context.Context, o connector.Object, old connector.Info) error {
	if err := checkKey(o.Key); err != nil {
		return err
	}
	return t.put(ctx, o, "If-Match", `"`+old.ETag+`"`, toReplace)
}
