package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
)

// ConnectorsService keeps connectors to customers' buckets.
type ConnectorsService struct{ caller *caller }

// CreateS3 makes a connector to an S3 bucket.
func (s *ConnectorsService) CreateS3(ctx context.Context, p CreateS3Params) (*Connector, error) {
	return s.create(ctx, "/connectors/s3", p, p.IdempotencyKey)
}

// CreateAzure makes a connector to a container of Azure Blob Storage.
func (s *ConnectorsService) CreateAzure(ctx context.Context, p CreateAzureParams) (*Connector, error) {
	return s.create(ctx, "/connectors/azure", p, p.IdempotencyKey)
}

// CreateGCS makes a connector to a bucket of Google Cloud Storage.
func (s *ConnectorsService) CreateGCS(ctx context.Context, p CreateGCSParams) (*Connector, error) {
	body, contentType, err := p.form()
	if err != nil {
		return nil, err
	}
	return s.connector(ctx, request{
		method: http.MethodPost, path: "/connectors/gcs", body: body, contentType: contentType, idempotencyKey: mint(p.IdempotencyKey),
	})
}

// form is the parameters as a multipart form. Scopes are repeated, once for each value.
func (p CreateGCSParams) form() (body []byte, contentType string, err error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	fields := [][2]string{{"name", p.Name}, {"bucket", p.Bucket}, {"gcp_project_id", p.GCPProjectID}, {"export_base_path", p.ExportBasePath}, {"import_mode", p.ImportMode}}
	for _, scope := range p.Scopes {
		fields = append(fields, [2]string{"scopes", scope})
	}
	var errs []error
	for _, f := range fields {
		if f[1] != "" {
			errs = append(errs, w.WriteField(f[0], f[1]))
		}
	}
	part, err := w.CreateFormFile("credentials_file", "credentials.json")
	if err != nil {
		return nil, "", err
	}
	_, err = part.Write([]byte(p.Credentials))
	err = errors.Join(append(errs, err, w.Close())...)
	return b.Bytes(), w.FormDataContentType(), err
}

func (s *ConnectorsService) create(ctx context.Context, path string, params any, key string) (*Connector, error) {
	r, err := post(path, params, key)
	if err != nil {
		return nil, err
	}
	return s.connector(ctx, r)
}

// connector makes the call and reads the connector that it gives.
func (s *ConnectorsService) connector(ctx context.Context, r request) (*Connector, error) {
	var c Connector
	rep, err := s.caller.fetch(ctx, r, &c)
	if err != nil {
		return nil, err
	}
	if c.ID == "" {
		return nil, rep.unexpected()
	}
	return &c, nil
}

// List gives every connector of the account.
func (s *ConnectorsService) List(ctx context.Context) ([]*Connector, error) {
	var all []*Connector
	rep, err := s.caller.fetch(ctx, request{method: http.MethodGet, path: "/connectors"}, &all)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		if c == nil {
			return nil, rep.unexpected()
		}
	}
	return all, nil
}

// Retrieve gives a connector. An unknown one is an *Error with status 404.
func (s *ConnectorsService) Retrieve(ctx context.Context, connectorID string) (*Connector, error) {
	id, err := segment("connector", connectorID)
	if err != nil {
		return nil, err
	}
	return s.connector(ctx, request{method: http.MethodGet, path: "/connectors" + id})
}

// Update changes a connector and gives it as it is then.
func (s *ConnectorsService) Update(ctx context.Context, connectorID string, p UpdateConnectorParams) (*Connector, error) {
	id, err := segment("connector", connectorID)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(p) //nolint:gosec // G117: the secret is what the request is for
	if err != nil {
		return nil, fmt.Errorf("client: the parameters can't be written as JSON: %w", err)
	}
	return s.connector(ctx, request{
		method: http.MethodPatch, path: "/connectors" + id, body: body, contentType: "application/json", idempotencyKey: mint(""),
	})
}

// Test tries the connector. A connector that doesn't work is a result, not an error.
func (s *ConnectorsService) Test(ctx context.Context, connectorID string) (*TestResult, error) {
	var result TestResult
	return &result, s.act(ctx, connectorID, "/test", nil, &result)
}

// Browse lists files in the connector's bucket.
func (s *ConnectorsService) Browse(ctx context.Context, connectorID string, p BrowseParams) ([]File, error) {
	var files []File
	return files, s.act(ctx, connectorID, "/browse", p, &files)
}

// act posts to a connector and reads the reply into v.
func (s *ConnectorsService) act(ctx context.Context, connectorID, action string, body, v any) error {
	id, err := segment("connector", connectorID)
	if err != nil {
		return err
	}
	r, err := post("/connectors"+id+action, body, "")
	if err != nil {
		return err
	}
	_, err = s.caller.fetch(ctx, r, v)
	return err
}

// Delete removes a connector. When the reply to a first attempt was lost, a repeated one finds nothing: that counts as
// removed.
func (s *ConnectorsService) Delete(ctx context.Context, connectorID string) error {
	id, err := segment("connector", connectorID)
	if err != nil {
		return err
	}
	rep, err := s.caller.do(ctx, request{method: http.MethodDelete, path: "/connectors" + id})
	var e *Error
	if errors.As(err, &e) && e.StatusCode == http.StatusNotFound && rep.lost {
		return nil
	}
	return err
}
