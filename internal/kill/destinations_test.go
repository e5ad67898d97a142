package kill

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/videovector/exports/internal/emulator/azurite"
)

// destination is a customer's storage, looked at from outside.
type destination interface {
	// objects are the contents below the prefix, by key.
	objects(prefix string) (map[string][]byte, error)
	// open names what was begun below the prefix and is no object.
	open(prefix string) ([]string, error)
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
		"Authorization": {"Bearer " + azurite.Token("signature")}, "X-Ms-Version": {"2024-11-04"},
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
		if !slices.Contains(whole, name) {
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
