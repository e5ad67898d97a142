package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	exports "github.com/videovector/exports"
	openapi "github.com/videovector/exports/api"
	"github.com/videovector/exports/internal/api"
	"github.com/videovector/exports/internal/asl"
	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/awslink"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/blob/embeds3"
	"github.com/videovector/exports/internal/blob/s3blob"
	"github.com/videovector/exports/internal/connector/clouds"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/failpoint"
	"github.com/videovector/exports/internal/ids"
	"github.com/videovector/exports/internal/localgw"
	"github.com/videovector/exports/internal/localsfn"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/store/dynamostore"
	"github.com/videovector/exports/internal/store/sqlitestore"
	"github.com/videovector/exports/internal/webhook"
	"github.com/videovector/exports/internal/wiring"
	"github.com/videovector/exports/statemachine"
)

// machineARN is the local state machine's.
const machineARN = "arn:aws:states:" + region + ":" + awsAccount + ":stateMachine:videovector-exports-export"

// functions runs Lambda functions, in this process or as processes of their own.
type functions interface {
	localgw.Invoker
	Close(ctx context.Context) error
}

func (s *stack) startS3(ctx context.Context) error {
	port, err := freePort(ctx, s.secrets.S3Port)
	if err != nil {
		return err
	}
	if port != s.secrets.S3Port {
		s.secrets.S3Port = port
		if err := s.secrets.save(s.options.data); err != nil {
			return err
		}
	}
	s.s3, err = embeds3.Start(ctx, embeds3.Config{
		Dir: filepath.Join(s.options.data, "s3"), Addr: fmt.Sprintf("127.0.0.1:%d", port), Region: region,
		AccessKeyID: s.secrets.S3AccessKey, SecretAccessKey: s.secrets.S3SecretKey,
		Buckets: []string{resultsBucket, artifactsBucket, customerBucket},
	})
	if err == nil {
		s.closers, s.objects = append(s.closers, s.s3), awslink.Objects(cmp.Or(s.options.silence, embeddedSilence))
	}
	return err
}

const (
	// embeddedSilence is how long the embedded S3 may be silent: it puts a large object together before it answers.
	embeddedSilence = 5 * time.Minute
	// emulatorLimit is how long a DynamoDB on the same machine may take for a call. It may be starting up.
	emulatorLimit = 20 * time.Second
)

func (s *stack) awsConfig(client aws.HTTPClient) aws.Config {
	return aws.Config{
		Region: region, Credentials: credentials.NewStaticCredentialsProvider(s.secrets.S3AccessKey, s.secrets.S3SecretKey, ""), HTTPClient: client,
	}
}

// dynamoDB is the configuration of clients of the DynamoDB and its streams.
func (s *stack) dynamoDB() aws.Config {
	cfg := s.awsConfig(awslink.Calls(cmp.Or(s.options.silence, emulatorLimit)))
	cfg.BaseEndpoint = aws.String(s.options.dynamoDBEndpoint)
	return cfg
}

func (s *stack) bucket(name string) blob.Bucket {
	return s3blob.New(s3blob.NewClient(s.awsConfig(s.objects), s.storageEndpoint()), name)
}

func (s *stack) storageEndpoint() string { return cmp.Or(s.options.storageEndpoint, s.s3.Endpoint()) }

func (s *stack) openRecords(ctx context.Context) error {
	if s.options.dynamoDBEndpoint == "" {
		records, err := sqlitestore.Open(ctx, s.recordsFile())
		if err != nil {
			return err
		}
		s.records, s.closers = records, append(s.closers, records)
		return nil
	}
	client := dynamodb.NewFromConfig(s.dynamoDB())
	_, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(tableName)})
	if err != nil {
		err = dynamostore.CreateTable(ctx, client, tableName)
	}
	if err != nil {
		return fmt.Errorf("DynamoDB at %s: %w", s.options.dynamoDBEndpoint, err)
	}
	s.records = dynamostore.New(client, tableName)
	return nil
}

