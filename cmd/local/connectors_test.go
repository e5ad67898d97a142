package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/videovector/exports/internal/blob/embeds3"
	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/connector/conntest/emulator"
	"github.com/videovector/exports/internal/demo"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/sqlitestore"
)

var fakeGCS = emulator.Emulator{Name: "fake-gcs-server", Script: "fake-gcs.sh"}

// TestDeliversToAnEmulator of Cloud Storage, where the flags say that it is.
func TestDeliversToAnEmulator(t *testing.T) {
	gcs := fakeGCS.Start(t)
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.PostFormValue("assertion") == "" {
			t.Errorf("asked %v", r.Form)
		}
		fmt.Fprint(w, `{"access_token":"token","expires_in":3600}`)
	}))
	defer tokens.Close()
	reply, err := http.Post(gcs+"/storage/v1/b?project=p", "application/json", strings.NewReader(`{"name":"exports-bucket"}`))
	if err != nil || reply.StatusCode != http.StatusOK {
		t.Fatalf("making the bucket: %v, %v", reply, err)
	}
	reply.Body.Close()
	s := startService(t, "-gcs-endpoint", gcs, "-gcs-token-url", tokens.URL)
	putGCSConnector(t, s, "exports-bucket")

	id := s.create("/exports/index/idx_archive", `{"prompt_run_ids":["run_123","run_124"],"destination_connector_id":"conn_gcs","destination_subpath":"a b"}`)
	e := s.await(id, 30*time.Second)
	if e["status"] != "completed" || e["destination_uri"] != "gs://exports-bucket/base/a b/"+id+".json" {
		t.Fatalf("export = %v\n%s", e, s.tail())
	}
	object := func(name string) []byte {
		reply, err := http.Get(gcs + "/storage/v1/b/exports-bucket/o/base%2Fa%20b%2F" + name + "?alt=media")
		if err != nil {
			t.Fatal(err)
		}
		defer reply.Body.Close()
		content, err := io.ReadAll(reply.Body)
		if err != nil || reply.StatusCode != http.StatusOK {
			t.Fatalf("%s: %v, %v", name, reply.Status, err)
		}
		return content
	}
	checkDocument(t, object(id+".json"), object(id+".manifest.json"), demoRows())
	s.stop()
}

// putGCSConnector writes conn_gcs beside the running service.
func putGCSConnector(t *testing.T, s *service, bucket string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	file, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": "exports@my-project.iam.gserviceaccount.com",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})),
	})
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := connector.ParseGCSCredentials(file)
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := seal.NewKeyFile(filepath.Join(s.dir, "seal.key"))
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := seal.SealSecrets(t.Context(), sealer, seal.Context{AccountID: demo.AccountID, ConnectorID: "conn_gcs"}, secrets)
	if err != nil {
		t.Fatal(err)
	}
	records, err := sqlitestore.Open(t.Context(), s.local.RecordsFile)
	if err != nil {
		t.Fatal(err)
	}
	defer records.Close()
	err = records.PutConnector(t.Context(), store.Connector{
		ID: "conn_gcs", AccountID: demo.AccountID, Name: "Emulator", Provider: "gcs", Status: "active", Scopes: []string{"export"},
		ExportBasePath: "base", Bucket: bucket, Secret: sealed,
	})
	if err != nil {
		t.Fatal(err)
	}
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
