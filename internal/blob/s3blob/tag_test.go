package s3blob_test

import (
	"bytes"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/blob/embeds3/embeds3test"
	"github.com/videovector/exports/internal/blob/s3blob"
)

// TestTags: an object has the tag that it was put with, or its upload was begun with, and else none: a bucket's lifecycle
// goes by it.
func TestTags(t *testing.T) {
	b := open(t)
	tagged := blob.PutOptions{Tag: blob.Tag{Name: "keep-days", Value: "14"}}
	put := func(key string, o blob.PutOptions) {
		t.Helper()
		if _, err := b.Put(t.Context(), key, []byte("content"), o); err != nil {
			t.Fatal(err)
		}
	}
	put("put", tagged)
	put("plain", blob.PutOptions{})
	id, err := b.CreateUpload(t.Context(), "uploaded", tagged)
	if err != nil {
		t.Fatal(err)
	}
	part, err := b.UploadPart(t.Context(), "uploaded", id, 1, bytes.NewReader([]byte("content")), 7)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.CompleteUpload(t.Context(), "uploaded", id, []blob.UploadedPart{part}, true); err != nil {
		t.Fatal(err)
	}
	client := s3blob.NewClient(embeds3test.Config(), embeds3test.Endpoint())
	for key, want := range map[string]string{"put": "14", "uploaded": "14", "plain": ""} {
		out, err := client.GetObjectTagging(t.Context(), &s3.GetObjectTaggingInput{Bucket: aws.String(b.Name()), Key: &key})
		got := ""
		if err == nil && len(out.TagSet) == 1 && aws.ToString(out.TagSet[0].Key) == "keep-days" {
			got = aws.ToString(out.TagSet[0].Value)
		}
		if got != want || err != nil && want != "" {
			t.Errorf("%s is tagged %q, %v; want %q", key, got, err, want)
		}
	}
}
