package deadlinks

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/videovector/exports/client"
)

// TestStorage: the link to the bucket of results and documents.
func TestStorage(t *testing.T) {
	for _, m := range []moment{beforeTheOrder, whilePackaged, whileSharded, whileDelivered} {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			s := start(t, config{flags: []string{"-s3-endpoint", customerS3}})
			s.undisturbed(m.index)
			connector, at := "", destination(nil)
			if m == whileDelivered {
				connector, at = s.connectS3()
			}
			for _, tr := range slices.Concat(troubles, bulkTroubles) {
				if !tr.concerns(m) {
					continue
				}
				s.try(t, trial{s.storage, m, tr, connector, at})
			}
		})
	}
}

// concerns reports whether the trouble meets an export at the moment: while it is delivered, no file is stored.
func (tr trouble) concerns(m moment) bool {
	return m.phase != "" && m.phase != "delivering" || !slices.ContainsFunc(tr.toxics, func(x toxic) bool { return x.Stream == "upstream" && x.Attributes["bytes"] == many })
}

var customers atomic.Int64

// connectS3 makes a connector to a bucket of its own.
func (s *service) connectS3() (connector string, destination bucket) {
	s.t.Helper()
	at := newBucket(s.t, customerS3, customerKeyID, customerSecret, fmt.Sprintf("customer-%d", customers.Add(1)))
	if _, err := at.client.CreateBucket(s.t.Context(), &s3.CreateBucketInput{Bucket: &at.name}); err != nil {
		s.t.Fatal(err)
	}
	c, err := s.api.Connectors.CreateS3(s.t.Context(), client.CreateS3Params{
		ConnectorParams: client.ConnectorParams{Name: "S3", Scopes: []string{"export"}}, Bucket: at.name, Region: region,
		AWSAccessKeyID: customerKeyID, AWSSecretAccessKey: customerSecret,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return c.ID, at
}
