package kill

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/videovector/exports/internal/emulator"
	"github.com/videovector/exports/internal/localca"
)

// destination is a customer's storage, looked at from outside.
type destination interface {
	// objects are the contents below the prefix, by key.
	objects(prefix string) (map[string][]byte, error)
	// open names what was begun below the prefix and is no object.
	open(prefix string) ([]string, error)
}

// clouds are the emulators that all services share.
type clouds struct {
	gcs, azure string // base URLs
	tokens     string // where both get their tokens
	authority  string // file of the certificates' authority
	pair       tls.Certificate
}

// The emulators run until the test binary ends.
var (
	fakeGCS = emulator.Emulator{Name: "fake-gcs-server", Script: "fake-gcs.sh"}
	azurite = emulator.Emulator{Name: "Azurite", Script: "azurite.sh"}
)

// startClouds runs fake-gcs-server and Azurite until the test binary ends.
func startClouds(t *testing.T) *clouds {
	t.Helper()
	dir := t.TempDir()
	authority, err := localca.Open(dir, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.ServerCertificate("127.0.0.1", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	chain, key := writePair(t, dir, pair)
	azurite.Args = []string{chain, key}
	c := &clouds{authority: authority.File, pair: pair, gcs: fakeGCS.Start(t)}
	c.azure = plain(t, azurite.Start(t))
	c.tokens = tokenServer(t)
	return c
}

// plain is an http front of an https server, for functions that know no authority of ours.
func plain(t *testing.T, secure string) string {
	t.Helper()
	to, err := url.Parse(secure)
	if err != nil {
		t.Fatal(err)
	}
	front := &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(to); r.Out.Host = to.Host },
		Transport:    &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, // it is on this machine
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
		ErrorLog:     quiet,
	}
	s := httptest.NewServer(front)
	t.Cleanup(s.Close)
	return s.URL
}

