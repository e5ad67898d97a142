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
	if err := writable(e.AccountID, e.ID); err != nil {
		return store.Idempotency{}, false, err
	}
	created, err := encode(exportKey(e.AccountID, e.ID), rowOf(e, token()))
	if err != nil {
		return store.Idempotency{}, false, err
	}
	return s.createUnder(ctx, creation{*idem, created, store.ErrExportExists})
}

// creation is an item that is to be made under an idempotency record, and the failure if one stands there already.
type creation struct {
	idem   store.Idempotency
	item   item
	exists error
}

func (s *Store) createUnder(ctx context.Context, c creation) (store.Idempotency, bool, error) {
	return s.writeUnder(ctx, writeOnce{
		idem: c.idem, item: c.item, when: absentItem, mine: c.idem.ResourceID, refused: func(item) error { return c.exists },
	})
}

// writeOnce is an item that is to be written under an idempotency record.
type writeOnce struct {
	idem    store.Idempotency
	item    item
	when    condition
	refused func(stored item) error // why not, if the condition doesn't hold; stored is empty without an item
	mine    string                  // the resource of a record that only this write can have left; "" if others may have, too
}

// writeUnder writes the item and leaves the idempotency record, or answers with the live record of the key.
func (s *Store) writeUnder(ctx context.Context, c writeOnce) (store.Idempotency, bool, error) {
	if err := writable(c.idem.AccountID, c.idem.Route, c.idem.Key); err != nil {
		return store.Idempotency{}, false, err
	}
	for wait := firstWait; ; wait *= 2 {
		rec, created, err := s.tryWrite(ctx, c)
		if !reason(err, reasonConflict) || wait > lastWait {
			return rec, created, failure(err)
		}
		if err := pause(ctx, wait); err != nil {
			return store.Idempotency{}, false, failure(err)
		}
		rec, err = s.Idempotency(ctx, c.idem.IdempotencyKey, c.idem.Now)
		if !fault.Is(err, fault.NotFound) {
			return rec, err == nil && rec.ResourceID == c.mine, err
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
	case <-time.After(d/2 + rand.N(d/2)): //nolint:gosec // G404: a wait needs no secret
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

// tryWrite tries the transaction once: the idempotency record first, then the item. Its failures are the SDK's own,
// but for those that decide the matter.
func (s *Store) tryWrite(ctx context.Context, c writeOnce) (store.Idempotency, bool, error) {
	record, err := encode(idempotencyKey(c.idem.IdempotencyKey), rowOfIdempotency(c.idem))
	if err != nil {
		return store.Idempotency{}, false, err
	}
	_, err = s.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
		ClientRequestToken: aws.String(token()), // the SDK's repetitions of a lost reply count as one
		TransactItems:      []types.TransactWriteItem{s.putInTx(record, expiredBy(c.idem.Now)), s.putInTx(c.item, c.when)},
	})
	if err == nil {
		return kept(c.idem), true, nil
	}
	switch why := reasons(err); {
	case len(why) == 2 && aws.ToString(why[0].Code) == reasonCondition:
		return winner(why[0].Item, c.mine)
	case len(why) == 2 && aws.ToString(why[1].Code) == reasonCondition:
		return store.Idempotency{}, false, c.refused(why[1].Item)
	}
	return store.Idempotency{}, false, err
}

func (s *Store) putInTx(i item, c condition) types.TransactWriteItem {
	return types.TransactWriteItem{Put: &types.Put{
		TableName: aws.String(s.table), Item: i,
		ConditionExpression: aws.String(c.expression), ExpressionAttributeNames: c.names, ExpressionAttributeValues: c.values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}}
}

// winner is the record that stands in the way. It may be the writer's own, of a write whose reply was lost.
func winner(i item, mine string) (store.Idempotency, bool, error) {
	row, err := decode[idempotencyRow](i)
	if err != nil {
		return store.Idempotency{}, false, err
	}
	rec := row.idempotency()
	return rec, rec.ResourceID == mine, nil
}
