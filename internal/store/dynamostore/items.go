package dynamostore

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/videovector/exports/internal/fault"
)

// get reads one row, or answers absent.
func get[T any](ctx context.Context, s *Store, k key, absent *fault.Error) (T, error) {
	i, err := s.item(ctx, k)
	var none T
	if err != nil {
		return none, err
	}
	if i == nil {
		return none, absent
	}
	return decode[T](i)
}

// item is the item at the key, nil for none.
func (s *Store) item(ctx context.Context, k key) (item, error) {
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: aws.String(s.table), Key: k.attributes(), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return nil, failure(err)
	}
	if len(out.Item) == 0 {
		return nil, nil
	}
	return out.Item, nil
}

// put replaces the item at the key.
func (s *Store) put(ctx context.Context, k key, row any) error {
	i, err := encode(k, row)
	if err != nil {
		return err
	}
	_, err = s.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(s.table), Item: i})
	return failure(err)
}

// condition is what must hold of an item for it to be written over.
type condition struct {
	expression string
	names      map[string]string
	values     item
}

var absentItem = condition{expression: "attribute_not_exists(pk)"}

// putIf writes the item if the condition holds, else it answers with the item that is there: ok is false, and stored
// is empty when there is none.
func (s *Store) putIf(ctx context.Context, i item, c condition) (stored item, ok bool, err error) {
	_, err = s.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: aws.String(s.table), Item: i,
		ConditionExpression: aws.String(c.expression), ExpressionAttributeNames: c.names, ExpressionAttributeValues: c.values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	var failed *types.ConditionalCheckFailedException
	if errors.As(err, &failed) {
		return failed.Item, false, nil
	}
	return nil, err == nil, failure(err)
}

// query gives every item of the query, however many calls that takes, strongly consistent.
func (s *Store) query(ctx context.Context, k key, each func(item) error) error {
	pages := dynamodb.NewQueryPaginator(s.client, &dynamodb.QueryInput{
		TableName: aws.String(s.table), ConsistentRead: aws.Bool(true),
		KeyConditionExpression:    aws.String("pk = :pk AND begins_with(sk, :sk)"),
		ExpressionAttributeValues: item{":pk": text(k.pk), ":sk": text(k.sk)},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return failure(err)
		}
		for _, i := range page.Items {
			if err := each(i); err != nil {
				return err
			}
		}
	}
	return nil
}