// tokenServer gives everybody a token that both emulators take: Azurite looks at its claims, and neither at a signature.
func tokenServer(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":3600}`, blobToken())
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func blobToken() string {
	now := time.Now().Unix()
	claims, err := json.Marshal(map[string]any{
		"aud": "https://storage.azure.com", "iss": "https://sts.windows-ppe.net/72f988bf-86f1-41af-91ab-2d7cd011db47/", "iat": now - 60, "nbf": now - 60, "exp": now + 7200,
	})
	if err != nil {
		panic(err) // it is fixed
	}
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"typ":"JWT","alg":"RS256"}`)) + "." + part(claims) + "." + part([]byte("signature"))
}

// writePair writes a certificate and its key into files.
func writePair(t *testing.T, dir string, pair tls.Certificate) (chain, key string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	for _, der := range pair.Certificate {
		text.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	chain, key = filepath.Join(dir, "chain.pem"), filepath.Join(dir, "server-key.pem")
	for file, text := range map[string][]byte{chain: text.Bytes(), key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return chain, key
}

// s3Bucket is one at the versity gateway.
type s3Bucket struct {
	client *s3.Client
	name   string
}

func s3Client(l localJSON) *s3.Client {
	return s3.New(s3.Options{
		Region: region, BaseEndpoint: aws.String(l.S3Endpoint), UsePathStyle: true, HTTPClient: web,
		Credentials: credentials.NewStaticCredentialsProvider(l.S3AccessKeyID, l.S3SecretAccessKey, ""),
	})
}

func (b s3Bucket) keys(prefix string) (keys []string, err error) {
	pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.Background())
		if err != nil {
			return nil, err
		}
		for _, o := range page.Contents {
			keys = append(keys, *o.Key)
		}
	}
	return keys, nil
}

func (b s3Bucket) objects(prefix string) (map[string][]byte, error) {
	keys, err := b.keys(prefix)
	all := map[string][]byte{}
	for _, key := range keys {
		out, err := b.client.GetObject(context.Background(), &s3.GetObjectInput{Bucket: &b.name, Key: &key})
		if err != nil {
			return nil, err
		}
		if all[key], err = io.ReadAll(out.Body); err != nil {
			return nil, err
		}
		out.Body.Close()
	}
	return all, err
}

func (b s3Bucket) open(prefix string) (found []string, err error) {
	out, err := b.client.ListMultipartUploads(context.Background(), &s3.ListMultipartUploadsInput{Bucket: &b.name, Prefix: &prefix})
	if err != nil {
		return nil, err
	}
	for _, u := range out.Uploads {
		found = append(found, *u.Key)
	}
	return found, nil
}

// gcsBucket is one of fake-gcs-server.
type gcsBucket struct{ endpoint, name string }

func (b gcsBucket) make() error {
	_, err := get(http.MethodPost, b.endpoint+"/storage/v1/b?project=p", fmt.Sprintf(`{"name":%q}`, b.name), nil)
	return err
}

func (b gcsBucket) objects(prefix string) (map[string][]byte, error) {
	text, err := get(http.MethodGet, b.endpoint+"/storage/v1/b/"+b.name+"/o?prefix="+url.QueryEscape(prefix), "", nil)
	if err != nil {
		return nil, err
	}
	var listed struct{ Items []struct{ Name string } }
	if err := json.Unmarshal(text, &listed); err != nil {
		return nil, err
	}
	all := map[string][]byte{}
	for _, o := range listed.Items {
		if all[o.Name], err = get(http.MethodGet, b.endpoint+"/storage/v1/b/"+b.name+"/o/"+url.PathEscape(o.Name)+"?alt=media", "", nil); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// open: Google lists no sessions, and drops them by itself after a week.
func (b gcsBucket) open(string) ([]string, error) { return nil, nil }

// azureContainer is one of Azurite.
type azureContainer struct{ endpoint, name string }

// azureAccount is the one that Azurite has.
const azureAccount = "devstoreaccount1"

func (c azureContainer) ask(method, rest string) ([]byte, error) {
	return get(method, c.endpoint+"/"+azureAccount+"/"+c.name+rest, "", http.Header{
		"Authorization": {"Bearer " + blobToken()}, "X-Ms-Version": {"2024-11-04"},
	})
}

func (c azureContainer) make() error {
	_, err := c.ask(http.MethodPut, "?restype=container")
	return err
}

func (c azureContainer) names(prefix, include string) (names []string, err error) {
	text, err := c.ask(http.MethodGet, "?restype=container&comp=list&prefix="+url.QueryEscape(prefix)+include)
	if err != nil {
		return nil, err
	}
	var listed struct {
		Blobs []struct{ Name string } `xml:"Blobs>Blob"`
	}
	if err := xml.Unmarshal(text, &listed); err != nil {
		return nil, err
	}
	for _, b := range listed.Blobs {
		names = append(names, b.Name)
	}
	return names, nil
}

func (c azureContainer) objects(prefix string) (map[string][]byte, error) {
	names, err := c.names(prefix, "")
	all := map[string][]byte{}
	for _, name := range names {
		if all[name], err = c.ask(http.MethodGet, "/"+(&url.URL{Path: name}).EscapedPath()); err != nil {
			return nil, err
		}
	}
	return all, err
}

// open are blobs of which there are blocks that were not committed, and nothing else. Azure drops them after a week.
func (c azureContainer) open(prefix string) (open []string, err error) {
	with, err := c.names(prefix, "&include=uncommittedblobs")
	if err != nil {
		return nil, err
	}
	whole, err := c.names(prefix, "")
	for _, name := range with {
		if !strings.Contains(strings.Join(whole, "\n")+"\n", name+"\n") {
			open = append(open, name)
		}
	}
	return open, err
}

func get(method, address, body string, header http.Header) ([]byte, error) {
	r, err := http.NewRequestWithContext(context.Background(), method, address, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		r.Header[name] = values
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	reply, err := web.Do(r)
	if err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err == nil && reply.StatusCode/100 != 2 {
		err = errors.New(method + " " + address + ": " + reply.Status)
	}
	return text, err
}
