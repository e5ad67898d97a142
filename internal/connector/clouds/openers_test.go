package clouds

import (
	"testing"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/connector/azureconn"
	"github.com/videovector/exports/internal/connector/gcsconn"
	"github.com/videovector/exports/internal/connector/s3conn"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// TestEveryProviderHasItsOpener, and all of them the guard's client and the endpoints that are theirs.
func TestEveryProviderHasItsOpener(t *testing.T) {
	e := full()
	providers, err := New(Config{Endpoints: e})
	if err != nil {
		t.Fatal(err)
	}
	s3, _ := providers["s3"].(s3conn.Opener)
	gcs, _ := providers["gcs"].(gcsconn.Opener)
	azure, _ := providers["azure"].(azureconn.Opener)
	if len(providers) != 3 || s3.Endpoint != e.S3 || s3.STSEndpoint != e.STS || gcs.Endpoint != e.GCS || gcs.TokenURL != e.GCSToken ||
		azure.Endpoint != e.Azure || azure.LoginURL != e.AzureLogin || s3.Client == nil || s3.Client != gcs.Client || s3.Client != azure.Client {
		t.Errorf("providers = %+v", providers)
	}
	_, err = connector.Opener(providers).OpenTarget(t.Context(), store.Connector{Provider: "ftp"})
	if fault.As(err).Code != "connector_provider_unsupported" {
		t.Errorf("another provider: %v", err)
	}
}
