package kill

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	crand "crypto/rand"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/videovector/exports/internal/blob/s3blob"
	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/demo"
	"github.com/videovector/exports/internal/emulator/azurite"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/failpoint/trial"
	"github.com/videovector/exports/internal/loader"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/dynamostore"
	"github.com/videovector/exports/internal/store/dynamostore/dynamolocal"
)

// Names of the local service's parts.
const (
	region          = "us-east-1"
	tableName       = "videovector-exports"
	resultsBucket   = "videovector-results"
	artifactsBucket = "videovector-artifacts"
	customerBucket  = "review-team-bucket"
)

// world is a service with its records, its customers' storage and its webhook. Schedules are played in it one by one.
type world struct {
	*service
	programs    programs
	trial       trial.Folder
	records     *dynamostore.Store
	sealer      seal.Sealer
	receiver    *receiver
	ahead       time.Duration // of the clock
	customers   map[string]destination
	undisturbed map[string]map[string]string // of contents: digests of the files, by what follows the id in their names
	dead        dead
	known       map[string]bool           // exports of earlier schedules
	ends        map[string]map[string]end // of exports, by the ids of their events
	bodies      map[string]string         // of the events that came, by their ids
	heard       int                       // how many arrivals were looked at
}

// basePath is every connector's.
const basePath = "base"

// newWorld starts a service; name is of its buckets.
func newWorld(t *testing.T, name string, p programs, c *clouds, bootstraps bool) *world {
	t.Helper()
	dir := t.TempDir()
	w := &world{programs: p.copyTo(t, filepath.Join(dir, "programs")), undisturbed: map[string]map[string]string{}, known: map[string]bool{}, ends: map[string]map[string]end{}, bodies: map[string]string{}, dead: dead{seen: map[string]bool{}}}
	var err error
	if w.trial, err = trial.Make(filepath.Join(dir, "programs")); err != nil {
		t.Fatal(err)
	}
	w.receiver = startReceiver(t, c.pair)
	dynamo := dynamolocal.Own(t)
	w.service = &service{program: w.programs.local(), dir: filepath.Join(dir, "data"), flags: []string{
		"-dynamodb-endpoint", dynamo, "-gcs-endpoint", c.gcs, "-gcs-token-url", c.tokens, "-azure-endpoint", c.azure, "-azure-login-url", c.tokens,
		"-webhook-allow", w.receiver.Listener.Addr().String(), "-webhook-ca", c.authority, "-webhook-retry", "200ms",
		"-schedule-every", "250ms", "-shard-above", "4", "-shard-size", "1",
	}}
	if bootstraps {
		w.flags = append(w.flags, "-real-bootstrap", "-bootstraps", w.programs.dir)
	}
	if err := os.MkdirAll(w.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	w.onDeath = w.lookAtDead
	if err := w.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.close)
	l, err := w.up()
	if err != nil {
		t.Fatal(err)
	}
	w.records = dynamostore.New(dynamodb.New(dynamodb.Options{
		Region: region, BaseEndpoint: &dynamo, Credentials: credentials.NewStaticCredentialsProvider(l.S3AccessKeyID, l.S3SecretAccessKey, ""),
	}), tableName)
	w.furnish(t, name, l, c)
	return w
}

// furnish loads results, makes the customers' storage and connectors to it, and a webhook.
func (w *world) furnish(t *testing.T, name string, l localJSON, c *clouds) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(w.load(l, "idx_one", "run_one", 18<<20))
	for n := range 3 {
		must(w.load(l, "idx_many", fmt.Sprintf("run_many_%d", n), 7<<20))
	}
	for n := range 2 {
		must(w.load(l, "idx_wide", fmt.Sprintf("run_wide_%d", n), 21<<20))
	}
	gcs, azure := gcsBucket{c.gcs, "exports-" + name}, azureContainer{c.azure, "exports-" + name}
	must(gcs.make())
	must(azure.make())
	w.customers = map[string]destination{toS3: s3Bucket{s3Client(l), customerBucket}, toGCS: gcs, toAzure: azure}
	var err error
	w.sealer, err = seal.NewKeyFile(filepath.Join(w.dir, "seal.key"))
	must(err)
	must(w.connect(toS3, store.Connector{ID: connectorID(toS3), Bucket: customerBucket, Region: region}, l))
	must(w.connect(toGCS, store.Connector{ID: connectorID(toGCS), Bucket: gcs.name, GCPProjectID: "project-1"}, l))
	must(w.connect(toAzure, store.Connector{ID: connectorID(toAzure), StorageAccount: azureAccount, Container: azure.name}, l))
	r, _, err := w.insist(call{method: http.MethodPost, path: "/webhooks", as: writer, body: fmt.Sprintf(`{"name":"n","url":%q,"events":["export.ready","export.failed"]}`, w.receiver.URL)})
	must(err)
	if r.status != http.StatusCreated {
		t.Fatalf("POST /webhooks: %v", r)
	}
}

