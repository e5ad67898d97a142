package dynamostore

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// CreateExport writes export, idempotency record and admission in one transaction, or answers with the live record of the
// key.
//
// DynamoDB cancels a transaction that meets another one under way on the same item, and the SDK doesn't try it again.
// Racing twins meet like that, so this is the one place that does: it looks for the winner first and writes only while
// there is none. What may be repeated is safe to: a cancelled transaction wrote nothing.
func (s *Store) CreateExport(ctx context.Context, e export.Export, idem *store.Idempotency, place *admission.Account) (store.Idempotency, bool, error) {
	if idem == nil && place == nil {
		return s.createAlone(ctx, e)
	}
	if err := writable(e.AccountID, e.ID); err != nil {
		return store.Idempotency{}, false, err
	}
	created, err := encode(exportKey(e.AccountID, e.ID), rowOf(e, token()))
	if err != nil {
		return store.Idempotency{}, false, err
	}
	return s.createUnder(ctx, creation{idem, created, store.ErrExportExists, place})
}

// creation is an item that is to be made under an idempotency record, and the failure if one stands there already.
type creation struct {
	idem   *store.Idempotency
	item   item
	exists error
	place  *admission.Account
}

func (s *Store) createUnder(ctx context.Context, c creation) (store.Idempotency, bool, error) {
	w := writeOnce{idem: c.idem, item: c.item, when: absentItem, place: c.place, refused: func(item) error { return c.exists }}
	if c.idem != nil {
		w.mine = c.idem.ResourceID
	}
	return s.writeUnder(ctx, w)
}

// writeOnce is an item that is to be written under an idempotency record.
type writeOnce struct {
	idem    *store.Idempotency // nil for none
	item    item
	when    condition
	refused func(stored item) error // why not, if the condition doesn't hold; stored is empty without an item
	mine    string                  // the resource of a record that only this write can have left; "" if others may have, too
	place   *admission.Account      // written as well; nil for none
}

// writeUnder writes the item and leaves the idempotency record, or answers with the live record of the key.
func (s *Store) writeUnder(ctx context.Context, c writeOnce) (store.Idempotency, bool, error) {
	t, err := s.transactionOf(c)
	if err != nil {
		return store.Idempotency{}, false, err
	}
	for wait := firstWait; ; wait *= 2 {
		rec, created, err := s.tryWrite(ctx, c, t)
		if !reason(err, reasonConflict) || wait > lastWait {
			return rec, created, failure(err)
		}
		if err := pause(ctx, wait); err != nil {
			return store.Idempotency{}, false, failure(err)
		}
		if c.idem == nil {
			continue
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

// transaction is the writes of one, and who judges when the condition of one of them doesn't hold. They stand in the order in
// which they decide the matter: a live record of the key before all, then the item's own condition.
type transaction struct {
	writes  []types.TransactWriteItem
	refused []func(stored item) (store.Idempotency, bool, error)
}

func (t *transaction) add(w types.TransactWriteItem, refused func(item) (store.Idempotency, bool, error)) {
	t.writes, t.refused = append(t.writes, w), append(t.refused, refused)
}

func (s *Store) transactionOf(c writeOnce) (t transaction, err error) {
	failed := func(f func(item) error) func(item) (store.Idempotency, bool, error) {
		return func(stored item) (store.Idempotency, bool, error) { return store.Idempotency{}, false, f(stored) }
	}
	if c.idem != nil {
		if err := writable(c.idem.AccountID, c.idem.Route, c.idem.Key); err != nil {
			return t, err
		}
		record, err := encode(idempotencyKey(c.idem.IdempotencyKey), rowOfIdempotency(*c.idem))
		if err != nil {
			return t, err
		}
		t.add(s.putInTx(record, expiredBy(c.idem.Now)), func(stored item) (store.Idempotency, bool, error) { return winner(stored, c.mine) })
	}
	t.add(s.putInTx(c.item, c.when), failed(c.refused))
	if c.place != nil {
		place, when, err := admissionWrite(*c.place)
		if err != nil {
			return t, err
		}
		t.add(s.putInTx(place, when), failed(func(item) error { return store.ErrAdmissionMoved }))
	}
	return t, nil
}

// tryWrite tries the transaction once. Its failures are the SDK's own, but for those that decide the matter.
func (s *Store) tryWrite(ctx context.Context, c writeOnce, t transaction) (store.Idempotency, bool, error) {
	_, err := s.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
		ClientRequestToken: aws.String(token()), // the SDK's repetitions of a lost reply count as one
		TransactItems:      t.writes,
	})
	if err == nil {
		if c.idem == nil {
			return store.Idempotency{}, true, nil
		}
		return kept(*c.idem), true, nil
	}
	why := reasons(err)
	for n := range min(len(why), len(t.refused)) {
		if aws.ToString(why[n].Code) == reasonCondition {
			return t.refused[n](why[n].Item)
		}
	}
	if c.place != nil && len(why) == len(t.writes) && aws.ToString(why[len(why)-1].Code) == reasonConflict {
		return store.Idempotency{}, false, store.ErrAdmissionMoved // whoever is in the way is about to move it
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
