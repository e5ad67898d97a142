package deadlinks

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/videovector/exports/client"
	"github.com/videovector/exports/internal/connector/conntest/faultproxy"
	"github.com/videovector/exports/internal/emulator/azurite"
	"github.com/videovector/exports/internal/emulator/fakegcs"
)

// authority is the file of whoever vouches for Azurite and for receivers of events, and pair what they show.
var (
	authority string
	pair      tls.Certificate
)

// cloud is where connectors of a provider lead, behind a link.
type cloud struct {
	link    *link
	connect func(s *service) (connector string, at destination)
}

// clouds are the three of them, each behind a link of the test's own, and what a service is started with to go there.
func clouds(t *testing.T) (all map[string]cloud, cfg config) {
	t.Helper()
	gcs := faultproxy.New(t, faultproxy.Config{Upstream: fakegcs.Emulator.Start(t), Transport: &fakegcs.Front{}}) // which breaks nothing here
	toS3, toGCS, toAzure := newLink(t, "S3", customerS3), newLink(t, "GCS", gcs.URL()), newLink(t, "Azure", azurite.Emulator.Start(t))
	cfg.env = []string{"SSL_CERT_FILE=" + authority}
	cfg.flags = []string{
		"-s3-endpoint", toS3.URL(), "-gcs-endpoint", toGCS.URL(), "-gcs-token-url", tokens(t, googleToken),
		"-azure-endpoint", toAzure.URL(), "-azure-login-url", tokens(t, azurite.Token(signature)),
	}
	return map[string]cloud{"S3": {toS3, connectS3}, "GCS": {toGCS, connectGCS}, "Azure": {toAzure, connectAzure}}, cfg
}

// Secrets of the clouds.
const (
	googleToken = "ya29.the-token-of-the-trials"
	azureSecret = "the-client-secret-of-the-trials"
	signature   = "the-signature-of-the-trials" // of Azure's tokens
)

