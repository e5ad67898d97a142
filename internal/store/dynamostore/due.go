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

// dueExport is an entry of the index of open exports.
type dueExport struct {
	store.Ref
	at int64 // ms since 1970
}

// DueExports asks all partitions of the index at once and merges their answers. The index lags behind the table. Accounts
// take turns among the first of each partition; what an account has under way its admission limits, so none fills them.
func (s *Store) DueExports(ctx context.Context, now time.Time, limit int) ([]store.Ref, error) {
	due, err := s.due(ctx, openExports, now, limit)
	return store.InTurns(due, limit), err
}

// due are the first entries of each partition of the index that are of the kind, limit at most of each, soonest first.
func (s *Store) due(ctx context.Context, of string, now time.Time, limit int) ([]store.Ref, error) {
	var found [dueShards][]dueExport
	var errs [dueShards]error
	var all sync.WaitGroup
	for n := range found {
		all.Go(func() { found[n], errs[n] = s.dueInShard(ctx, dueShard(of, uint32(n)), now, limit) }) //nolint:gosec // G115: a few shards
	}
	all.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	merged := slices.Concat(found[:]...)
	slices.SortFunc(merged, func(a, b dueExport) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.AccountID, b.AccountID), cmp.Compare(a.ExportID, b.ExportID))
	})
	var refs []store.Ref
	for _, d := range merged {
		refs = append(refs, d.Ref)
	}
	return refs, nil
}

// OpenExports reads the whole index of open exports, which lags behind the table: some 200 bytes for each of them.
func (s *Store) OpenExports(ctx context.Context) (store.Open, error) {
	var found [dueShards][]time.Time
	var errs [dueShards]error
	var all sync.WaitGroup
	for n := range found {
		all.Go(func() { found[n], errs[n] = s.openInShard(ctx, dueShard(openExports, uint32(n))) }) //nolint:gosec // G115: a few shards
	}
	all.Wait()
	var open store.Open
	for _, at := range slices.Concat(found[:]...) {
		open = open.Add(at)
	}
	return open, errors.Join(errs[:]...)
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

// dueInShard is the first exports of one partition, soonest first.
func (s *Store) dueInShard(ctx context.Context, shard string, now time.Time, limit int) ([]dueExport, error) {
	items, err := s.dueIn(ctx, shard, now, limit)
	var found []dueExport
	for _, i := range items {
		found = append(found, dueExport{Ref: ref(i.key), at: i.at})
	}
	return found, err
}

// dueItem is an entry of the index.
type dueItem struct {
	key item
	at  int64 // ms since 1970
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
