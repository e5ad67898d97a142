package dynamostore

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

var _ store.KeyAdmin = (*Store)(nil)

// keyPointerRow is an entry that leads to a key. Everything else about the key stands in the key's own item.
type keyPointerRow struct {
	Hash string `dynamodbav:"hash"`
}

// CreateAPIKey writes the key and the two entries that lead to it in one transaction.
func (s *Store) CreateAPIKey(ctx context.Context, k store.APIKey) error {
	writes, err := s.keyWrites(k)
	if err != nil {
		return err
	}
	err = s.transact(ctx, writes)
	if reason(err, reasonCondition) {
		return store.ErrAPIKeyExists
	}
	return err
}

// keyWrites are the puts of a new key: its item, and what leads there.
func (s *Store) keyWrites(k store.APIKey) ([]types.TransactWriteItem, error) {
	if err := writable(k.Hash, k.KeyID, k.AccountID); err != nil {
		return nil, err
	}
	var writes []types.TransactWriteItem
	for _, w := range []struct {
		key key
		row any
	}{
		{apiKeyKey(k.Hash), apiKeyRow(k)},
		{keyIDKey(k.KeyID), keyPointerRow{k.Hash}},
		{keyOfKey(k.AccountID, k.KeyID), keyPointerRow{k.Hash}},
	} {
		i, err := encode(w.key, w.row)
		if err != nil {
			return nil, err
		}
		writes = append(writes, s.putInTx(i, absentItem))
	}
	return writes, nil
}

// APIKeyByID reads the id's entry, then the key.
func (s *Store) APIKeyByID(ctx context.Context, id string) (store.APIKey, error) {
	if !valid(id) {
		return store.APIKey{}, store.ErrAPIKeyNotFound
	}
	at, err := get[keyPointerRow](ctx, s, keyIDKey(id), store.ErrAPIKeyNotFound)
	if err != nil {
		return store.APIKey{}, err
	}
	return s.APIKey(ctx, at.Hash)
}

// ListAPIKeys reads the account's entries, then each key: an account has a handful.
func (s *Store) ListAPIKeys(ctx context.Context, account string) (all []store.APIKey, err error) {
	if !valid(account) {
		return nil, nil
	}
	err = s.query(ctx, keyOfKey(account, ""), func(i item) error {
		at, err := decode[keyPointerRow](i)
		if err != nil {
			return err
		}
		k, err := s.APIKey(ctx, at.Hash)
		if fault.Is(err, fault.NotFound) { // somebody removed the item by hand: it opens nothing any more
			return nil
		}
		all = append(all, k)
		return err
	})
	slices.Reverse(all)
	return all, err
}

// keySaves bounds the tries of a write that others come before.
const keySaves = 5

// RevokeAPIKey is a conditional update of the end that was read.
func (s *Store) RevokeAPIKey(ctx context.Context, hash string, at time.Time) (store.APIKey, error) {
	return s.endKey(ctx, hash, at, time.Time{}, nil)
}

// ReplaceAPIKey is the same update in one transaction with the next key's puts.
func (s *Store) ReplaceAPIKey(ctx context.Context, hash string, r store.Replacement) (store.APIKey, error) {
	next, err := s.keyWrites(r.Next)
	if err != nil {
		return store.APIKey{}, err
	}
	return s.endKey(ctx, hash, r.End, r.Now, next)
}

// endKey makes the key end at the time, together with the other writes, which are the next key's. With those, a key that
// has ended at now is refused.
func (s *Store) endKey(ctx context.Context, hash string, at, now time.Time, with []types.TransactWriteItem) (store.APIKey, error) {
	if !valid(hash) {
		return store.APIKey{}, store.ErrAPIKeyNotFound
	}
	for range keySaves {
		i, err := s.item(ctx, apiKeyKey(hash))
		if err != nil {
			return store.APIKey{}, err
		}
		if i == nil {
			return store.APIKey{}, store.ErrAPIKeyNotFound
		}
		row, err := decode[apiKeyRow](i)
		if err != nil {
			return store.APIKey{}, err
		}
		if with != nil && store.APIKey(row).Revoked(now) {
			return store.APIKey(row), store.ErrAPIKeyRevoked
		}
		ended, changed := store.APIKey(row).Until(at)
		if !changed && with == nil {
			return ended, nil
		}
		update, err := s.endUpdate(i, ended)
		if err != nil {
			return store.APIKey{}, err
		}
		err = s.transact(ctx, append([]types.TransactWriteItem{update}, with...))
		why := reasons(err)
		switch {
		case err == nil:
			return ended, nil
		case len(why) == 0:
			return store.APIKey{}, err
		case slices.ContainsFunc(why[1:], func(r types.CancellationReason) bool { return aws.ToString(r.Code) == reasonCondition }):
			return store.APIKey{}, store.ErrAPIKeyExists
		case aws.ToString(why[0].Code) != reasonCondition:
			return store.APIKey{}, err
		}
	}
	return store.APIKey{}, store.Overtaken("API key")
}

// endUpdate sets the key's end if the item still has the end that it was read with.
func (s *Store) endUpdate(read item, k store.APIKey) (types.TransactWriteItem, error) {
	written, err := encode(apiKeyKey(k.Hash), apiKeyRow(k))
	if err != nil {
		return types.TransactWriteItem{}, err
	}
	condition, values := "attribute_exists(pk) AND attribute_not_exists(revoked_at)", item{":end": written["revoked_at"]}
	if seen, ok := read["revoked_at"]; ok {
		condition, values[":seen"] = "revoked_at = :seen", seen
	}
	return types.TransactWriteItem{Update: &types.Update{
		TableName: aws.String(s.table), Key: apiKeyKey(k.Hash).attributes(), UpdateExpression: aws.String("SET revoked_at = :end"),
		ConditionExpression: aws.String(condition), ExpressionAttributeValues: values,
	}}, nil
}

// AdoptAPIKeys scans the table for keys and writes the entries that are missing. A key without an id, or of an account
// that can't stand in a key, is passed over: nothing can name it.
func (s *Store) AdoptAPIKeys(ctx context.Context) (adopted int, err error) {
	client, ok := s.client.(dynamodb.ScanAPIClient)
	if !ok {
		return 0, store.Broken(errors.New("this client can't scan"))
	}
	pages := dynamodb.NewScanPaginator(client, &dynamodb.ScanInput{
		TableName: aws.String(s.table), ConsistentRead: aws.Bool(true),
		FilterExpression: aws.String("sk = :key"), ExpressionAttributeValues: item{":key": text("KEY")},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return adopted, failure(err)
		}
		for _, i := range page.Items {
			row, err := decode[apiKeyRow](i)
			if err != nil {
				return adopted, err
			}
			written, err := s.adopt(ctx, store.APIKey(row))
			if err != nil {
				return adopted, err
			}
			if written {
				adopted++
			}
		}
	}
	return adopted, nil
}

// adopt writes the key's entries, the account's first: once the id leads to the key, both are there.
func (s *Store) adopt(ctx context.Context, k store.APIKey) (written bool, err error) {
	if !valid(k.Hash, k.KeyID, k.AccountID) {
		return false, nil
	}
	for _, at := range []key{keyOfKey(k.AccountID, k.KeyID), keyIDKey(k.KeyID)} {
		i, err := encode(at, keyPointerRow{k.Hash})
		if err != nil {
			return false, err
		}
		if _, written, err = s.putIf(ctx, i, absentItem); err != nil {
			return false, err
		}
	}
	return written, nil
}
