package boot

import (
	"strings"
	"testing"

	"github.com/videovector/exports/internal/wiring"
)

// TestReceiversAreForALocalService: a deployed function doesn't start with a way out to its own network.
func TestReceiversAreForALocalService(t *testing.T) {
	for name, value := range map[string]string{"WEBHOOK_ALLOW": "127.0.0.1:9443", "WEBHOOK_CA_FILE": "ca.pem", "WEBHOOK_RETRY": "1s"} {
		if _, err := webhooks(t, map[string]string{"KMS_KEY_ID": "key", name: value}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("deployed with %s: %v", name, err)
		}
	}
	if p, err := webhooks(t, map[string]string{"KMS_KEY_ID": "key"}); err != nil || p.WebhookRetry != 0 {
		t.Errorf("deployed: %v", err)
	}
	local := map[string]string{"SEAL_KEY_FILE": t.TempDir() + "/key", "WEBHOOK_ALLOW": "127.0.0.1:9443", "WEBHOOK_RETRY": "1s"}
	if p, err := webhooks(t, local); err != nil || p.WebhookRetry == 0 {
		t.Errorf("local: %v", err)
	}
	local["WEBHOOK_RETRY"] = "soon"
	if _, err := webhooks(t, local); err == nil {
		t.Error("a pause that is none was taken")
	}
}

func webhooks(t *testing.T, environment map[string]string) (wiring.Parts, error) {
	t.Helper()
	var parts wiring.Parts
	err := Webhooks(t.Context(), &env{get: func(name string) string { return environment[name] }}, &parts)
	if err == nil && (parts.WebhookClient == nil || parts.Sealer == nil || parts.NewWebhookID == nil || parts.NewEventID == nil || parts.NewWebhookSecret == nil) {
		t.Errorf("parts are missing: %+v", parts)
	}
	return parts, err
}
