package dynamostore

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// CreateExport writes export and idempotency record in one transaction, or answers with the live record of the key.
//
// DynamoDB cancels a transaction that meets another one under way on the same item, and the SDK doesn't try it again.
// Racing twins meet like that, so this is the one place that does: it looks for the winner first and writes only while
// there is none. What may be repeated is safe to: a cancelled transaction wrote nothing.
func (s *Store) CreateExport(ctx context.Context, e export.Export, idem *store.Idempotency) (store.Idempotency, bool, error) {
	if idem == nil {
		return s.createAlone(ctx, e)
	}
	if err := writable(e.AccountID, e.ID, idem.AccountID, idem.Route, idem.Key); err != nil {
		return store.Idempotency{}, false, err
	}
	for wait := firstWait; ; wait *= 2 {
		rec, created, err := s.createUnder(ctx, e, *idem)
		if !reason(err, reasonConflict) || wait > lastWait {
			return rec, created, failure(err)
		}
		if err := pause(ctx, wait); err != nil {
			return store.Idempotency{}, false, failure(err)
		}
		rec, err = s.Idempotency(ctx, idem.IdempotencyKey, idem.Now)
		if !fault.Is(err, fault.NotFound) {
			return rec, err == nil && rec.ExportID == e.ID, err
		}
	}
}

// firstWait and lastWait bound the waits for a transaction in the way: 20 ms, doubling, seven times at most.
const (
	firstWait = 20 * time.Millisecond
	lastWait  = 1280 * time.Millisecond
)

// pause waits between half of d and d, so that twins don't meet again.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d/2 + rand.N(d/2)):
		return nil
	}
}

func (s *Store) createAlone(ctx context.Context, e export.Export) (store.Idempotency, bool, error) {
	_, saved, err := s.putExport(ctx, e, absentItem)
	if err == nil && !saved {
		err = store.ErrExportExists
	}
	return store.Idempotency{}, saved && err == nil, err
}

// createUnder tries the transaction once. Its failures are the SDK's own, but for those that decide the matter.
func (s *Store) createUnder(ctx context.Context, e export.Export, idem store.Idempotency) (store.Idempotency, bool, error) {
	writes, err := s.creation(e, idem)
	if err != nil {
		return store.Idempotency{}, false, err
	}
	_, err = s.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
		ClientRequestToken: aws.String(token()), // the SDK's repetitions of a lost reply count as one
		TransactItems:      writes,
	})
	if err == nil {
		return kept(idem), true, nil
	}
	switch why := reasons(err); {
	case len(why) == 2 && aws.ToString(why[0].Code) == reasonCondition:
		return s.winner(why[0].Item, e)
	case len(why) == 2 && aws.ToString(why[1].Code) == reasonCondition:
		return store.Idempotency{}, false, store.ErrExportExists
	}
	return store.Idempotency{}, false, err
}

// creation is the transaction's writes: the idempotency record first, then the export.
func (s *Store) creation(e export.Export, idem store.Idempotency) ([]types.TransactWriteItem, error) {
	record, err := encode(idempotencyKey(idem.IdempotencyKey), rowOfIdempotency(idem))
	if err != nil {
		return nil, err
	}
	created, err := encode(exportKey(e.AccountID, e.ID), rowOf(e, token()))
	if err != nil {
		return nil, err
	}
	return []types.TransactWriteItem{s.putInTx(record, expiredBy(idem.Now)), s.putInTx(created, absentItem)}, nil
}

func (s *Store) putInTx(i item, c condition) types.TransactWriteItem {
	return types.TransactWriteItem{Put: &types.Put{
		TableName: aws.String(s.table), Item: i,
		ConditionExpression: aws.String(c.expression), ExpressionAttributeNames: c.names, ExpressionAttributeValues: c.values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}}
}

// winner is the record that stands in the way. It may be e's own, of a write whose reply was lost.
func (s *Store) winner(i item, e export.Export) (store.Idempotency, bool, error) {
	row, err := decode[idempotencyRow](i)
	if err != nil {
		return store.Idempotency{}, false, err
	}
	rec := row.idempotency()
	return rec, rec.ExportID == e.ID, nil
}
