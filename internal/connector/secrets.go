package connector

import (
	"errors"
)

// Names under which a connector's secrets are sealed. An S3 connector with a role has none; those of GCS are Google's own
// names for them, and there is not always a GCSPrivateKeyID.
const (
	S3AccessKeyID     = "access_key_id"
	S3SecretAccessKey = "secret_access_key"
	GCSClientEmail    = "client_email"
	GCSPrivateKey     = "private_key"
	GCSPrivateKeyID   = "private_key_id"
	AzureTenantID     = "tenant_id"
	AzureClientID     = "client_id"
	AzureClientSecret = "client_secret"
)

var accessKeyID = pattern(`\A[A-Za-z0-9_]{16,128}\z`)

// CheckAccessKeyID refuses what IAM would not give out as the id of an access key.
func CheckAccessKeyID(s string) error {
	if !accessKeyID().MatchString(s) {
		return errors.New("must be an access key id: 16 to 128 letters and digits")
	}
	return nil
}
