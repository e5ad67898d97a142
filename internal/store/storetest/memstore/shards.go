package memstore

import (
	"context"
	"maps"
	"slices"

	"github.com/videovector/exports/internal/export"
)

// generation is whose notes they are.
type generation struct {
	key
	number int
}

// NoteShard implements store.Shards.
func (s *Store) NoteShard(ctx context.Context, account, exportID string, number int, n export.ShardNote) error {
	return s.do(ctx, func() error {
		g := generation{key{account, exportID}, number}
		if s.notes[g] == nil {
			s.notes[g] = map[int]export.ShardNote{}
		}
		s.notes[g][n.Shard] = n
		return nil
	})
}

// ShardNotes implements store.Shards.
func (s *Store) ShardNotes(ctx context.Context, account, exportID string, number int) (notes []export.ShardNote, err error) {
	err = s.do(ctx, func() error {
		notes = slices.Collect(maps.Values(s.notes[generation{key{account, exportID}, number}]))
		return nil
	})
	return notes, err
}