// assemble makes the parts, the functions out of them, and the engine that calls them.
func (s *stack) assemble(ctx context.Context) error {
	if s.options.realBootstrap {
		return s.assembleBootstraps(ctx)
	}
	keyring, err := auth.NewKeyring(auth.Keys{Current: []byte(s.secrets.TokenSecret)})
	if err != nil {
		return err
	}
	sealer, err := seal.NewKeyFile(s.sealFile())
	if err != nil {
		return err
	}
	origin, err := api.ParseOrigin(s.origin())
	if err != nil {
		return err
	}
	connectors, err := clouds.New(clouds.Config{Sealer: sealer, Endpoints: s.endpoints(), Silence: s.options.silence})
	if err != nil {
		return err
	}
	receivers, err := s.options.webhooks.Client()
	if err != nil {
		return err
	}
	s.parts = wiring.Parts{
		Store: s.records, Artifacts: s.bucket(artifactsBucket), Results: s.bucket(resultsBucket), Executions: s,
		Connectors: connectors, Sealer: sealer, Keyring: keyring, Origin: origin, NewID: ids.NewExport,
		NewConnectorID: ids.NewConnector, NewExternalID: ids.NewExternal, Clock: failpoint.Clock(), Log: s.log,
		WebhookClient: receivers, NewWebhookID: ids.NewWebhook, NewEventID: ids.NewEvent, NewWebhookSecret: webhook.NewSecret,
		WebhookRetry: s.options.webhooks.Retry, Limits: s.options.limits,
		Debounce: s.options.debounce, ShardThreshold: s.sizes().ShardAbove, ShardBytes: s.sizes().ShardSize,
	}
	if s.invoker, err = inProcess(s.parts); err != nil {
		return err
	}
	return s.newEngine(ctx)
}

// endpoints are where connectors go: S3's to the embedded one, the others to the clouds unless flags say otherwise.
func (s *stack) endpoints() clouds.Endpoints {
	return clouds.Endpoints{
		S3: cmp.Or(s.options.s3Endpoint, s.s3.Endpoint()), GCS: s.options.gcsEndpoint, GCSToken: s.options.gcsTokenURL,
		Azure: s.options.azureEndpoint, AzureLogin: s.options.azureLoginURL,
	}
}

// origin is the public one: scheme, host and port of https links.
func (s *stack) origin() string { return strings.TrimSuffix(s.local.TLSBaseURL, "/api/v2") }

func (s *stack) sealFile() string { return filepath.Join(s.options.data, "seal.key") }

// handlers are the functions by their folders' names.
var handlers = map[string]func(wiring.Parts) any{
	"authorize": wiring.Authorize, "create-export": wiring.CreateExport, "read-export": wiring.ReadExport,
	"download-export": wiring.DownloadExport, "plan": wiring.Plan, "package": wiring.Package, "assemble": wiring.Assemble,
	"control-export": wiring.ControlExport, "manage-connector": wiring.ManageConnector, "presign": wiring.Presign, "deliver": wiring.Deliver, "finish": wiring.Finish, "fail": wiring.Fail, "sweep": wiring.Sweep,
	"rotate-signing-key": wiring.RotateSigningKey, "manage-webhook": wiring.ManageWebhook, "send-events": wiring.SendEvents,
	"manage-automation": wiring.ManageAutomation, "run-automations": wiring.RunAutomations,
}

// inProcess makes the functions run in this process, with the time limits that the template gives them.
func inProcess(p wiring.Parts) (functions, error) {
	deployed, err := localgw.TemplateFunctions(exports.Template)
	if err != nil {
		return nil, err
	}
	all := map[string]localgw.Function{}
	for id, f := range deployed {
		build, ok := handlers[f.Name]
		if !ok {
			return nil, fmt.Errorf("the template's function %s (%s) is unknown here", id, f.Name)
		}
		all[f.Name] = localgw.Function{Handler: build(p), Timeout: f.Timeout}
	}
	return localgw.NewInProcess(localgw.InProcessConfig{
		Functions: all, Region: region, AccountID: awsAccount, NewID: rand.Text, Log: p.Log,
	})
}

func (s *stack) newEngine(ctx context.Context) error {
	definition, err := asl.Substitute(statemachine.Export, statemachine.Functions)
	if err != nil {
		return err
	}
	machine, err := asl.Load(definition)
	if err != nil {
		return fmt.Errorf("statemachine/export.asl.json: %w", err)
	}
	journal, err := asl.NewFileJournal(filepath.Join(s.options.data, "executions"))
	if err != nil {
		return err
	}
	s.engine = asl.NewEngine(asl.Config{
		Machine: machine, ARN: machineARN, Functions: lambdaCalls{s.invoker}, Objects: s3Objects{s}, Journal: journal,
		Clock: hurriedClock{s.options.hurry}, OnEnd: func(x asl.Execution) { s.executionEnded(ctx, x) }, Log: s.log,
	})
	return nil
}

// Start implements the starter of executions on the local engine.
func (s *stack) Start(ctx context.Context, account, exportID string, generation int) error {
	input, err := json.Marshal(map[string]any{"account_id": account, "export_id": exportID, "generation": generation})
	if err != nil {
		return err
	}
	err = s.engine.Start(ctx, export.ExecutionName(exportID, generation), input)
	if errors.Is(err, asl.ErrExecutionExists) {
		return nil
	}
	return err
}

