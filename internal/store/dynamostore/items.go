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

// query visits every item whose key begins with the key.
func (s *Store) query(ctx context.Context, k key, visit func(item) error) error {
	return s.each(ctx, s.below(k), visit)
}

// below is the strongly consistent query of all items whose keys begin with the key.
func (s *Store) below(k key) *dynamodb.QueryInput {
	return &dynamodb.QueryInput{
		TableName: aws.String(s.table), ConsistentRead: aws.Bool(true),
		KeyConditionExpression:    aws.String("pk = :pk AND begins_with(sk, :sk)"),
		ExpressionAttributeValues: item{":pk": text(k.pk), ":sk": text(k.sk)},
	}
}

// backwards is below, the highest key first.
func (s *Store) backwards(k key) *dynamodb.QueryInput {
	in := s.below(k)
	in.ScanIndexForward = aws.Bool(false)
	return in
}

// each visits every item of the query, however many calls that takes.
func (s *Store) each(ctx context.Context, in *dynamodb.QueryInput, visit func(item) error) error {
	pages := dynamodb.NewQueryPaginator(s.client, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return failure(err)
		}
		for _, i := range page.Items {
			if err := visit(i); err != nil {
				return err
			}
		}
	}
	return nil
}

// putMine writes the item if the condition holds. Else saved is false, and there tells whether there is one; an item that
// has the writer's own token was written by it.
func (s *Store) putMine(ctx context.Context, i item, mine string, when condition) (there, saved bool, err error) {
	stored, ok, err := s.putIf(ctx, i, when)
	if err != nil || ok || len(stored) == 0 {
		return false, ok, err
	}
	return true, textOf(stored["write_token"]) == mine, nil
}

// withoutSecrets gives the rows of all items below the key, the highest first, without their secrets: nobody who lists
// needs one.
func withoutSecrets[R any](ctx context.Context, s *Store, k key) (rows []R, err error) {
	err = s.each(ctx, s.backwards(k), func(i item) error {
		delete(i, "secret")
		row, err := decode[R](i)
		rows = append(rows, row)
		return err
	})
	if err != nil {
		return nil, err
	}
	return rows, nil
}
