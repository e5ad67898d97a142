package bootconn

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/videovector/exports/internal/boot"
	"github.com/videovector/exports/internal/wiring"
)

// TestEndpointsAreForALocalService: a deployed function, whose secrets are sealed by KMS, doesn't start with one.
func TestEndpointsAreForALocalService(t *testing.T) {
	for _, name := range []string{
		"CONNECTOR_S3_ENDPOINT", "CONNECTOR_STS_ENDPOINT", "CONNECTOR_GCS_ENDPOINT", "CONNECTOR_GCS_TOKEN_URL", "CONNECTOR_AZURE_ENDPOINT", "CONNECTOR_AZURE_LOGIN_URL",
	} {
		deployed := map[string]string{"KMS_KEY_ID": "key", name: "http://127.0.0.1:1"}
		if err := connectors(t, deployed); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("deployed with %s: %v", name, err)
		}
		local := map[string]string{"SEAL_KEY_FILE": t.TempDir() + "/key", name: "http://127.0.0.1:1"}
		if err := connectors(t, local); err != nil {
			t.Errorf("local with %s: %v", name, err)
		}
	}
	if err := connectors(t, map[string]string{"KMS_KEY_ID": "key"}); err != nil {
		t.Errorf("deployed: %v", err)
	}
}

func connectors(t *testing.T, environment map[string]string) error {
	t.Helper()
	var parts wiring.Parts
	err := Connectors(t.Context(), boot.NewEnv(aws.Config{}, func(name string) string { return environment[name] }), &parts)
	if (err == nil) == (parts.Connectors == nil) {
		t.Errorf("connectors are %v after %v", parts.Connectors, err)
	}
	return err
}
