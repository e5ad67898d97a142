package client

import (
	"encoding/json"
	"time"
)

// The values of Connector.Scopes.
const (
	ScopeImport = "import"
	ScopeExport = "export"
)

// Connector is a customer's bucket as the API tells of it; it never tells a secret. What is null there is the zero
// value here.
type Connector struct {
	ID             string   `json:"connector_id"`
	Name           string   `json:"name"`
	Provider       string   `json:"provider"` // s3, gcs or azure
	Status         string   `json:"status"`   // active, testing, failed or disabled
	Scopes         []string `json:"scopes"`
	ImportMode     string   `json:"import_mode"`
	ExportBasePath string   `json:"export_base_path"`

	Bucket         string `json:"bucket"`
	Region         string `json:"region"`
	StorageAccount string `json:"storage_account"`
	Container      string `json:"container"`
	GCPProjectID   string `json:"gcp_project_id"`
	RoleARN        string `json:"role_arn"`    // that the service assumes, instead of having keys
	ExternalID     string `json:"external_id"` // what the role's trust policy must ask for

	CreatedAt      time.Time `json:"created_at,omitzero"`
	UpdatedAt      time.Time `json:"updated_at,omitzero"`
	LastTestedAt   time.Time `json:"last_tested_at,omitzero"`
	LastTestResult string    `json:"last_test_result"`
	LastTestError  string    `json:"last_test_error"`

	raw json.RawMessage
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *Connector) UnmarshalJSON(raw []byte) error {
	type plain Connector
	if err := json.Unmarshal(raw, (*plain)(c)); err != nil {
		return err
	}
	c.raw = append(json.RawMessage(nil), raw...)
	return nil
}

// RawJSON is the connector as the API sent it, with what this package doesn't know.
func (c *Connector) RawJSON() json.RawMessage { return c.raw }

// ConnectorParams are what connectors of every provider have.
type ConnectorParams struct {
	Name           string   `json:"name"`             // 1 to 100 characters
	Scopes         []string `json:"scopes,omitempty"` // import unless given
	ExportBasePath string   `json:"export_base_path,omitempty"`
	ImportMode     string   `json:"import_mode,omitempty"` // all or new_only

	// IdempotencyKey makes two calls one. A call without one is given a key of its own, for its retries.
	IdempotencyKey string `json:"-"`
}

// CreateS3Params make a connector to an S3 bucket, with a pair of keys or a role to assume.
type CreateS3Params struct {
	ConnectorParams
	Bucket             string `json:"bucket"`
	Region             string `json:"region"`
	AWSAccessKeyID     string `json:"aws_access_key_id,omitempty"`
	AWSSecretAccessKey Secret `json:"aws_secret_access_key,omitempty"`
	RoleARN            string `json:"role_arn,omitempty"`
}

// CreateAzureParams make a connector to a container of Azure Blob Storage.
type CreateAzureParams struct {
	ConnectorParams
	StorageAccount string `json:"storage_account"`
	Container      string `json:"container"`
	TenantID       string `json:"tenant_id"`
	ClientID       string `json:"client_id"`
	ClientSecret   Secret `json:"client_secret"`
}

// CreateGCSParams make a connector to a bucket of Google Cloud Storage.
type CreateGCSParams struct {
	ConnectorParams
	Bucket       string
	GCPProjectID string
	Credentials  Secret // the service account's JSON file, at most 64 KiB
}

// UpdateConnectorParams change a connector; nil leaves a property as it is. Secrets are those of the connector's
// provider.
type UpdateConnectorParams struct {
	Name           *string   `json:"name,omitempty"`
	Scopes         *[]string `json:"scopes,omitempty"`
	ExportBasePath *string   `json:"export_base_path,omitempty"` // "" for none
	ImportMode     *string   `json:"import_mode,omitempty"`

	AWSAccessKeyID     *string `json:"aws_access_key_id,omitempty"`
	AWSSecretAccessKey *Secret `json:"aws_secret_access_key,omitempty"`
	RoleARN            *string `json:"role_arn,omitempty"`
	TenantID           *string `json:"tenant_id,omitempty"`
	ClientID           *string `json:"client_id,omitempty"`
	ClientSecret       *Secret `json:"client_secret,omitempty"`
	Credentials        *Secret `json:"credentials_file,omitempty"` // the service account's JSON file, as text
}

// TestResult is what came of trying a connector.
type TestResult struct {
	Success      bool   `json:"success"`
	ErrorMessage string `json:"error_message"`
}

// BrowseParams say which files to list. The zero value is every file, as many as the API gives at once.
type BrowseParams struct {
	Prefix    string `json:"prefix,omitempty"`
	Pattern   string `json:"pattern,omitempty"`   // a glob such as *.{mp4,mov}
	Recursive *bool  `json:"recursive,omitempty"` // true unless given
	Limit     int    `json:"limit,omitempty"`
}

// File is one file in a connector's bucket.
type File struct {
	Path         string `json:"path"`
	Name         string `json:"name"`
	SizeBytes    int64  `json:"size_bytes"`
	LastModified string `json:"last_modified"`
	ContentType  string `json:"content_type"`
	Extension    string `json:"extension"`
}
