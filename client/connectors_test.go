package client_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/videovector/exports/client"
)

const connectorJSON = `{"connector_id":"conn_1","name":"Archive","provider":"s3","status":"active","scopes":["import","export"],"import_mode":"all",
	"export_base_path":null,"bucket":"b","region":"us-east-1","storage_account":null,"container":null,"gcp_project_id":null,
	"created_at":"2026-03-02T09:30:00.000Z","updated_at":null,"last_tested_at":null,"last_test_result":null,"last_test_error":null,"role_arn":null,"external_id":"x-1","new":1}`

const automationJSON = `{"enabled":true,"paused":false,"destination_connector_id":"conn_1","destination_subpath":null,"index_id":"idx_1"}`

// TestRequests holds what each method sends against the contract.
func TestRequests(t *testing.T) {
	base := client.ConnectorParams{Name: "Archive", Scopes: []string{"import", "export"}, ExportBasePath: "vv", ImportMode: "new_only", IdempotencyKey: "k1"}
	const common = `"name":"Archive","scopes":["import","export"],"export_base_path":"vv","import_mode":"new_only",`
	type call func(ctx context.Context, c *client.Client) (any, error)
	for _, c := range []struct {
		name, method, path, body, reply string
		call                            call
	}{
		{"s3 by keys", "POST", "/connectors/s3", `{` + common + `"bucket":"b","region":"r","aws_access_key_id":"id","aws_secret_access_key":"se\"cret"}`, connectorJSON,
			func(ctx context.Context, c *client.Client) (any, error) {
				return c.Connectors.CreateS3(ctx, client.CreateS3Params{ConnectorParams: base, Bucket: "b", Region: "r", AWSAccessKeyID: "id", AWSSecretAccessKey: `se"cret`})
			}},
		{"s3 by role", "POST", "/connectors/s3", `{"name":"Archive","bucket":"b","region":"r","role_arn":"arn:aws:iam::1:role/x"}`, connectorJSON,
			func(ctx context.Context, c *client.Client) (any, error) {
				return c.Connectors.CreateS3(ctx, client.CreateS3Params{ConnectorParams: client.ConnectorParams{Name: "Archive"}, Bucket: "b", Region: "r", RoleARN: "arn:aws:iam::1:role/x"})
			}},
		{"azure", "POST", "/connectors/azure", `{` + common + `"storage_account":"a","container":"c","tenant_id":"t","client_id":"i","client_secret":"s"}`, connectorJSON,
			func(ctx context.Context, c *client.Client) (any, error) {
				return c.Connectors.CreateAzure(ctx, client.CreateAzureParams{ConnectorParams: base, StorageAccount: "a", Container: "c", TenantID: "t", ClientID: "i", ClientSecret: "s"})
			}},
		{"list", "GET", "/connectors", "", "[" + connectorJSON + "]",
			func(ctx context.Context, c *client.Client) (any, error) { return c.Connectors.List(ctx) }},
		{"retrieve", "GET", "/connectors/conn_1", "", connectorJSON,
			func(ctx context.Context, c *client.Client) (any, error) { return c.Connectors.Retrieve(ctx, "conn_1") }},
		{"update", "PATCH", "/connectors/conn_1", `{"name":"New","scopes":[],"export_base_path":"","client_secret":"s","credentials_file":"f"}`, connectorJSON,
			func(ctx context.Context, c *client.Client) (any, error) {
				return c.Connectors.Update(ctx, "conn_1", client.UpdateConnectorParams{Name: new("New"), Scopes: new([]string{}), ExportBasePath: new(""), ClientSecret: new(client.Secret("s")), Credentials: new(client.Secret("f"))})
			}},
		{"test", "POST", "/connectors/conn_1/test", "", `{"success":false,"error_message":"no such bucket"}`,
			func(ctx context.Context, c *client.Client) (any, error) { return c.Connectors.Test(ctx, "conn_1") }},
		{"browse", "POST", "/connectors/conn_1/browse", `{"prefix":"a/","pattern":"*.{mp4,mov}","recursive":false,"limit":5}`, `[{"path":"a/b.mp4","name":"b.mp4","size_bytes":1,"last_modified":"","content_type":null,"extension":"mp4"}]`,
			func(ctx context.Context, c *client.Client) (any, error) {
				return c.Connectors.Browse(ctx, "conn_1", client.BrowseParams{Prefix: "a/", Pattern: "*.{mp4,mov}", Recursive: new(false), Limit: 5})
			}},
		{"delete", "DELETE", "/connectors/conn_1", "", `{"message":"gone"}`,
			func(ctx context.Context, c *client.Client) (any, error) {
				return nil, c.Connectors.Delete(ctx, "conn_1")
			}},
		{"automation", "GET", "/indexes/idx_1/automations/export", "", automationJSON,
			func(ctx context.Context, c *client.Client) (any, error) { return c.Automations.Retrieve(ctx, "idx_1") }},
		{"save automation", "PUT", "/indexes/idx_1/automations/export", `{"enabled":true,"paused":false,"destination_connector_id":"conn_1"}`, automationJSON,
			func(ctx context.Context, c *client.Client) (any, error) {
				return c.Automations.Save(ctx, "idx_1", client.Automation{Enabled: true, DestinationConnectorID: "conn_1"})
			}},
		{"save automation as it was read", "PUT", "/indexes/idx_1/automations/export", `{"enabled":false,"paused":true,"destination_connector_id":"conn_1","destination_subpath":"a/b","debounce_interval":"1h"}`, automationJSON,
			func(ctx context.Context, c *client.Client) (any, error) {
				return c.Automations.Save(ctx, "idx_1", client.Automation{
					Paused: true, DestinationConnectorID: "conn_1", DestinationSubpath: "a/b", DebounceInterval: "1h",
					WindowEndsAt: time.Now(), LastTriggeredAt: time.Now(), LastExportID: "exp_1", LastError: "e",
				})
			}},
		{"pause", "POST", "/indexes/idx_1/automations/export/pause", "", automationJSON,
			func(ctx context.Context, c *client.Client) (any, error) { return c.Automations.Pause(ctx, "idx_1") }},
		{"resume", "POST", "/indexes/idx_1/automations/export/resume", "", automationJSON,
			func(ctx context.Context, c *client.Client) (any, error) { return c.Automations.Resume(ctx, "idx_1") }},
		{"download url", "POST", "/exports/exp_1/download-url", "", `{"export_id":"exp_1","status":"pending","destination_type":"download","destination_connector_id":null,"download_url":null}`,
			func(ctx context.Context, c *client.Client) (any, error) { return c.Exports.DownloadURL(ctx, "exp_1") }},
		{"cancel", "POST", "/exports/exp_1/cancel", "", exportJSON("exp_1", map[string]any{"status": "failed", "outcome": "cancelled"}),
			func(ctx context.Context, c *client.Client) (any, error) {
				return c.Exports.Cancel(ctx, "exp_1", client.ControlParams{})
			}},
		{"retry", "POST", "/exports/exp_1/retry", "", exportJSON("exp_1", nil),
			func(ctx context.Context, c *client.Client) (any, error) {
				return c.Exports.Retry(ctx, "exp_1", client.ControlParams{IdempotencyKey: "again"})
			}},
		{"delete an export", "DELETE", "/exports/exp_1", "", `{"message":"gone"}`,
			func(ctx context.Context, c *client.Client) (any, error) { return nil, c.Exports.Delete(ctx, "exp_1") }},
	} {
		s := serve(t, fails(503, "service_unavailable"), sends(200, c.reply))
		cl, _ := connect(t, s)
		got, err := c.call(t.Context(), cl)
		if err != nil {
			t.Errorf("%s: %v (after one 503, which every call outlives)", c.name, err)
			continue
		}
		r := s.requests()[1]
		if r.method != c.method || r.path != "/api/v2"+c.path || r.body != c.body {
			t.Errorf("%s: sent %s %s %s, want %s %s %s", c.name, r.method, r.path, r.body, c.method, c.path, c.body)
		}
		if want := map[bool]string{true: "application/json"}[c.body != ""]; r.header.Get("Content-Type") != want {
			t.Errorf("%s: Content-Type %q, want %q", c.name, r.header.Get("Content-Type"), want)
		}
		checkConnectorReply(t, c.name, got)
	}
}