func connectorID(provider string) string { return "conn_" + provider }

func writer(l localJSON) string { return l.APIKeys.Write }
func reader(l localJSON) string { return l.APIKeys.Read }
func admin(l localJSON) string  { return l.APIKeys.Admin }

// load writes a run of about that many bytes of results, as the platform does.
func (w *world) load(l localJSON, index, run string, size int) error {
	ctx := context.Background()
	if err := w.putIndex(index); err != nil {
		return err
	}
	results := s3blob.New(s3blob.NewClient(aws.Config{
		Region: region, Credentials: credentials.NewStaticCredentialsProvider(l.S3AccessKeyID, l.S3SecretAccessKey, ""),
	}, l.S3Endpoint), resultsBucket)
	lines := records(run, size)
	_, err := loader.New(loader.Config{Catalog: w.records, Results: results, LoadID: run, Clock: w.now}).Load(ctx, export.Run{
		ID: run, AccountID: demo.AccountID, IndexID: index, ContextType: "index", PromptID: "prompt_1", PromptName: "Notes",
		ExecutedAt: demo.Epoch, ExecutedBy: demo.UserID, Status: export.RunCompleted,
		Schema: json.RawMessage(`{"type":"object","properties":{"note":{"type":"string"}}}`),
	}, []loader.Source{{Name: run, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(lines)), nil }}})
	return err
}

func (w *world) putIndex(id string) error {
	return w.records.PutIndex(context.Background(), export.Index{ID: id, AccountID: demo.AccountID, Name: id, UserID: demo.UserID, CreatedAt: demo.Epoch})
}

// records are lines of results, more than size bytes in all, and the same every time.
func records(run string, size int) []byte {
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	for i := 0; b.Len()+w.Buffered() < size; i++ {
		fmt.Fprintf(w, `{"result_type":"segment","result_id":"segment:s%d:%s","run_id":%q,"start_time":%d.50,"metadata":{"note":%q},"field_extraction_succeeded":true}`+"\n",
			i, run, run, i, "Kamera schwenkt über den Hafen 🚢 "+strings.Repeat(fmt.Sprint("abc ", i), i%100))
	}
	_ = w.Flush() // into memory
	return b.Bytes()
}

// connect writes a connector with the secrets that its provider wants.
func (w *world) connect(provider string, c store.Connector, l localJSON) error {
	secrets := map[string]seal.Secrets{
		toS3: {connector.S3AccessKeyID: seal.NewSecret(l.S3AccessKeyID), connector.S3SecretAccessKey: seal.NewSecret(l.S3SecretAccessKey)},
		toAzure: {
			connector.AzureTenantID: seal.NewSecret(azurite.Tenant), connector.AzureClientID: seal.NewSecret("11059fcc-5514-4800-b5f8-49808b9cfab6"),
			connector.AzureClientSecret: seal.NewSecret("nothing"),
		},
	}[provider]
	if provider == toGCS {
		key, err := signingKey()
		if err != nil {
			return err
		}
		secrets = seal.Secrets{connector.GCSClientEmail: seal.NewSecret("exports@project-1.iam.gserviceaccount.com"), connector.GCSPrivateKey: seal.NewSecret(key)}
	}
	sealed, err := seal.SealSecrets(context.Background(), w.sealer, seal.Context{AccountID: demo.AccountID, ConnectorID: c.ID}, secrets)
	if err != nil {
		return err
	}
	c.AccountID, c.Name, c.Provider, c.Status, c.Scopes, c.ExportBasePath = demo.AccountID, c.ID, provider, "active", []string{"export"}, basePath
	c.Secret, c.CreatedAt, c.UpdatedAt = sealed, export.Stamp(w.now()), export.Stamp(w.now())
	return w.records.PutConnector(context.Background(), c)
}

// signingKey is that of a service account which exists nowhere.
func signingKey() (string, error) {
	key, err := rsa.GenerateKey(crand.Reader, 2048)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), err
}

// now is the time in the world.
func (w *world) now() time.Time { return time.Now().Add(w.ahead) }

// moveTo moves the clock on, so that it is the time.
func (w *world) moveTo(at time.Time) error {
	if ahead := time.Until(at) + 5*time.Millisecond; ahead > w.ahead {
		w.ahead = ahead
	}
	return w.trial.Move(w.ahead)
}

func (w *world) artifacts() (s3Bucket, error) {
	l, err := w.up()
	return s3Bucket{s3Client(l), artifactsBucket}, err
}

// customer is the storage of the provider; the S3 of the service's own machine may have moved.
func (w *world) customer(provider string) (destination, error) {
	if provider != toS3 {
		return w.customers[provider], nil
	}
	l, err := w.up()
	return s3Bucket{s3Client(l), customerBucket}, err
}
