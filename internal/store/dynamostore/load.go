package dynamostore

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
)

// PutRun replaces the run and its parts: first the parts, without those of an earlier and longer list, then in one
// transaction the run and its place in the index.
func (s *Store) PutRun(ctx context.Context, r export.Run, parts []export.Part) error {
	if err := writable(r.AccountID, r.ID); err != nil {
		return err
	}
	writes, err := s.partWrites(ctx, r, parts)
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(writes, maxBatch) {
		if err := s.transact(ctx, batch); err != nil {
			return err
		}
	}
	writes, err = s.runWrites(ctx, r)
	if err != nil {
		return err
	}
	return s.transact(ctx, writes)
}

// transact carries the writes out, all or none. The SDK's repetitions of a lost reply count as one.
func (s *Store) transact(ctx context.Context, writes []types.TransactWriteItem) error {
	_, err := s.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
		ClientRequestToken: aws.String(token()), TransactItems: writes,
	})
	return failure(err)
}

// partWrites puts every part and deletes the surplus of what is stored.
func (s *Store) partWrites(ctx context.Context, r export.Run, parts []export.Part) (writes []types.TransactWriteItem, err error) {
	wanted := map[int]bool{}
	for _, p := range parts {
		wanted[p.Number] = true
		i, err := encode(partKey(r.AccountID, r.ID, p.Number), partRow(p))
		if err != nil {
			return nil, err
		}
		writes = append(writes, s.putAny(i))
	}
	stored, err := s.Parts(ctx, r.AccountID, r.ID)
	for _, p := range stored {
		if !wanted[p.Number] {
			writes = append(writes, s.deleteAny(partKey(r.AccountID, r.ID, p.Number)))
		}
	}
	return writes, err
}

// runWrites puts the run, and moves it from the index it was in to the one it is in.
func (s *Store) runWrites(ctx context.Context, r export.Run) ([]types.TransactWriteItem, error) {
	i, err := encodeRun(r)
	if err != nil {
		return nil, err
	}
	writes := []types.TransactWriteItem{s.putAny(i)}
	if r.IndexID != "" {
		if err := writable(r.IndexID); err != nil {
			return nil, err
		}
		i, err := encode(memberKey(r.AccountID, r.IndexID, r.ID), memberRow{})
		if err != nil {
			return nil, err
		}
		writes = append(writes, s.putAny(i))
	}
	old, err := s.Run(ctx, r.AccountID, r.ID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	if old.IndexID != "" && old.IndexID != r.IndexID {
		writes = append(writes, s.deleteAny(memberKey(r.AccountID, old.IndexID, r.ID)))
	}
	return writes, nil
}

func (s *Store) putAny(i item) types.TransactWriteItem {
	return types.TransactWriteItem{Put: &types.Put{TableName: aws.String(s.table), Item: i}}
}

func (s *Store) deleteAny(k key) types.TransactWriteItem {
	return types.TransactWriteItem{Delete: &types.Delete{TableName: aws.String(s.table), Key: k.attributes()}}
}
