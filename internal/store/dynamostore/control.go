package dynamostore

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

// SaveExportOnce writes export, idempotency record and admission in one transaction, or answers with the live record of the key.
func (s *Store) SaveExportOnce(ctx context.Context, next export.Export, fence export.Fence, idem *store.Idempotency, place *admission.Account) (export.Export, store.Idempotency, bool, error) {
	next.Revision = fence.Revision + 1
	if err := writable(next.AccountID, next.ID); err != nil {
		return export.Export{}, store.Idempotency{}, false, err
	}
	i, err := encode(exportKey(next.AccountID, next.ID), rowOf(next, token()))
	if err != nil {
		return export.Export{}, store.Idempotency{}, false, err
	}
	rec, done, err := s.writeUnder(ctx, writeOnce{idem: idem, place: place, item: i, when: under(fence), refused: func(stored item) error { return unsaved(stored, fence) }})
	if err != nil || !done {
		return export.Export{}, rec, false, err
	}
	return next, rec, true, nil
}

// unsaved is why a write under the fence was refused by what is stored.
func unsaved(stored item, fence export.Fence) error {
	if len(stored) == 0 {
		return store.ErrExportNotFound
	}
	row, err := decode[exportRow](stored)
	if err != nil {
		return err
	}
	return store.Refused(row.export(), fence)
}

// closingAhead is how many exports to clear up after are listed for each that is wanted, so that accounts can take turns.
const closingAhead = 5

// ClosingExports asks the one partition of the index that holds them. It lags behind the table.
func (s *Store) ClosingExports(ctx context.Context, now time.Time, limit int) ([]store.Ref, error) {
	due, err := s.dueIn(ctx, closingShard, now, closingAhead*limit)
	return store.InTurns(refs(keysOf(due)), store.Ref.Owner, limit), err
}

// RemoveExport removes the item if it is of a deleted export. Doing so again does nothing.
func (s *Store) RemoveExport(ctx context.Context, account, id string) error {
	if !valid(account, id) {
		return nil
	}
	_, err := s.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
		ClientRequestToken: aws.String(token()),
		TransactItems: []types.TransactWriteItem{{Delete: &types.Delete{
			TableName: aws.String(s.table), Key: exportKey(account, id).attributes(),
			ConditionExpression: aws.String("attribute_not_exists(pk) OR attribute_exists(deleted_at)"),
		}}},
	})
	if reason(err, reasonCondition) {
		return store.ErrExportKept
	}
	return failure(err)
}
