package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/videovector/exports/internal/blob/embeds3"
	"github.com/videovector/exports/internal/emulator"
	"github.com/videovector/exports/internal/emulator/azurite"
)

// fakeGCS runs until the test binary ends.
var fakeGCS = emulator.Emulator{Name: "fake-gcs-server", Script: "fake-gcs.sh"}

// TestDeliversToCloudStorage, as it is emulated: a connector is made over HTTP, tested, delivered to and browsed.
func TestDeliversToCloudStorage(t *testing.T) {
	gcs := fakeGCS.Start(t)
	tokens := tokenServer(t, "assertion", "token")
	reply, err := http.Post(gcs+"/storage/v1/b?project=p", "application/json", strings.NewReader(`{"name":"exports-bucket"}`))
	if err != nil || reply.StatusCode != http.StatusOK {
		t.Fatalf("making the bucket: %v, %v", reply, err)
	}
	reply.Body.Close()
	s := startService(t, "-gcs-endpoint", gcs, "-gcs-token-url", tokens)
	contentType, form := credentialsForm(t, "exports-bucket")
	s.deliversTo(contentType, form, "/connectors/gcs", "gs://exports-bucket/", func(key string) *http.Response {
		reply, err := http.Get(gcs + "/storage/v1/b/exports-bucket/o/" + url.PathEscape(key) + "?alt=media")
		if err != nil {
			t.Fatal(err)
		}
		return reply
	})
}

