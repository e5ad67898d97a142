package boot

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/videovector/exports/internal/wiring"
)

// Sizes are when packaging shards, and how large a shard is at least, in bytes.
type Sizes struct{ ShardAbove, ShardSize int64 }

// Variables of Sizes.
const (
	shardAbove = "SHARD_ABOVE"
	shardSize  = "SHARD_SIZE"
)

// Environment are the variables of the sizes that are set, as NAME=value.
func (s Sizes) Environment() (lines []string) {
	if s.ShardAbove > 0 {
		lines = append(lines, fmt.Sprintf("%s=%d", shardAbove, s.ShardAbove))
	}
	if s.ShardSize > 0 {
		lines = append(lines, fmt.Sprintf("%s=%d", shardSize, s.ShardSize))
	}
	return lines
}

// ShardSizes are SHARD_ABOVE and SHARD_SIZE, which a local service may set: nobody waits for gigabytes there. Deployed
// functions have the sizes that their time limits are made for.
func ShardSizes(_ context.Context, e *env, p *wiring.Parts) (err error) {
	for name, to := range map[string]*int64{shardAbove: &p.ShardThreshold, shardSize: &p.ShardBytes} {
		text := e.get(name)
		if text == "" {
			continue
		}
		if e.get("ACCOUNT_ROLE_ARN") != "none" {
			return fmt.Errorf("the environment variable %s is set, which is for a local service only", name)
		}
		if *to, err = strconv.ParseInt(text, 10, 64); err != nil || *to <= 0 {
			return errors.Join(fmt.Errorf("the environment variable %s is no size in bytes", name), err)
		}
	}
	return nil
}
