package boot

import (
	"cmp"
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/videovector/exports/internal/awslink"
)

// minCompressBytes is the SDK's default: of shorter requests none is compressed.
const minCompressBytes = 10240

// awsConfig is the configuration of SDK clients in Lambda, which passes the region and the role's credentials as
// variables. The SDK's own loader reads the same ones; it looks besides for files, metadata services and sessions of
// single sign-on, none of which a function has, for a tenth of a start and 1.3 MiB of a binary.
func (e *env) awsConfig() (aws.Config, error) {
	id, err := e.need("AWS_ACCESS_KEY_ID")
	if err != nil {
		return aws.Config{}, err
	}
	secret, err := e.need("AWS_SECRET_ACCESS_KEY")
	if err != nil {
		return aws.Config{}, err
	}
	cfg := aws.Config{
		Region:                      cmp.Or(e.get("AWS_REGION"), e.get("AWS_DEFAULT_REGION")),
		Credentials:                 credentials.NewStaticCredentialsProvider(id, secret, e.get("AWS_SESSION_TOKEN")),
		HTTPClient:                  awslink.Calls(awslink.CallLimit),
		ConfigSources:               []any{serviceEndpoints{e.get}},
		DefaultsMode:                aws.DefaultsModeLegacy,
		AccountIDEndpointMode:       aws.AccountIDEndpointModePreferred,
		RequestMinCompressSizeBytes: minCompressBytes,
		RequestChecksumCalculation:  aws.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation:  aws.ResponseChecksumValidationWhenSupported,
	}
	if all := e.get("AWS_ENDPOINT_URL"); all != "" {
		cfg.BaseEndpoint = &all
	}
	return cfg, nil
}

// objects is the configuration of S3's clients, which share their connections.
func (e *env) objects() aws.Config {
	if e.objectsClient == nil {
		e.objectsClient = awslink.Objects(awslink.Silence)
	}
	cfg := e.aws.Copy()
	cfg.HTTPClient = e.objectsClient
	return cfg
}

// serviceEndpoints are where single services are, if not at AWS: AWS_ENDPOINT_URL_DYNAMODB and so on.
type serviceEndpoints struct{ get func(string) string }

// GetServiceBaseEndpoint is what the SDK asks, for services by their names, such as "DynamoDB" and "Secrets Manager".
func (s serviceEndpoints) GetServiceBaseEndpoint(_ context.Context, service string) (url string, found bool, err error) {
	url = s.get("AWS_ENDPOINT_URL_" + strings.ToUpper(strings.ReplaceAll(service, " ", "_")))
	return url, url != "", nil
}
