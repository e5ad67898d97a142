package dynamostore

import (
	"context"
	"fmt"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

// noteRow is a shard's note. TTL lets DynamoDB clear it away.
type noteRow struct {
	Shard   int    `dynamodbav:"shard"`
	Records int64  `dynamodbav:"records"`
	Bytes   int64  `dynamodbav:"bytes"`
	At      millis `dynamodbav:"at"`
	TTL     int64  `dynamodbav:"ttl"`
}

// noteKey without a shard is the prefix of all notes of the generation.
func noteKey(account, exportID string, generation int, shard string) key {
	return key{accountPrefix + account, fmt.Sprintf("NOTE#%s#%d#%s", exportID, generation, shard)}
}

// NoteShard writes an item of the shard's own.
func (s *Store) NoteShard(ctx context.Context, account, exportID string, generation int, n export.ShardNote) error {
	if err := writable(account, exportID); err != nil {
		return err
	}
	return s.put(ctx, noteKey(account, exportID, generation, fmt.Sprint(n.Shard)), noteRow{
		n.Shard, n.Records, n.Bytes, millis(n.At), n.At.Add(store.NoteLife).Unix() + 1,
	})
}

// ShardNotes is one query: a page holds thousands of notes.
func (s *Store) ShardNotes(ctx context.Context, account, exportID string, generation int) (notes []export.ShardNote, err error) {
	if !valid(account, exportID) {
		return nil, nil
	}
	err = s.query(ctx, noteKey(account, exportID, generation, ""), func(i item) error {
		row, err := decode[noteRow](i)
		notes = append(notes, row.note())
		return err
	})
	return notes, err
}

func (r noteRow) note() export.ShardNote {
	return export.ShardNote{Shard: r.Shard, Records: r.Records, Bytes: r.Bytes, At: time.Time(r.At)}
}
