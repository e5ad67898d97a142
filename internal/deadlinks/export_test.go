package deadlinks

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/client"
)

// patience is how long an export may take to end once nothing stands in its way. Undisturbed it takes a second.
const patience = 2 * time.Minute

// formats are those of each index's exports. Of the large one each shard makes files of its own.
var formats = map[string][]client.Format{"idx_small": {"json", "ndjson"}, "idx_large": {"csv", "parquet"}, "idx_huge": {"json"}}

// order makes an export of the index, to the connector if there is one. The client repeats the request under its key until
// it is answered.
func (s *service) order(index, connector string) string {
	s.t.Helper()
	p := client.CreateIndexExportParams{DestinationConnectorID: connector, FileParams: client.FileParams{Formats: formats[index]}}
	if connector != "" {
		p.DestinationSubpath = "team"
	}
	created, err := s.api.Exports.CreateIndexExport(s.t.Context(), index, p)
	if err != nil {
		s.t.Fatalf("order of %s: %v\n%s", index, err, s.tail())
	}
	s.ordered.Add(1)
	return created.ID
}

// bucket is an S3 bucket as it is, without any proxy.
type bucket struct {
	t      *testing.T
	client *s3.Client
	name   string
}

func newBucket(t *testing.T, endpoint, id, secret, name string) bucket {
	return bucket{t, s3.New(s3.Options{
		Region: "us-east-1", BaseEndpoint: &endpoint, UsePathStyle: true, Credentials: credentials.NewStaticCredentialsProvider(id, secret, ""),
	}), name}
}

func (b bucket) get(key string) []byte {
	b.t.Helper()
	out, err := b.client.GetObject(context.Background(), &s3.GetObjectInput{Bucket: &b.name, Key: &key})
	if err != nil {
		b.t.Fatalf("%s: %v", key, err)
	}
	defer out.Body.Close()
	content, err := io.ReadAll(out.Body)
	if err != nil {
		b.t.Fatalf("%s: %v", key, err)
	}
	return content
}

// keys are those below the prefix.
func (b bucket) keys(prefix string) (all []string) {
	b.t.Helper()
	for pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: &prefix}); pages.HasMorePages(); {
		page, err := pages.NextPage(context.Background())
		if err != nil {
			b.t.Fatal(err)
		}
		for _, o := range page.Contents {
			all = append(all, aws.ToString(o.Key))
		}
	}
	return all
}

// uploads are the keys of what was begun and not ended.
func (b bucket) uploads() (keys []string) {
	b.t.Helper()
	open, err := b.client.ListMultipartUploads(context.Background(), &s3.ListMultipartUploadsInput{Bucket: &b.name})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, u := range open.Uploads {
		keys = append(keys, aws.ToString(u.Key))
	}
	return keys
}

// artifacts is the service's own bucket.
func (s *service) artifacts() bucket {
	return newBucket(s.t, s.local.S3Endpoint, s.local.S3AccessKeyID, s.local.S3SecretAccessKey, s.local.ArtifactsBucket)
}

// manifest is what is held of a manifest.
type manifest struct {
	Files []struct {
		Name   string `json:"name"`
		Bytes  int64  `json:"bytes"`
		SHA256 string `json:"sha256"`
	} `json:"files"`
}

// files reads the files of a completed export and holds each against the manifest.
func (s *service) files(id string) map[string][]byte {
	s.t.Helper()
	b, folder := s.artifacts(), "artifacts/acct_demo/"+id+"/"
	all := map[string][]byte{}
	for _, key := range b.keys(folder) {
		all[strings.TrimPrefix(key, folder)] = b.get(key)
	}
	var m manifest
	if err := json.Unmarshal(all[id+".manifest.json"], &m); err != nil {
		s.t.Fatalf("%s: the manifest: %v", id, err)
	}
	for _, f := range m.Files {
		content, stands := all[f.Name]
		if sum := sha256.Sum256(content); !stands || int64(len(content)) != f.Bytes || hex.EncodeToString(sum[:]) != f.SHA256 {
			s.t.Errorf("%s: %s has %d bytes and is not as the manifest says", id, f.Name, len(content))
		}
	}
	if len(m.Files) == 0 || len(all) != len(m.Files)+1 {
		s.t.Errorf("%s: the files are %v, and the manifest tells of %d", id, slices.Sorted(maps.Keys(all)), len(m.Files))
	}
	return all
}

// digests are those of an export's files but for what is its own: of a document, what follows its head.
func (s *service) digests(id string) map[string]string {
	s.t.Helper()
	all := map[string]string{}
	for name, content := range s.files(id) {
		switch name = strings.TrimPrefix(name, id); name {
		case ".manifest.json":
			continue
		case ".json":
			_, results, ok := bytes.Cut(content, []byte(`"results":[`))
			if !ok || !json.Valid(content) {
				s.t.Errorf("%s: the document is none", id)
			}
			content = results
		}
		sum := sha256.Sum256(content)
		all[name] = hex.EncodeToString(sum[:])
	}
	return all
}

// undisturbed makes an export of the index that nothing disturbs, which the others are held against.
func (s *service) undisturbed(index string) {
	s.t.Helper()
	id := s.order(index, "")
	if e := s.ended(id, patience); e.Status != "completed" {
		s.t.Fatalf("the undisturbed export of %s is %s: %s\n%s", index, e.Status, e.ErrorMessage, s.tail())
	}
	s.expected[index] = s.digests(id)
}

// isWhole holds an export that has ended against what it would have been without the trouble.
func (s *service) isWhole(e *client.Export, index string) {
	s.t.Helper()
	if e.Status != "completed" {
		s.t.Fatalf("%s is %s: %s\n%s", e.ID, e.Status, e.ErrorMessage, s.tail())
	}
	if diff := cmp.Diff(s.expected[index], s.digests(e.ID)); diff != "" {
		s.t.Errorf("%s differs from an undisturbed export (-want +got):\n%s", e.ID, diff)
	}
	others := func(key string) bool { return !strings.Contains(key, e.ID) } // they may be at work
	if open := slices.DeleteFunc(s.artifacts().uploads(), others); len(open) > 0 {
		s.t.Errorf("uploads are open: %v", open)
	}
}

// isDelivered holds what stands at the destination against the export's own files.
func (s *service) isDelivered(e *client.Export, at destination) {
	s.t.Helper()
	own := s.files(e.ID)
	for name, content := range own {
		if copied := at.get("team/" + name); !bytes.Equal(copied, content) {
			s.t.Errorf("%s: at the destination it has %d bytes, and differs from the %d of the service's", name, len(copied), len(content))
		}
	}
	if standing := at.keys("team/" + e.ID); len(standing) != len(own) {
		s.t.Errorf("%d objects stand at the destination, not %d: %v", len(standing), len(own), standing)
	}
	if open := at.uploads(); len(open) > 0 {
		s.t.Errorf("at the destination, uploads are open: %v", open)
	}
}

// destination is a customer's storage as it is, without any proxy.
type destination interface {
	get(key string) []byte
	keys(prefix string) []string
	uploads() []string
}
