package boot

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/videovector/exports/internal/api"
	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/blob/s3blob"
	"github.com/videovector/exports/internal/blob/s3get"
	"github.com/videovector/exports/internal/connector/clouds"
	"github.com/videovector/exports/internal/ids"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/seal/kmsseal"
	"github.com/videovector/exports/internal/sfnexec"
	"github.com/videovector/exports/internal/store/dynamostore"
	"github.com/videovector/exports/internal/wiring"
)

// Records is the table TABLE_NAME.
func Records(_ context.Context, e *env, p *wiring.Parts) error {
	table, err := e.need("TABLE_NAME")
	p.Store = dynamostore.New(dynamodb.NewFromConfig(e.aws), table)
	return err
}

// Artifacts is the bucket ARTIFACTS_BUCKET.
func Artifacts(_ context.Context, e *env, p *wiring.Parts) error {
	bucket, err := e.need("ARTIFACTS_BUCKET")
	p.Artifacts = s3blob.New(s3blob.NewClient(e.aws, e.get("AWS_ENDPOINT_URL_S3")), bucket)
	return err
}

// Results is the bucket RESULTS_BUCKET, read only.
func Results(_ context.Context, e *env, p *wiring.Parts) error {
	bucket, err := e.need("RESULTS_BUCKET")
	p.Results = s3blob.New(s3blob.NewClient(e.aws, e.get("AWS_ENDPOINT_URL_S3")), bucket)
	return err
}

// Samples is the bucket RESULTS_BUCKET for functions that read a little of it.
func Samples(_ context.Context, e *env, p *wiring.Parts) error {
	bucket, err := e.need("RESULTS_BUCKET")
	p.Samples = s3get.New(e.aws, e.get("AWS_ENDPOINT_URL_S3"), bucket)
	return err
}

// Executions starts the state machine STATE_MACHINE_ARN.
func Executions(_ context.Context, e *env, p *wiring.Parts) error {
	arn, err := e.need("STATE_MACHINE_ARN")
	p.Executions = sfnexec.New(sfn.NewFromConfig(e.aws), arn)
	p.NewID = ids.NewExport
	return err
}

// PublicOrigin is the https origin of links, PUBLIC_ORIGIN; "" leaves it to the gateway's stage.
func PublicOrigin(_ context.Context, e *env, p *wiring.Parts) (err error) {
	if origin := e.may("PUBLIC_ORIGIN"); origin != "" {
		p.Origin, err = api.ParseOrigin(origin)
	}
	return err
}

// Keys are the signing keys: the Secrets Manager secret TOKEN_SECRET_ARN, a JSON object with "current" and, while it
// is being replaced, "previous". A local service passes them as TOKEN_SECRET instead.
func Keys(ctx context.Context, e *env, p *wiring.Parts) error {
	material, err := e.tokenSecret(ctx)
	if err != nil {
		return err
	}
	p.Keyring, err = auth.NewKeyring(material)
	return err
}

func (e *env) tokenSecret(ctx context.Context) (auth.Keys, error) {
	if local := e.get("TOKEN_SECRET"); local != "" {
		return auth.Keys{Current: []byte(local)}, nil
	}
	arn, err := e.need("TOKEN_SECRET_ARN")
	if err != nil {
		return auth.Keys{}, err
	}
	out, err := secretsmanager.NewFromConfig(e.aws).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &arn})
	if err != nil {
		return auth.Keys{}, fmt.Errorf("signing keys: %w", err)
	}
	var k struct {
		Current  string `json:"current"`
		Previous string `json:"previous"`
	}
	if err := json.Unmarshal([]byte(aws.ToString(out.SecretString)), &k); err != nil {
		return auth.Keys{}, fmt.Errorf("signing keys: the secret is not a JSON object with \"current\"") // its text stays out of the error
	}
	return auth.Keys{Current: []byte(k.Current), Previous: []byte(k.Previous)}, nil
}

// Connectors makes connectors and opens customers' buckets. Their secrets are sealed under the KMS key KMS_KEY_ID. A local service names a
// key file instead, SEAL_KEY_FILE, and may say where the clouds are, CONNECTOR_S3_ENDPOINT and so on.
func Connectors(_ context.Context, e *env, p *wiring.Parts) error {
	sealer, err := e.sealer()
	if err != nil {
		return err
	}
	endpoints, err := e.endpoints()
	if err != nil {
		return err
	}
	p.Sealer, p.NewConnectorID, p.NewExternalID = sealer, ids.NewConnector, ids.NewExternal
	p.Connectors, err = clouds.New(clouds.Config{Sealer: sealer, Self: e.aws, Endpoints: endpoints})
	return err
}

// endpoints are where a local service's connectors go in place of the clouds. A deployed function refuses to start with
// one: what is there would be sent what is meant for a customer's storage.
func (e *env) endpoints() (clouds.Endpoints, error) {
	endpoints := clouds.FromEnvironment(e.get)
	if set := endpoints.Environment(); len(set) > 0 && e.get("SEAL_KEY_FILE") == "" {
		name, _, _ := strings.Cut(set[0], "=")
		return clouds.Endpoints{}, fmt.Errorf("the environment variable %s is set, which is for a local service only; a local service has SEAL_KEY_FILE", name)
	}
	return endpoints, nil
}

func (e *env) sealer() (seal.Sealer, error) {
	if file := e.get("SEAL_KEY_FILE"); file != "" {
		return seal.NewKeyFile(file)
	}
	key, err := e.need("KMS_KEY_ID")
	if err != nil {
		return nil, err
	}
	return kmsseal.New(kms.NewFromConfig(e.aws), key), nil
}
