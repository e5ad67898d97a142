package dynamostore

import (
	"errors"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/videovector/exports/internal/store"
)

// A row is a record with the names of its attributes. Rows of flat records have the record's very fields, so that a
// conversion makes one of the other and a field that only one of them has doesn't compile. Times are strings of
// RFC 3339 in UTC, but for those that DynamoDB compares, which are millis. Zero times are left out.

var (
	encoding = func(o *attributevalue.EncoderOptions) {
		o.TagKey = "json" // names the fields of export.Counts
		o.OmitEmptyTime = true
		o.OmitNullAttributeValues = true
		o.EncodeTime = func(t time.Time) (types.AttributeValue, error) {
			return text(t.UTC().Format(time.RFC3339Nano)), nil
		}
	}
	decoding = func(o *attributevalue.DecoderOptions) {
		o.TagKey = "json"
		o.DecodeTime.S = timeOf
	}
)

// timeOf reads a time that can be written again: one before the year 0 or after 9999 in UTC can't.
func timeOf(s string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, s)
	if at = at.UTC(); err == nil && (at.Year() < 0 || at.Year() > 9999) {
		err = errors.New("a record's time is of no year with four digits")
	}
	return at, err
}

// encode is the row as an item at the key.
func encode(k key, row any) (item, error) {
	i, err := attributevalue.MarshalMapWithOptions(row, encoding)
	if err != nil {
		return nil, store.Broken(err)
	}
	i["pk"], i["sk"] = text(k.pk), text(k.sk)
	stamp(i, formats)
	return i, nil
}

// decode reads the item, which it brings to the newest version first.
func decode[T any](i item) (row T, err error) {
	if err := upgraded(i, formats); err != nil {
		return row, err
	}
	if err := attributevalue.UnmarshalMapWithOptions(i, &row, decoding); err != nil {
		return row, store.Broken(err)
	}
	return row, nil
}

// millis is a time as a number of milliseconds since 1970, which DynamoDB can compare.
type millis time.Time

// MarshalDynamoDBAttributeValue gives a number; NULL for the zero time.
func (m millis) MarshalDynamoDBAttributeValue() (types.AttributeValue, error) {
	if time.Time(m).IsZero() {
		return &types.AttributeValueMemberNULL{Value: true}, nil
	}
	return number(time.Time(m).UnixMilli()), nil
}

// UnmarshalDynamoDBAttributeValue reads a number.
func (m *millis) UnmarshalDynamoDBAttributeValue(v types.AttributeValue) error {
	n, ok := v.(*types.AttributeValueMemberN)
	if !ok {
		return nil
	}
	ms, err := strconv.ParseInt(n.Value, 10, 64)
	*m = millis(time.UnixMilli(ms).UTC())
	return err
}

func number[T int | int64](n T) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(int64(n), 10)}
}
