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
type serial struct {
	backend.Backend
	mu    sync.Mutex
	turns map[string]*turn
}

// turn is held by the completion that runs; waiting counts it and those behind it.
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

// enter waits for the upload's turn and returns what ends it.
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
