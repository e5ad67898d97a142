package dynamostore

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/videovector/exports/internal/store"
)

// maxListQueries bounds the calls that one page costs: large records fill DynamoDB's pages of 1 MB, and filters pass
// over what they don't select. A page that is short for that reason goes on at NextBefore.
const maxListQueries = 8

// scanned is how many records a filtered query looks at in one call.
const scanned = 500

// ListExports gives a page, newest first: ids sort by time, so the page is a backwards query of the account's partition.
func (s *Store) ListExports(ctx context.Context, account string, q store.ListQuery) (store.Page, error) {
	if !valid(account) {
		return store.Page{}, nil
	}
	in := s.listing(account, q)
	var page store.Page
	for range maxListQueries {
		out, err := s.client.Query(ctx, in)
		if err != nil {
			return store.Page{}, failure(err)
		}
		for _, i := range out.Items {
			if len(page.Exports) == q.Limit {
				page.NextBefore = page.Exports[q.Limit-1].ID
				return page, nil
			}
			row, err := decode[exportRow](i)
			if err != nil {
				return store.Page{}, err
			}
			if row.DeletedAt.IsZero() {
				page.Exports = append(page.Exports, row.export())
			}
		}
		if out.LastEvaluatedKey == nil {
			return page, nil
		}
		in.ExclusiveStartKey = out.LastEvaluatedKey
	}
	page.NextBefore = ref(in.ExclusiveStartKey).ExportID
	return page, nil
}

// listing is the first query of a page. Without a filter it asks for one record more than the page holds, which tells
// whether another page follows.
func (s *Store) listing(account string, q store.ListQuery) *dynamodb.QueryInput {
	in := &dynamodb.QueryInput{
		TableName: aws.String(s.table), ConsistentRead: aws.Bool(true), ScanIndexForward: aws.Bool(false),
		KeyConditionExpression:    aws.String("pk = :pk AND begins_with(sk, :exports)"),
		ExpressionAttributeValues: item{":pk": text(accountPrefix + account), ":exports": text(exportPrefix)},
		Limit:                     aws.Int32(int32(q.Limit + 1)), //nolint:gosec // G115: at most 201
	}
	if q.BeforeID != "" {
		in.ExclusiveStartKey = exportKey(account, q.BeforeID).attributes()
	}
	filter(in, q)
	return in
}

// filter narrows the query to the records that q selects.
func filter(in *dynamodb.QueryInput, q store.ListQuery) {
	var terms []string
	for _, f := range []struct{ attribute, value string }{
		{"status", string(q.Status)}, {"type", string(q.Type)}, {"target_id", q.TargetID},
	} {
		if f.value == "" {
			continue
		}
		if in.ExpressionAttributeNames == nil {
			in.ExpressionAttributeNames = map[string]string{}
		}
		in.ExpressionAttributeNames["#"+f.attribute] = f.attribute
		in.ExpressionAttributeValues[":"+f.attribute] = text(f.value)
		terms = append(terms, "#"+f.attribute+" = :"+f.attribute)
	}
	if len(terms) > 0 {
		in.FilterExpression = aws.String(strings.Join(terms, " AND "))
		in.Limit = aws.Int32(scanned)
	}
}