// checkConnectorReply checks what was read of the replies above.
func checkConnectorReply(t *testing.T, name string, got any) {
	t.Helper()
	switch v := got.(type) {
	case *client.Export:
		if v.ID != "exp_1" || (v.Outcome == client.OutcomeCancelled) != (name == "cancel") {
			t.Errorf("%s: %+v", name, v)
		}
	case []*client.Connector:
		checkConnectorReply(t, name, v[0])
	case *client.Connector:
		if v.ID != "conn_1" || !slices.Equal(v.Scopes, []string{"import", "export"}) || v.CreatedAt.IsZero() || !v.UpdatedAt.IsZero() || v.ExternalID != "x-1" || !strings.Contains(string(v.RawJSON()), `"new":1`) {
			t.Errorf("%s: %+v", name, v)
		}
	case *client.Automation:
		if *v != (client.Automation{Enabled: true, DestinationConnectorID: "conn_1"}) {
			t.Errorf("%s: %+v", name, v)
		}
	case *client.TestResult:
		if v.Success || v.ErrorMessage != "no such bucket" {
			t.Errorf("%s: %+v", name, v)
		}
	case []client.File:
		if len(v) != 1 || v[0].Path != "a/b.mp4" || v[0].SizeBytes != 1 {
			t.Errorf("%s: %+v", name, v)
		}
	case *client.DownloadLink:
		if v.ExportID != "exp_1" || v.URL != "" || v.Status != client.StatusPending {
			t.Errorf("%s: %+v", name, v)
		}
	case nil:
	default:
		t.Errorf("%s: nobody checks a %T", name, v)
	}
}

