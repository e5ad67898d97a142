// Package dynamostream reads the stream of a local DynamoDB table, for the local service that keeps its records there. A
// deployed one leaves that to EventBridge.
package dynamostream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"github.com/videovector/exports/internal/changes"
	"github.com/videovector/exports/internal/store/dynamostore"
)

// API is what a Source calls; *dynamodbstreams.Client has it.
type API interface {
	ListStreams(context.Context, *dynamodbstreams.ListStreamsInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.ListStreamsOutput, error)
	DescribeStream(context.Context, *dynamodbstreams.DescribeStreamInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.DescribeStreamOutput, error)
	GetShardIterator(context.Context, *dynamodbstreams.GetShardIteratorInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetShardIteratorOutput, error)
	GetRecords(context.Context, *dynamodbstreams.GetRecordsInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetRecordsOutput, error)
}

// Source is a reader of the table's stream. It remembers in a file how far everything that it gave was forgotten, and a
// new one goes on from there. One goroutine uses it.
type Source struct {
	api         API
	table, file string

	done  position       // as in the file
	read  position       // beyond it: what is handed out, and what was of no interest
	given []changes.Item // not forgotten yet
}

// position is how far a stream was read: of each shard the last sequence number, closed once it has no more.
type position struct {
	Stream string            `json:"stream"`
	Shards map[string]string `json:"shards"`
}

// closed stands for the sequence number of a shard that was read to its end.
const closed = "closed"

// New is a reader of the table's stream whose position is in the file.
func New(api API, table, file string) (*Source, error) {
	s := &Source{api: api, table: table, file: file}
	raw, err := os.ReadFile(file) //nolint:gosec // G304: in the data folder of whoever runs the service
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err == nil {
		if err := json.Unmarshal(raw, &s.done); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	s.read = s.done.copy()
	return s, nil
}

func (p position) copy() position {
	c := position{p.Stream, map[string]string{}}
	for shard, sequence := range p.Shards {
		c.Shards[shard] = sequence
	}
	return c
}

// Changes gives what it gave before and was not told to forget, else what the stream has next.
func (s *Source) Changes(ctx context.Context, kinds []changes.Kind, limit int) ([]changes.Item, error) {
	if len(s.given) == 0 {
		if err := s.fetch(ctx, kinds); err != nil {
			return nil, err
		}
	}
	return append([]changes.Item(nil), s.given[:min(limit, len(s.given))]...), nil
}

// Forget notes the position once nothing that was given is left.
func (s *Source) Forget(_ context.Context, ids []string) error {
	s.given = slices.DeleteFunc(s.given, func(i changes.Item) bool { return slices.Contains(ids, i.ID) })
	if len(s.given) > 0 {
		return nil
	}
	return s.save()
}

// save writes the position, whole or not at all.
func (s *Source) save() error {
	raw, err := json.Marshal(s.read)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(s.file), 0o700); err != nil {
		return err
	}
	next := s.file + ".next"
	if err := os.WriteFile(next, raw, 0o600); err != nil {
		return err
	}
	if err := os.Rename(next, s.file); err != nil {
		return err
	}
	s.done = s.read.copy()
	return nil
}

// newest is the table's latest stream. DynamoDB keeps those of tables of the same name that are gone, in no order; labels are
// the times of their making.
func (s *Source) newest(ctx context.Context) (arn string, err error) {
	label := ""
	in := &dynamodbstreams.ListStreamsInput{TableName: aws.String(s.table)}
	for {
		page, err := s.api.ListStreams(ctx, in)
		if err != nil {
			return "", err
		}
		for _, stream := range page.Streams {
			if l := aws.ToString(stream.StreamLabel); arn == "" || l > label {
				arn, label = aws.ToString(stream.StreamArn), l
			}
		}
		if in.ExclusiveStartStreamArn = page.LastEvaluatedStreamArn; in.ExclusiveStartStreamArn == nil {
			break
		}
	}
	if arn == "" {
		return "", fmt.Errorf("the table %s has no stream: it was made by an older release, and has to be made anew", s.table)
	}
	return arn, nil
}

// fetch reads one page of every shard. A stream that is new is read from the beginning.
func (s *Source) fetch(ctx context.Context, kinds []changes.Kind) error {
	arn, err := s.newest(ctx)
	if err != nil {
		return err
	}
	if s.read.Stream != arn {
		s.read = position{arn, map[string]string{}}
	}
	in := &dynamodbstreams.DescribeStreamInput{StreamArn: aws.String(arn)}
	for {
		page, err := s.api.DescribeStream(ctx, in)
		if err != nil {
			return err
		}
		for _, shard := range page.StreamDescription.Shards {
			if err := s.fetchShard(ctx, aws.ToString(shard.ShardId), kinds); err != nil {
				return err
			}
		}
		if in.ExclusiveStartShardId = page.StreamDescription.LastEvaluatedShardId; in.ExclusiveStartShardId == nil {
			return nil
		}
	}
}

func (s *Source) fetchShard(ctx context.Context, shard string, kinds []changes.Kind) error {
	if s.read.Shards[shard] == closed {
		return nil
	}
	iterator, err := s.iterator(ctx, shard)
	if err != nil {
		return err
	}
	page, err := s.api.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: iterator})
	if err != nil {
		return err
	}
	for _, r := range page.Records {
		i, ok, err := item(r)
		if err != nil {
			return err
		}
		if ok && slices.Contains(kinds, i.Kind) {
			s.given = append(s.given, i)
		}
		s.read.Shards[shard] = aws.ToString(r.Dynamodb.SequenceNumber)
	}
	if page.NextShardIterator == nil {
		s.read.Shards[shard] = closed
	}
	return nil
}

// iterator begins after what was read, or where the stream now begins if that is gone.
func (s *Source) iterator(ctx context.Context, shard string) (*string, error) {
	in := &dynamodbstreams.GetShardIteratorInput{
		StreamArn: aws.String(s.read.Stream), ShardId: aws.String(shard), ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
	}
	if last := s.read.Shards[shard]; last != "" {
		in.ShardIteratorType, in.SequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, aws.String(last)
	}
	out, err := s.api.GetShardIterator(ctx, in)
	var trimmed *types.TrimmedDataAccessException
	if errors.As(err, &trimmed) {
		in.ShardIteratorType, in.SequenceNumber = types.ShardIteratorTypeTrimHorizon, nil
		out, err = s.api.GetShardIterator(ctx, in)
	}
	if err != nil {
		return nil, err
	}
	return out.ShardIterator, nil
}

// item is what the record tells; a removal tells nothing.
func item(r types.Record) (i changes.Item, ok bool, err error) {
	if r.Dynamodb == nil || r.EventName == types.OperationTypeRemove {
		return i, false, nil
	}
	was, err := attributevalue.FromDynamoDBStreamsMap(r.Dynamodb.OldImage)
	if err != nil {
		return i, false, err
	}
	image, err := attributevalue.FromDynamoDBStreamsMap(r.Dynamodb.NewImage)
	if err != nil {
		return i, false, err
	}
	i, ok = dynamostore.ChangeOf(was, image)
	i.ID = aws.ToString(r.EventID)
	return i, ok, nil
}
