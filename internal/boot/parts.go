package boot

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/videovector/exports/internal/api"
	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/awslink"
	"github.com/videovector/exports/internal/blob/s3blob"
	"github.com/videovector/exports/internal/blob/s3get"
	"github.com/videovector/exports/internal/ids"
	"github.com/videovector/exports/internal/sfnexec"
	"github.com/videovector/exports/internal/signkeys"
	"github.com/videovector/exports/internal/signkeys/awsvault"
	"github.com/videovector/exports/internal/store/dynamostore"
	"github.com/videovector/exports/internal/tenant/fence"
	"github.com/videovector/exports/internal/wiring"
)

// PerAccount makes the parts that are named after it work under sessions of the role ACCOUNT_ROLE_ARN, one for each
// account (internal/tenant/fence). Where there is no STS, locally, ACCOUNT_ROLE_ARN is "none" and they work as they are;
// so they do under the SAM CLI, which has no role to name. A deployed function that did would be let nowhere: what the
// parts need, only the role may.
func PerAccount(_ context.Context, e *env, _ *wiring.Parts) error {
	role, err := e.need("ACCOUNT_ROLE_ARN")
	if err == nil && role != "none" && e.get("AWS_SAM_LOCAL") != "true" {
		e.aws.Credentials = fence.New(sts.NewFromConfig(e.aws), role)
	}
	return err
}

// Joining gives the parts that are named after it more patience with S3, for a function that has it join the parts of uploads.
// One whose caller waits has no time for that.
func Joining(_ context.Context, e *env, _ *wiring.Parts) error {
	e.objectsClient = awslink.Objects(awslink.JoiningSilence)
	return nil
}

// Records is the table TABLE_NAME.
func Records(_ context.Context, e *env, p *wiring.Parts) error {
	table, err := e.need("TABLE_NAME")
	p.Store = dynamostore.New(dynamodb.NewFromConfig(e.aws), table)
	return err
}

// Artifacts is the bucket ARTIFACTS_BUCKET.
func Artifacts(_ context.Context, e *env, p *wiring.Parts) error {
	bucket, err := e.need("ARTIFACTS_BUCKET")
	p.Artifacts = s3blob.New(s3blob.NewClient(e.objects(), e.get("AWS_ENDPOINT_URL_S3")), bucket)
	return err
}

// Results is the bucket RESULTS_BUCKET, read only.
func Results(_ context.Context, e *env, p *wiring.Parts) error {
	bucket, err := e.need("RESULTS_BUCKET")
	p.Results = s3blob.New(s3blob.NewClient(e.objects(), e.get("AWS_ENDPOINT_URL_S3")), bucket)
	return err
}

// Samples is the bucket RESULTS_BUCKET for functions that read a little of it.
func Samples(_ context.Context, e *env, p *wiring.Parts) error {
	bucket, err := e.need("RESULTS_BUCKET")
	p.Samples = s3get.New(e.aws, e.get("AWS_ENDPOINT_URL_S3"), bucket)
	return err
}

// Limits are those of each account's exports: EXPORTS_AT_ONCE, EXPORTS_WAITING and CREATES_PER_MINUTE.
func Limits(_ context.Context, e *env, p *wiring.Parts) error {
	var errs [3]error
	p.Limits.AtOnce, errs[0] = atLeastOne(e.need("EXPORTS_AT_ONCE"))
	p.Limits.Waiting, errs[1] = atLeastOne(e.need("EXPORTS_WAITING"))
	p.Limits.PerMinute, errs[2] = atLeastOne(e.need("CREATES_PER_MINUTE"))
	return errors.Join(errs[:]...)
}

// atLeastOne is the text as a number.
func atLeastOne(text string, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(text)
	if err == nil && n < 1 {
		err = errors.New("a limit must be at least 1")
	}
	return n, err
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

// Keys are the signing keys: the Secrets Manager secret TOKEN_SECRET_ARN, in the form of internal/signkeys, looked up
// anew every few minutes. A local service passes the one key as TOKEN_SECRET instead.
func Keys(ctx context.Context, e *env, p *wiring.Parts) error {
	if local := e.get("TOKEN_SECRET"); local != "" {
		ring, err := auth.NewKeyring(auth.Keys{Current: []byte(local)})
		p.Keyring = ring
		return err
	}
	arn, err := e.need("TOKEN_SECRET_ARN")
	if err != nil {
		return err
	}
	client := secretsmanager.NewFromConfig(e.aws)
	live, err := signkeys.NewLive(ctx, func(ctx context.Context) (auth.Keys, error) {
		out, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &arn})
		if err != nil {
			return auth.Keys{}, fmt.Errorf("signing keys: %w", err)
		}
		return signkeys.Parse(aws.ToString(out.SecretString))
	}, p.Clock, p.Log)
	if err != nil {
		return err
	}
	p.Keyring, p.RefreshKeys = live.Keyring(), live.Refresh
	return nil
}

// KeyRotation rotates the secret TOKEN_SECRET_ARN. A local service, whose TOKEN_SECRET never changes, has none.
func KeyRotation(_ context.Context, e *env, p *wiring.Parts) error {
	if e.get("TOKEN_SECRET") != "" {
		return nil
	}
	arn, err := e.need("TOKEN_SECRET_ARN")
	p.Rotation = &signkeys.Rotation{SecretID: arn, Vault: awsvault.New(secretsmanager.NewFromConfig(e.aws), arn)}
	return err
}
