package main

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/videovector/exports/client"
)

// connectorFlags are the flags that every provider's connectors have.
type connectorFlags struct{ client.ConnectorParams }

func (f *connectorFlags) declare(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.Name, "name", "", "`NAME` of 1 to 100 characters")
	flags.StringArrayVar(&f.Scopes, "scope", nil, "what it is for: `SCOPE` import or export; may be given again (import unless given)")
	flags.StringVar(&f.ExportBasePath, "base-path", "", "`PATH` below which exports are delivered")
	flags.StringVar(&f.ImportMode, "import-mode", "", "`MODE` of imports: all or new_only")
	flags.StringVar(&f.IdempotencyKey, "idempotency-key", "", "make the command repeatable: the same `KEY` gives the same connector")
	require(cmd, "name")
}

// require makes flags obligatory.
func require(cmd *cobra.Command, names ...string) {
	for _, name := range names {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // the flag was declared a few lines above
		}
	}
}

// made asks for a connector and shows it.
func (a *app) made(ctx context.Context, ask func(*client.Client) (*client.Connector, error)) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	connector, err := ask(c)
	if err != nil {
		return orStopped(ctx, err, `it may have been done: "vvx connector list" shows it`)
	}
	return a.showConnector(connector)
}

func (a *app) createS3Command() *cobra.Command {
	var f connectorFlags
	var p client.CreateS3Params
	var secretFile string
	cmd := &cobra.Command{
		Use:   "s3",
		Short: "Make a connector to an S3 bucket, by a pair of keys or a role",
		Long: `s3 makes a connector to an S3 bucket. The secret access key is read from the file of --secret-file (- for standard input)
or from ` + secretVariable + `; there is no flag that takes the secret itself. With --role-arn
there is no secret; the role's trust policy has to ask for the external id that the new connector shows.`,
		Example: `  pass show aws/review | vvx connector create s3 --name Review --bucket review-team-bucket --region eu-central-1 \
    --scope export --base-path videovector --access-key-id AKIA… --secret-file -
  vvx connector create s3 --name Review --bucket review-team-bucket --region eu-central-1 --role-arn arn:aws:iam::123456789012:role/exports`,
		Args: cobra.NoArgs,
		RunE: runs(func(ctx context.Context, _ []string) (err error) {
			p.ConnectorParams = f.ConnectorParams
			if (p.RoleARN == "") == (p.AWSAccessKeyID == "") {
				return misuse("give --access-key-id or --role-arn, one of them")
			}
			if p.RoleARN == "" {
				if p.AWSSecretAccessKey, err = a.needSecret("secret-file", secretFile); err != nil {
					return err
				}
			}
			return a.made(ctx, func(c *client.Client) (*client.Connector, error) { return c.Connectors.CreateS3(ctx, p) })
		}),
	}
	f.declare(cmd)
	flags := cmd.Flags()
	flags.StringVar(&p.Bucket, "bucket", "", "`NAME` of the bucket")
	flags.StringVar(&p.Region, "region", "", "`REGION` of the bucket")
	flags.StringVar(&p.AWSAccessKeyID, "access-key-id", "", "`ID` of the access key")
	flags.StringVar(&p.RoleARN, "role-arn", "", "`ARN` of a role to assume, instead of keys")
	declareSecret(flags, &secretFile, "secret-file", "the secret access key")
	require(cmd, "bucket", "region")
	return cmd
}

func declareSecret(flags *pflag.FlagSet, file *string, name, what string) {
	flags.StringVar(file, name, "", "`FILE` that holds "+what+", - for standard input")
}

func (a *app) createAzureCommand() *cobra.Command {
	var f connectorFlags
	var p client.CreateAzureParams
	var secretFile string
	cmd := &cobra.Command{
		Use:   "azure",
		Short: "Make a connector to a container of Azure Blob Storage",
		Long: `azure makes a connector to a container of Azure Blob Storage. The client secret is read from the file of --secret-file
(- for standard input) or from ` + secretVariable + `; there is no flag that takes the secret itself.`,
		Example: `  vvx connector create azure --name Review --storage-account reviewteam --container exports --scope export \
    --tenant-id 7d1e… --client-id 2c9f… --secret-file client-secret.txt`,
		Args: cobra.NoArgs,
		RunE: runs(func(ctx context.Context, _ []string) (err error) {
			p.ConnectorParams = f.ConnectorParams
			if p.ClientSecret, err = a.needSecret("secret-file", secretFile); err != nil {
				return err
			}
			return a.made(ctx, func(c *client.Client) (*client.Connector, error) { return c.Connectors.CreateAzure(ctx, p) })
		}),
	}
	f.declare(cmd)
	flags := cmd.Flags()
	flags.StringVar(&p.StorageAccount, "storage-account", "", "`NAME` of the storage account")
	flags.StringVar(&p.Container, "container", "", "`NAME` of the container")
	flags.StringVar(&p.TenantID, "tenant-id", "", "`ID` of the tenant")
	flags.StringVar(&p.ClientID, "client-id", "", "`ID` of the application")
	declareSecret(flags, &secretFile, "secret-file", "the client secret")
	require(cmd, "storage-account", "container", "tenant-id", "client-id")
	return cmd
}

func (a *app) createGCSCommand() *cobra.Command {
	var f connectorFlags
	var p client.CreateGCSParams
	var secretFile string
	cmd := &cobra.Command{
		Use:   "gcs",
		Short: "Make a connector to a bucket of Google Cloud Storage",
		Long: `gcs makes a connector to a bucket of Google Cloud Storage. The service account's JSON is read from the file of
--credentials-file (- for standard input) or from ` + secretVariable + `.`,
		Example: `  vvx connector create gcs --name Review --bucket review-team-bucket --project review-123 --scope import --scope export \
    --credentials-file service-account.json`,
		Args: cobra.NoArgs,
		RunE: runs(func(ctx context.Context, _ []string) (err error) {
			p.ConnectorParams = f.ConnectorParams
			if p.Credentials, err = a.needSecret("credentials-file", secretFile); err != nil {
				return err
			}
			return a.made(ctx, func(c *client.Client) (*client.Connector, error) { return c.Connectors.CreateGCS(ctx, p) })
		}),
	}
	f.declare(cmd)
	flags := cmd.Flags()
	flags.StringVar(&p.Bucket, "bucket", "", "`NAME` of the bucket")
	flags.StringVar(&p.GCPProjectID, "project", "", "`ID` of the project")
	declareSecret(flags, &secretFile, "credentials-file", "the service account's JSON")
	require(cmd, "bucket", "project")
	return cmd
}