// credentialsForm is the request for a GCS connector, as browsers and SDKs send it.
func credentialsForm(t *testing.T, bucket string) (contentType, body string) {
	t.Helper()
	file, err := os.ReadFile(serviceAccount(t))
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	form := multipart.NewWriter(&text)
	for _, f := range [][2]string{
		{"name", "Emulator"}, {"bucket", bucket}, {"gcp_project_id", "project-1"}, {"scopes", "import"}, {"scopes", "export"}, {"export_base_path", "base"},
	} {
		if err := form.WriteField(f[0], f[1]); err != nil {
			t.Fatal(err)
		}
	}
	part, err := form.CreateFormFile("credentials_file", "key.json")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(file); err != nil {
		t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	return form.FormDataContentType(), text.String()
}

// TestDeliversToBlobStorage, as it is emulated, over https.
func TestDeliversToBlobStorage(t *testing.T) {
	const account, container = "devstoreaccount1", "exports" // the account is the one that Azurite has
	authority, _, err := azurite.Certify(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	store := azurite.Emulator.Start(t)
	web := trusting(t, authority)
	at := func(method, rest string) *http.Response {
		r, err := http.NewRequest(method, store+"/"+account+"/"+container+rest, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+azurite.Token("signature"))
		r.Header.Set("x-ms-version", "2024-11-04")
		reply, err := web.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		return reply
	}
	if reply := at(http.MethodPut, "?restype=container"); reply.StatusCode != http.StatusCreated {
		t.Fatalf("making the container: %s", reply.Status)
	}
	t.Setenv("SSL_CERT_FILE", authority) // what the service trusts
	s := startService(t, "-azure-endpoint", store, "-azure-login-url", tokenServer(t, "client_secret", azurite.Token("signature")))
	body := fmt.Sprintf(`{"name":"Emulator","storage_account":%q,"container":%q,"tenant_id":"72f988bf-86f1-41af-91ab-2d7cd011db47",
		"client_id":"11059fcc-5514-4800-b5f8-49808b9cfab6","client_secret":"nothing","scopes":["import","export"],"export_base_path":"base"}`, account, container)
	s.deliversTo("application/json", body, "/connectors/azure", "https://"+account+".blob.core.windows.net/"+container+"/", func(key string) *http.Response {
		return at(http.MethodGet, "/"+(&url.URL{Path: key}).EscapedPath())
	})
}

// deliversTo makes a connector, tests it, delivers the demo runs there, and finds them. uri begins every address.
func (s *service) deliversTo(contentType, body, path, uri string, get func(key string) *http.Response) {
	t := s.t
	t.Helper()
	made := s.call("POST", path, s.local.APIKeys.Write, body, "Content-Type", contentType)
	if made.status != http.StatusCreated {
		t.Fatalf("create = %d %s", made.status, made.body)
	}
	id := made.json(t)["connector_id"].(string)
	if r := s.call("POST", "/connectors/"+id+"/test", s.local.APIKeys.Write, ""); string(bytes.TrimSpace(r.body)) != `{"success":true,"error_message":null}` {
		t.Fatalf("test = %d %s\n%s", r.status, r.body, s.tail())
	}
	export := s.create("/exports/index/idx_archive", fmt.Sprintf(`{"prompt_run_ids":["run_123","run_124"],"destination_connector_id":%q,"destination_subpath":"a b+c/ü"}`, id))
	e := s.await(export, 60*time.Second)
	key := "base/a b+c/ü/" + export
	receipt, _ := e["delivery_receipt"].(map[string]any)
	if e["status"] != "completed" || e["destination_uri"] != uri+key+".json" || receipt["uri"] != e["destination_uri"] || receipt["sha256"] != e["sha256"] || receipt["etag"] == nil {
		t.Fatalf("export = %v\n%s", e, s.tail())
	}
	read := func(name string) []byte {
		reply := get(name)
		defer reply.Body.Close()
		content, err := io.ReadAll(reply.Body)
		if err != nil || reply.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s, %v", name, reply.Status, err)
		}
		return content
	}
	checkDocument(t, read(key+".json"), read(key+".manifest.json"), demoRows())
	var files []struct{ Path string }
	listed := s.call("POST", "/connectors/"+id+"/browse", s.local.APIKeys.Read, `{"prefix":"base/","pattern":"*.{json,csv}"}`)
	if err := json.Unmarshal(listed.body, &files); err != nil || len(files) != 2 || files[0].Path != key+".json" || files[1].Path != key+".manifest.json" {
		t.Errorf("browse = %d %s\n%s", listed.status, listed.body, s.tail())
	}
}

// tokenServer gives the token to whoever sends the field.
func tokenServer(t *testing.T, field, token string) (endpoint string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.PostFormValue(field) == "" {
			t.Errorf("asked %s without %s", r.URL.Path, field)
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":3600}`, token)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// trusting is a client that trusts the authority and nobody else.
func trusting(t *testing.T, authority string) *http.Client {
	t.Helper()
	text, err := os.ReadFile(authority)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableCompression: true}}
}

// TestEndpointsReachCompiledFunctions by their environment, beside the key file that makes them local.
func TestEndpointsReachCompiledFunctions(t *testing.T) {
	s := &stack{secrets: &secrets{}, s3: &embeds3.Server{}, options: options{
		data: "data", gcsEndpoint: "http://gcs", gcsTokenURL: "http://token", azureEndpoint: "https://azure", azureLoginURL: "http://login",
	}}
	got := s.variables()["KMS_KEY_ID"]
	for _, want := range []string{
		"SEAL_KEY_FILE=data/seal.key", "CONNECTOR_S3_ENDPOINT=" + s.s3.Endpoint(), "CONNECTOR_GCS_ENDPOINT=http://gcs", "CONNECTOR_GCS_TOKEN_URL=http://token",
		"CONNECTOR_AZURE_ENDPOINT=https://azure", "CONNECTOR_AZURE_LOGIN_URL=http://login",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("%q lacks %s", got, want)
		}
	}
}

// TestSizesReachCompiledFunctions, beside the role that makes them local.
func TestSizesReachCompiledFunctions(t *testing.T) {
	s := &stack{secrets: &secrets{}, s3: &embeds3.Server{}, options: options{shardAbove: 4, shardSize: 1}}
	if got := s.variables()["ACCOUNT_ROLE_ARN"]; !slices.Equal(got, []string{"ACCOUNT_ROLE_ARN=none", "SHARD_ABOVE=4194304", "SHARD_SIZE=1048576"}) {
		t.Errorf("the environment is %q", got)
	}
}