// lambdaCalls lets the engine call functions.
type lambdaCalls struct{ functions localgw.Invoker }

// Invoke implements asl.Invoker.
func (l lambdaCalls) Invoke(ctx context.Context, function string, payload []byte) (asl.Reply, error) {
	r, err := l.functions.Invoke(ctx, function, payload)
	if err != nil {
		return asl.Reply{}, err
	}
	r = r.Buffer()
	return asl.Reply{Payload: r.Payload, Failed: r.FunctionError != ""}, nil
}

// s3Objects lets the engine read and write items.
type s3Objects struct{ stack *stack }

// Get implements asl.Objects.
func (o s3Objects) Get(ctx context.Context, bucket, key string) (io.ReadCloser, error) {
	body, _, err := o.stack.bucket(bucket).Open(ctx, key, 0, -1)
	return body, err
}

// Put implements asl.Objects.
func (o s3Objects) Put(ctx context.Context, bucket, key string, body []byte) error {
	_, err := o.stack.bucket(bucket).Put(ctx, key, body, blob.PutOptions{ContentType: "application/json"})
	return err
}

func (s *stack) gateway() (http.Handler, error) {
	return localgw.New(localgw.Config{
		OpenAPI: openapi.Description, Template: exports.Template, Functions: s.invoker, Stage: "api", Region: region,
		AccountID: awsAccount, APIID: "local", Clock: failpoint.Clock(), NewID: rand.Text, Log: s.log,
	})
}

// hurriedClock is the machine's, but for waits that are so many times shorter.
type hurriedClock struct{ hurry int }

// Now implements asl.Clock.
func (c hurriedClock) Now() time.Time { return time.Now() }

// Sleep implements asl.Clock.
func (c hurriedClock) Sleep(ctx context.Context, d time.Duration) error {
	return asl.SystemClock{}.Sleep(ctx, hurried(d, c.hurry))
}

// hurried is the wait, so many times shorter and yet one.
func hurried(d time.Duration, hurry int) time.Duration {
	return max(min(d, time.Millisecond), d/time.Duration(max(1, hurry)))
}

// sweepWaits are before each try to hand an event to sweep: Lambda makes a call that failed again after a minute, and
// after two.
var sweepWaits = []time.Duration{0, time.Minute, 2 * time.Minute}

// executionEnded is the rule on executions that ended: it hands the event to sweep, as EventBridge does.
func (s *stack) executionEnded(ctx context.Context, x asl.Execution) {
	ev, err := localsfn.EndEvent(machineARN, rand.Text(), x)
	if err != nil {
		s.log.Error("an execution's end could not be told", "execution", x.Name, "error", err.Error())
		return
	}
	for _, wait := range sweepWaits {
		if (hurriedClock{s.options.hurry}).Sleep(ctx, wait) != nil || s.sweep(context.WithoutCancel(ctx), ev) {
			return
		}
	}
}

// sweepRegularly is the schedule.
func (s *stack) sweepRegularly(ctx context.Context) {
	for tick := time.NewTicker(s.options.every); ; {
		s.sweep(ctx, event("aws.events", "Scheduled Event", map[string]any{}))
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
	}
}

// sweep reports whether sweep did its work.
func (s *stack) sweep(ctx context.Context, ev []byte) bool {
	reply, err := s.invoker.Invoke(ctx, "sweep", ev)
	if err != nil && ctx.Err() == nil {
		s.log.ErrorContext(ctx, "sweep could not be called", "error", err.Error())
	}
	return err == nil && reply.FunctionError == ""
}

// event is an EventBridge event.
func event(source, detailType string, detail map[string]any) []byte {
	var b bytes.Buffer
	err := json.NewEncoder(&b).Encode(map[string]any{
		"version": "0", "id": rand.Text(), "source": source, "detail-type": detailType, "account": awsAccount, "region": region,
		"time": time.Now().UTC().Format(time.RFC3339), "resources": []string{}, "detail": detail,
	})
	if err != nil {
		panic("an event of our own always encodes: " + err.Error())
	}
	return b.Bytes()
}

func (s *stack) seed(ctx context.Context) error {
	if err := seedKeys(ctx, s.records, s.secrets.APIKeys); err != nil {
		return err
	}
	if !s.options.demo {
		return nil
	}
	sealer, err := seal.NewKeyFile(s.sealFile())
	if err != nil {
		return err
	}
	return seeder{records: s.records, results: s.bucket(resultsBucket), sealer: sealer, access: *s.secrets}.seed(ctx)
}
