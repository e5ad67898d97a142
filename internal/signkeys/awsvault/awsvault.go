// Package awsvault is one secret in AWS Secrets Manager.
package awsvault

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/signkeys"
)

// Client is what is called of the SDK.
type Client interface {
	DescribeSecret(context.Context, *secretsmanager.DescribeSecretInput, ...func(*secretsmanager.Options)) (*secretsmanager.DescribeSecretOutput, error)
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
	PutSecretValue(context.Context, *secretsmanager.PutSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error)
	UpdateSecretVersionStage(context.Context, *secretsmanager.UpdateSecretVersionStageInput, ...func(*secretsmanager.Options)) (*secretsmanager.UpdateSecretVersionStageOutput, error)
}

// Vault implements signkeys.Vault.
type Vault struct {
	client Client
	secret string
}

var _ signkeys.Vault = Vault{}

// New is the secret with the ARN.
func New(client Client, secretARN string) Vault { return Vault{client, secretARN} }

// Labels implements signkeys.Vault.
func (v Vault) Labels(ctx context.Context) (map[string][]string, error) {
	out, err := v.client.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &v.secret})
	if err != nil {
		return nil, failure(err)
	}
	return out.VersionIdsToStages, nil
}

// Value implements signkeys.Vault.
func (v Vault) Value(ctx context.Context, version string) (string, error) {
	out, err := v.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &v.secret, VersionId: &version})
	if err != nil {
		return "", failure(err)
	}
	return aws.ToString(out.SecretString), nil
}

// Put implements signkeys.Vault.
func (v Vault) Put(ctx context.Context, version, value string) error {
	_, err := v.client.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId: &v.secret, ClientRequestToken: &version, SecretString: &value, VersionStages: []string{signkeys.Pending},
	})
	return failure(err)
}

// MakeCurrent implements signkeys.Vault.
func (v Vault) MakeCurrent(ctx context.Context, from, to string) error {
	_, err := v.client.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: &v.secret, VersionStage: aws.String(signkeys.Current), RemoveFromVersionId: &from, MoveToVersionId: &to,
	})
	return failure(err)
}

// failure gives an error of the SDK a kind. Its text never holds a secret: requests are not in it.
func failure(err error) error {
	var absent *types.ResourceNotFoundException
	var exists *types.ResourceExistsException
	kind := fault.Internal
	switch {
	case err == nil:
		return nil
	case errors.As(err, &absent):
		kind = fault.NotFound
	case errors.As(err, &exists):
		kind = fault.Conflict
	case retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) == aws.TrueTernary:
		kind = fault.Throttled
	case retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) == aws.TrueTernary:
		kind = fault.Unavailable
	}
	return fault.Wrap(err, kind, "secret_failed", "The secret store did not do what was asked.")
}
