package boot

import (
	"context"
	"errors"

	"github.com/videovector/exports/internal/wiring"
)

// Sizes are those of packaging that a local service may set. Deployed functions have the sizes that their time limits are
// made for.
func Sizes(_ context.Context, e *env, p *wiring.Parts) error {
	s, err := wiring.SizesFromEnvironment(e.get)
	if err == nil && s != (wiring.Sizes{}) && e.may("ACCOUNT_ROLE_ARN") != "none" {
		err = errors.New("SHARD_ABOVE and SHARD_SIZE are for a local service only")
	}
	p.ShardThreshold, p.ShardBytes = s.ShardAbove, s.ShardSize
	return err
}