// tokens is a sign-in that gives the token to everybody.
func tokens(t *testing.T, token string) (endpoint string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":3600}`, token)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// places number buckets and containers, of which each test has its own.
var places atomic.Int64

func connectorParams(name string) client.ConnectorParams {
	return client.ConnectorParams{Name: name, Scopes: []string{"export"}}
}

func connectS3(s *service) (connector string, at destination) {
	s.t.Helper()
	b := newBucket(s.t, customerS3, customerKeyID, customerSecret, fmt.Sprintf("customer-%d", places.Add(1)))
	if _, err := b.client.CreateBucket(s.t.Context(), &s3.CreateBucketInput{Bucket: &b.name}); err != nil {
		s.t.Fatal(err)
	}
	c, err := s.api.Connectors.CreateS3(s.t.Context(), client.CreateS3Params{
		ConnectorParams: connectorParams("S3"), Bucket: b.name, Region: region, AWSAccessKeyID: customerKeyID, AWSSecretAccessKey: customerSecret,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return c.ID, b
}

func connectGCS(s *service) (connector string, at destination) {
	s.t.Helper()
	g := gcsBucket{s.t, fakegcs.Emulator.Start(s.t) + "/storage/v1/b", fmt.Sprintf("customer-%d", places.Add(1))}
	reply, err := http.Post(g.api+"?project=p", "application/json", strings.NewReader(fmt.Sprintf(`{"name":%q}`, g.name)))
	if err != nil || reply.StatusCode != http.StatusOK {
		s.t.Fatalf("making the bucket: %v, %v", reply, err)
	}
	reply.Body.Close()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		s.t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		s.t.Fatal(err)
	}
	account, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "project-1", "private_key_id": "0123456789abcdef0123456789abcdef01234567",
		"private_key":  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		"client_email": "exports@project-1.iam.gserviceaccount.com", "client_id": "100000000000000000001",
		"auth_uri": "https://accounts.google.com/o/oauth2/auth", "token_uri": "https://oauth2.googleapis.com/token", "universe_domain": "googleapis.com",
	})
	if err != nil {
		s.t.Fatal(err)
	}
	c, err := s.api.Connectors.CreateGCS(s.t.Context(), client.CreateGCSParams{
		ConnectorParams: connectorParams("GCS"), Bucket: g.name, GCPProjectID: "project-1", Credentials: client.Secret(account),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return c.ID, g
}

// gcsBucket is a bucket of Cloud Storage as it is, without any proxy.
type gcsBucket struct {
	t         *testing.T
	api, name string
}

func (g gcsBucket) read(rest string) []byte {
	g.t.Helper()
	reply, err := http.Get(g.api + "/" + g.name + "/o" + rest)
	if err != nil {
		g.t.Fatal(err)
	}
	return readAll(g.t, reply)
}

func readAll(t *testing.T, reply *http.Response) []byte {
	t.Helper()
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil || reply.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %s, %v", reply.Request.URL.Path, reply.Status, text, err)
	}
	return text
}

func (g gcsBucket) get(key string) []byte { return g.read("/" + url.PathEscape(key) + "?alt=media") }

func (g gcsBucket) keys(prefix string) (all []string) {
	g.t.Helper()
	var page struct {
		Items []struct{ Name string }
	}
	if err := json.Unmarshal(g.read("?prefix="+url.QueryEscape(prefix)), &page); err != nil {
		g.t.Fatal(err)
	}
	for _, o := range page.Items {
		all = append(all, o.Name)
	}
	return all
}

// uploads shows none: a session that nobody ended is nothing that a bucket shows.
func (g gcsBucket) uploads() []string { return nil }

func connectAzure(s *service) (connector string, at destination) {
	s.t.Helper()
	const account = "devstoreaccount1" // which Azurite has
	a := container{s.t, trusting(s.t, authority), azurite.Emulator.Start(s.t) + "/" + account + "/", fmt.Sprintf("customer-%d", places.Add(1))}
	if reply := a.call(http.MethodPut, "?restype=container"); reply.StatusCode != http.StatusCreated {
		s.t.Fatalf("making the container: %s", reply.Status)
	}
	c, err := s.api.Connectors.CreateAzure(s.t.Context(), client.CreateAzureParams{
		ConnectorParams: connectorParams("Azure"), StorageAccount: account, Container: a.name,
		TenantID: azurite.Tenant, ClientID: "11059fcc-5514-4800-b5f8-49808b9cfab6", ClientSecret: azureSecret,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return c.ID, a
}

// container is one of Blob Storage as it is, without any proxy.
type container struct {
	t             *testing.T
	web           *http.Client
	account, name string
}

func (a container) call(method, rest string) *http.Response {
	a.t.Helper()
	r, err := http.NewRequest(method, a.account+a.name+rest, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+azurite.Token(signature))
	r.Header.Set("x-ms-version", "2024-11-04")
	reply, err := a.web.Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	return reply
}

func (a container) get(key string) []byte {
	a.t.Helper()
	return readAll(a.t, a.call(http.MethodGet, "/"+key))
}

func (a container) keys(prefix string) []string { return a.list("&prefix=" + url.QueryEscape(prefix)) }

func (a container) list(query string) (all []string) {
	a.t.Helper()
	var page struct {
		Blobs struct {
			Blob []struct{ Name string }
		}
	}
	text := bytes.TrimPrefix(readAll(a.t, a.call(http.MethodGet, "?restype=container&comp=list"+query)), []byte("\ufeff"))
	if err := xml.Unmarshal(text, &page); err != nil {
		a.t.Fatal(err)
	}
	for _, b := range page.Blobs.Blob {
		all = append(all, b.Name)
	}
	return all
}

// uploads are the names of which there are blocks and no blob.
func (a container) uploads() (open []string) {
	a.t.Helper()
	standing := map[string]bool{}
	for _, name := range a.list("") {
		standing[name] = true
	}
	for _, name := range a.list("&include=uncommittedblobs") {
		if !standing[name] {
			open = append(open, name)
		}
	}
	return open
}
