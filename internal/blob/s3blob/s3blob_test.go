package s3blob_test

import (
	"net/http"
	"os"
	"testing"

	"github.com/videovector/exports/internal/blob/blobtest"
	"github.com/videovector/exports/internal/blob/embeds3/embeds3test"
	"github.com/videovector/exports/internal/blob/s3blob"
)

func TestMain(m *testing.M) { os.Exit(embeds3test.Main(m)) }

func open(t *testing.T) *s3blob.Bucket {
	t.Helper()
	return s3blob.New(s3blob.NewClient(embeds3test.Config(), embeds3test.Endpoint()), embeds3test.Bucket(t))
}

func TestConformance(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blobtest.Bench {
		return blobtest.Bench{Bucket: open(t), Client: http.DefaultClient}
	})
}
