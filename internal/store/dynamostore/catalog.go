package dynamostore

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

// Index is one index of the account.
func (s *Store) Index(ctx context.Context, account, id string) (export.Index, error) {
	if !valid(account, id) {
		return export.Index{}, store.ErrIndexNotFound
	}
	row, err := get[indexRow](ctx, s, indexKey(account, id), store.ErrIndexNotFound)
	return export.Index(row), err
}

// PutIndex replaces the index.
func (s *Store) PutIndex(ctx context.Context, i export.Index) error {
	if err := writable(i.AccountID, i.ID); err != nil {
		return err
	}
	return s.put(ctx, indexKey(i.AccountID, i.ID), indexRow(i))
}

// Run is one run of the account.
func (s *Store) Run(ctx context.Context, account, id string) (export.Run, error) {
	if !valid(account, id) {
		return export.Run{}, store.ErrRunNotFound
	}
	i, err := s.item(ctx, runKey(account, id))
	if err != nil {
		return export.Run{}, err
	}
	if i == nil {
		return export.Run{}, store.ErrRunNotFound
	}
	return decodeRun(i)
}

// RunsOfIndex lists every run of the index, in no order: its members first, then their records in batches.
func (s *Store) RunsOfIndex(ctx context.Context, account, indexID string) ([]export.Run, error) {
	if !valid(account, indexID) {
		return nil, nil
	}
	members := memberKey(account, indexID, "")
	var keys []item
	err := s.query(ctx, members, func(i item) error {
		keys = append(keys, runKey(account, strings.TrimPrefix(textOf(i["sk"]), members.sk)).attributes())
		return nil
	})
	if err != nil {
		return nil, err
	}
	var runs []export.Run
	for batch := range slices.Chunk(keys, maxBatch) {
		found, err := s.runs(ctx, batch)
		if err != nil {
			return nil, err
		}
		runs = append(runs, found...)
	}
	return slices.DeleteFunc(runs, func(r export.Run) bool { return r.IndexID != indexID }), nil
}

// maxBatch is DynamoDB's limit on items of one batch and of one transaction.
const maxBatch = 100

// runs reads at most maxBatch runs. DynamoDB leaves out what goes beyond 16 MB and says so; as long as it gives
// something, the rest is asked for again.
func (s *Store) runs(ctx context.Context, keys []item) ([]export.Run, error) {
	var runs []export.Run
	for len(keys) > 0 {
		out, err := s.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
			s.table: {Keys: keys, ConsistentRead: aws.Bool(true)},
		}})
		if err != nil {
			return nil, failure(err)
		}
		for _, i := range out.Responses[s.table] {
			run, err := decodeRun(i)
			if err != nil {
				return nil, err
			}
			runs = append(runs, run)
		}
		rest := out.UnprocessedKeys[s.table].Keys
		if len(rest) == len(keys) {
			return nil, overloaded(errors.New("no key of the batch was processed"))
		}
		keys = rest
	}
	return runs, nil
}

// Parts lists a run's parts in order.
func (s *Store) Parts(ctx context.Context, account, runID string) ([]export.Part, error) {
	if !valid(account, runID) {
		return nil, nil
	}
	var parts []export.Part
	err := s.query(ctx, key{partKey(account, runID, 0).pk, partPrefix}, func(i item) error {
		row, err := decode[partRow](i)
		parts = append(parts, export.Part(row))
		return err
	})
	return parts, err
}
