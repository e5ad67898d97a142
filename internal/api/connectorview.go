package api

import (
	"cmp"
	"strings"
	"time"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/store"
)

// connectorView is the connector object on the wire. Published clients know the first 17 fields, which are always
// there; what is ours stands after them. No secret is among them: an external id is none, it stands in the trust policy
// of the customer's role.
type connectorView struct {
	ConnectorID    string   `json:"connector_id"`
	Name           string   `json:"name"`
	Provider       string   `json:"provider"`
	Status         string   `json:"status"`
	Scopes         []string `json:"scopes"`
	ImportMode     string   `json:"import_mode"`
	ExportBasePath *string  `json:"export_base_path"`
	Bucket         *string  `json:"bucket"`
	Region         *string  `json:"region"`
	StorageAccount *string  `json:"storage_account"`
	Container      *string  `json:"container"`
	GCPProjectID   *string  `json:"gcp_project_id"`
	CreatedAt      *string  `json:"created_at"`
	UpdatedAt      *string  `json:"updated_at"`
	LastTestedAt   *string  `json:"last_tested_at"`
	LastTestResult *string  `json:"last_test_result"`
	LastTestError  *string  `json:"last_test_error"`

	RoleARN    *string `json:"role_arn"`
	ExternalID *string `json:"external_id"`
}

func viewConnector(c store.Connector) connectorView {
	return connectorView{
		ConnectorID: c.ID, Name: c.Name, Provider: c.Provider, Status: c.Status, Scopes: c.Scopes,
		ImportMode: cmp.Or(c.ImportMode, importAll), ExportBasePath: given(c.ExportBasePath),
		Bucket: given(c.Bucket), Region: given(c.Region), StorageAccount: given(c.StorageAccount), Container: given(c.Container),
		GCPProjectID: given(c.GCPProjectID), CreatedAt: stamp(c.CreatedAt), UpdatedAt: stamp(c.UpdatedAt),
		LastTestedAt: stamp(c.LastTestedAt), LastTestResult: given(c.LastTestResult), LastTestError: given(c.LastTestError),
		RoleARN: given(c.RoleARN), ExternalID: given(c.ExternalID),
	}
}

// testView is the result of a test.
type testView struct {
	Success      bool    `json:"success"`
	ErrorMessage *string `json:"error_message"`
}

// fileView is a file of a customer's bucket. Published clients want every string but the content type.
type fileView struct {
	Path         string  `json:"path"`
	Name         string  `json:"name"`
	SizeBytes    int64   `json:"size_bytes"`
	LastModified string  `json:"last_modified"`
	ContentType  *string `json:"content_type"`
	Extension    string  `json:"extension"`
}

func viewFile(f connector.File) fileView {
	name := f.Key[strings.LastIndexByte(f.Key, '/')+1:]
	modified := f.LastModified
	if modified.IsZero() { // a store that doesn't tell
		modified = time.Unix(0, 0)
	}
	return fileView{f.Key, name, f.Bytes, *stamp(modified), given(f.ContentType), extension(name)}
}

// extension is the name's last suffix in lower case, dot included: ".mp4". A name without one, or with nothing before
// or after its dot, has "".
func extension(name string) string {
	i := strings.LastIndexByte(name, '.')
	if i < 1 || i == len(name)-1 {
		return ""
	}
	return strings.ToLower(name[i:])
}
