package boot

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/videovector/exports/internal/awslink"
)

// TestConfigurationIsTheSDKs holds what a function makes of its environment against what the SDK's loader does, in the
// configuration and in the clients that are made of it.
func TestConfigurationIsTheSDKs(t *testing.T) {
	for name, environment := range map[string]map[string]string{
		"in Lambda": {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1", "AWS_SESSION_TOKEN": "token"},
		"local": {
			"AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:2",
			"AWS_ENDPOINT_URL_SECRETS_MANAGER": "http://127.0.0.1:3",
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, set := range os.Environ() {
				if variable, _, _ := strings.Cut(set, "="); strings.HasPrefix(variable, "AWS_") {
					t.Setenv(variable, "")
				}
			}
			t.Setenv("AWS_ACCESS_KEY_ID", "id")
			t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
			for variable, value := range environment {
				t.Setenv(variable, value)
			}
			want, err := config.LoadDefaultConfig(t.Context(), config.WithSharedConfigFiles(nil), config.WithSharedCredentialsFiles(nil))
			if err != nil {
				t.Fatal(err)
			}
			got, err := (&env{get: os.Getenv}).awsConfig()
			if err != nil {
				t.Fatal(err)
			}
			differently := cmpopts.IgnoreFields(aws.Config{}, "Credentials", "HTTPClient", "ConfigSources", "Logger", "Interceptors", "RuntimeEnvironment",
				"RestrictFilePermissions") // of files that the SDK writes: a function has none
			if diff := cmp.Diff(want, got, differently); diff != "" {
				t.Errorf("configuration, the SDK's -, ours +:\n%s", diff)
			}
			if diff := cmp.Diff(retrieved(t, want), retrieved(t, got)); diff != "" {
				t.Errorf("credentials, the SDK's -, ours +:\n%s", diff)
			}
			for service, endpoint := range map[string]func(aws.Config) *string{
				"DynamoDB":        func(c aws.Config) *string { return dynamodb.NewFromConfig(c).Options().BaseEndpoint },
				"Secrets Manager": func(c aws.Config) *string { return secretsmanager.NewFromConfig(c).Options().BaseEndpoint },
			} {
				if diff := cmp.Diff(endpoint(want), endpoint(got)); diff != "" {
					t.Errorf("endpoint of %s, the SDK's -, ours +:\n%s", service, diff)
				}
			}
		})
	}
}

// retrieved are the credentials without where they are from.
func retrieved(t *testing.T, c aws.Config) aws.Credentials {
	t.Helper()
	all, err := c.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all.Source = ""
	return all
}

func TestConfigurationWithoutCredentials(t *testing.T) {
	for _, missing := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		e := &env{get: func(name string) string {
			if name == missing {
				return ""
			}
			return "set"
		}}
		if _, err := e.awsConfig(); err == nil || !strings.Contains(err.Error(), missing) {
			t.Errorf("without %s: %v", missing, err)
		}
	}
}

// TestEveryClientOfAWSIsBounded: the SDK's own wait for ever.
func TestEveryClientOfAWSIsBounded(t *testing.T) {
	e := &env{get: func(string) string { return "set" }}
	var err error
	if e.aws, err = e.awsConfig(); err != nil {
		t.Fatal(err)
	}
	if calls, ok := e.aws.HTTPClient.(*http.Client); !ok || calls.Timeout != awslink.CallLimit {
		t.Errorf("calls are made by %+v", e.aws.HTTPClient)
	}
	if objects, ok := e.objects().HTTPClient.(*http.Client); !ok || objects.Timeout != 0 || e.objects().HTTPClient != e.objects().HTTPClient {
		t.Errorf("objects are carried by %+v, which is to be one for all buckets, and to have no limit on the whole", e.objects().HTTPClient)
	}
}
