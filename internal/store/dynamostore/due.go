package dynamostore

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/videovector/exports/internal/store"
)

// DueExports lists them by the index, which lags behind the table. Accounts take turns among the first of each partition; what
// an account has under way its admission limits, so none fills them.
func (s *Store) DueExports(ctx context.Context, now time.Time, limit int) ([]store.Ref, error) {
	due, err := s.dueAmong(ctx, dueShards, shardsOf(openExports), now, limit)
	return store.InTurns(refs(due), store.Ref.Owner, limit), err
}

// shardsOf names the partitions of a kind.
func shardsOf(kind string) func(n uint32) string {
	return func(n uint32) string { return dueShard(kind, n) }
}

// dueAmong are the keys of what is due in a kind's partitions of the index, limit at most of each, soonest first. The index
// lags behind the table.
func (s *Store) dueAmong(ctx context.Context, partitions int, shard func(n uint32) string, now time.Time, limit int) ([]item, error) {
	found, err := fromEach(partitions, func(n uint32) ([]dueItem, error) { return s.dueIn(ctx, shard(n), now, limit) })
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b dueItem) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(textOf(a.key["pk"]), textOf(b.key["pk"])), cmp.Compare(textOf(a.key["sk"]), textOf(b.key["sk"])))
	})
	return keysOf(found), nil
}

// fromEach asks all partitions at once, by their numbers, and gives what they answer.
func fromEach[T any](partitions int, ask func(n uint32) ([]T, error)) ([]T, error) {
	found, errs := make([][]T, partitions), make([]error, partitions)
	var all sync.WaitGroup
	for n := range found {
		all.Go(func() { found[n], errs[n] = ask(uint32(n)) }) //nolint:gosec // G115: a few partitions
	}
	all.Wait()
	return slices.Concat(found...), errors.Join(errs...)
}

// OpenExports reads the whole index of open exports, which lags behind the table: some 200 bytes for each of them.
func (s *Store) OpenExports(ctx context.Context) (store.Open, error) {
	found, err := fromEach(dueShards, func(n uint32) ([]time.Time, error) { return s.openInShard(ctx, dueShard(openExports, n)) })
	var open store.Open
	for _, at := range found {
		open = open.Add(at)
	}
	return open, err
}

// openInShard is since when the exports of one partition are open.
func (s *Store) openInShard(ctx context.Context, shard string) (since []time.Time, err error) {
	pages := dynamodb.NewQueryPaginator(s.client, &dynamodb.QueryInput{
		TableName: aws.String(s.table), IndexName: aws.String(DueIndex),
		KeyConditionExpression:    aws.String("open_shard = :shard"),
		ExpressionAttributeValues: item{":shard": text(shard)},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, failure(err)
		}
		for _, i := range page.Items {
			at, err := time.Parse(time.RFC3339Nano, cmp.Or(textOf(i[retriedAt]), textOf(i[createdAt])))
			if err != nil {
				return nil, store.Broken(err)
			}
			since = append(since, at)
		}
	}
	return since, nil
}

// dueItem is an entry of the index.
type dueItem struct {
	key item
	at  int64 // ms since 1970
}

func keysOf(due []dueItem) (keys []item) {
	for _, d := range due {
		keys = append(keys, d.key)
	}
	return keys
}

// dueIn is the first entries of one partition, soonest first.
func (s *Store) dueIn(ctx context.Context, shard string, now time.Time, limit int) ([]dueItem, error) {
	out, err := s.client.Query(ctx, &dynamodb.QueryInput{
		TableName: aws.String(s.table), IndexName: aws.String(DueIndex),
		KeyConditionExpression:    aws.String("open_shard = :shard AND due_at <= :now"),
		ExpressionAttributeValues: item{":shard": text(shard), ":now": number(now.UnixMilli())},
		Limit:                     aws.Int32(int32(limit)), //nolint:gosec // G115: a page of the sweeper
	})
	if err != nil {
		return nil, failure(err)
	}
	var found []dueItem
	for _, i := range out.Items {
		at, ok := i["due_at"].(*types.AttributeValueMemberN)
		if !ok {
			continue
		}
		ms, err := strconv.ParseInt(at.Value, 10, 64)
		if err != nil {
			return nil, store.Broken(err)
		}
		found = append(found, dueItem{i, ms})
	}
	return found, nil
}
