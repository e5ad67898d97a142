package s3conn_test

import (
	"testing"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/blob/embeds3/embeds3test"
	"github.com/videovector/exports/internal/blob/s3blob"
	"github.com/videovector/exports/internal/connector"
)

// TestAbandon drops what is open under the key, and nothing under another one that begins alike.
func TestAbandon(t *testing.T) {
	name := embeds3test.Bucket(t)
	bucket := s3blob.New(s3blob.NewClient(embeds3test.Config(), embeds3test.Endpoint()), name)
	for _, key := range []string{"base/exp_1.json", "base/exp_1.json", "base/exp_1.json.gz"} {
		if _, err := bucket.CreateUpload(t.Context(), key, blob.PutOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	target := open(t, opener(t, embeds3test.Endpoint()), record(name))
	for range 2 {
		if err := target.(connector.Abandoner).Abandon(t.Context(), "base/exp_1.json"); err != nil {
			t.Fatal(err)
		}
		left, err := bucket.Uploads(t.Context(), "")
		if err != nil || len(left) != 1 || left[0].Key != "base/exp_1.json.gz" {
			t.Errorf("open uploads are %v, %v", left, err)
		}
	}
}