func TestCreateGCSSendsAForm(t *testing.T) {
	s := serve(t, hangsUp, sends(201, connectorJSON))
	c, _ := connect(t, s)
	credentials := `{"type":"service_account","private_key":"` + strings.Repeat("x", 5000) + `"}`
	_, err := c.Connectors.CreateGCS(t.Context(), client.CreateGCSParams{
		ConnectorParams: client.ConnectorParams{Name: "Ärchive\r\n", Scopes: []string{"import", "export"}},
		Bucket:          "b", GCPProjectID: "p", Credentials: client.Secret(credentials),
	})
	if err != nil {
		t.Fatal(err)
	}
	seen := s.requests()
	if seen[0].body != seen[1].body || seen[0].header.Get("Idempotency-Key") == "" {
		t.Errorf("the form is sent again as %q, first as %q", seen[1].body, seen[0].body)
	}
	_, params, err := mime.ParseMediaType(seen[0].header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	form, err := multipart.NewReader(strings.NewReader(seen[0].body), params["boundary"]).ReadForm(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	if v := form.Value; len(v) != 4 || v["name"][0] != "Ärchive\r\n" || v["bucket"][0] != "b" || v["gcp_project_id"][0] != "p" || !slices.Equal(v["scopes"], []string{"import", "export"}) {
		t.Errorf("fields = %v", v)
	}
	file, err := form.File["credentials_file"][0].Open()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(file); err != nil || !bytes.Equal(got, []byte(credentials)) {
		t.Errorf("credentials = %q, %v", got, err)
	}
}

// TestDeleteAfterALostReply finds nothing at the second attempt because the first one had its effect.
func TestDeleteAfterALostReply(t *testing.T) {
	for _, c := range []struct {
		first http.HandlerFunc
		gone  bool
	}{
		{hangsUp, true}, {fails(503, "service_unavailable"), true}, {fails(429, "rate_limit_exceeded"), false}, {fails(404, "connector_not_found"), false},
	} {
		s := serve(t, c.first, fails(404, "connector_not_found"))
		cl, _ := connect(t, s)
		err := cl.Connectors.Delete(t.Context(), "conn_1")
		var e *client.Error
		if c.gone != (err == nil) || err != nil && (!errors.As(err, &e) || e.StatusCode != 404) {
			t.Errorf("Delete = %v, want success: %v", err, c.gone)
		}
		cl, _ = connect(t, serve(t, c.first, fails(404, "export_not_found")))
		if err = cl.Exports.Delete(t.Context(), "exp_1"); c.gone != (err == nil) || err != nil && (!errors.As(err, &e) || e.StatusCode != 404) {
			t.Errorf("Delete of an export = %v, want success: %v", err, c.gone)
		}
	}
}
