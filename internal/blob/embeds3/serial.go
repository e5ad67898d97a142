package embeds3

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3response"
)

// serial lets one completion of an upload run at a time, and of open uploads only. Left alone, the gateway answers a
// second completion with success while the first still joins the parts, when there is no object yet and may never be
// one; and the completion of an upload that was dropped, if some object stands at the key.
//
// It also keeps readers out while an object is replaced on condition: the gateway writes the new properties before it puts
// the new content in its place, and whoever looked in between would take the new ETag for the old content's, and replace
// the new content by it.
type serial struct {
	backend.Backend
	mu    sync.Mutex
	turns map[string]*turn
}

// turn is held by who runs; waiting counts it and those behind it.
type turn struct {
	sync.Mutex
	waiting int
}

// CompleteMultipartUpload implements backend.Backend.
func (s *serial) CompleteMultipartUpload(ctx context.Context, in *s3.CompleteMultipartUploadInput) (s3response.CompleteMultipartUploadResult, string, error) {
	defer s.enter(aws.ToString(in.UploadId))()
	open := &s3.ListPartsInput{Bucket: in.Bucket, Key: in.Key, UploadId: in.UploadId, MaxParts: aws.Int32(1)}
	if _, err := s.ListParts(ctx, open); err != nil {
		return s3response.CompleteMultipartUploadResult{}, "", err
	}
	return s.Backend.CompleteMultipartUpload(ctx, in)
}

// PutObject implements backend.Backend.
func (s *serial) PutObject(ctx context.Context, in s3response.PutObjectInput) (s3response.PutObjectOutput, error) {
	if in.IfMatch != nil {
		defer s.enter(placeOf(in.Bucket, in.Key))()
	}
	return s.Backend.PutObject(ctx, in)
}

// GetObject implements backend.Backend. The body stays the one that was opened.
func (s *serial) GetObject(ctx context.Context, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
	defer s.enter(placeOf(in.Bucket, in.Key))()
	return s.Backend.GetObject(ctx, in)
}

// HeadObject implements backend.Backend.
func (s *serial) HeadObject(ctx context.Context, in *s3.HeadObjectInput) (*s3.HeadObjectOutput, error) {
	defer s.enter(placeOf(in.Bucket, in.Key))()
	return s.Backend.HeadObject(ctx, in)
}

// placeOf is the turn of an object; ids of uploads hold no slash.
func placeOf(bucket, key *string) string { return aws.ToString(bucket) + "/" + aws.ToString(key) }

// enter waits for the turn of the upload or the object and returns what ends it.
func (s *serial) enter(id string) (leave func()) {
	s.mu.Lock()
	t := s.turns[id]
	if t == nil {
		t = &turn{}
		s.turns[id] = t
	}
	t.waiting++
	s.mu.Unlock()
	t.Lock()
	return func() {
		t.Unlock()
		s.mu.Lock()
		defer s.mu.Unlock()
		if t.waiting--; t.waiting == 0 {
			delete(s.turns, id)
		}
	}
}
