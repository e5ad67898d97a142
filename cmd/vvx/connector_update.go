package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/videovector/exports/client"
)

// updateFlags are the flags of connector update. Only those that are given change anything.
type updateFlags struct {
	name, basePath, importMode     string
	accessKeyID, roleARN           string
	tenantID, clientID, secretFile string
	scopes                         []string
	given                          func(flag string) bool
}

func (a *app) updateConnectorCommand() *cobra.Command {
	var f updateFlags
	cmd := a.onConnector("update", "Change a connector; what isn't given stays as it is",
		`  vvx connector update conn_export --name "Review team" --base-path ""
  vvx connector update conn_export --access-key-id AKIA… --secret-file new-secret.txt`,
		func(ctx context.Context, c *client.Client, id string) error { return a.update(ctx, c, id, f) })
	cmd.Long = `update changes a connector. A new secret is read from the file of --secret-file (- for standard input): the secret access
key, the client secret or the service account's JSON, as the connector's provider has it.`
	flags := cmd.Flags()
	f.given = flags.Changed
	flags.StringVar(&f.name, "name", "", "`NAME` of 1 to 100 characters")
	flags.StringArrayVar(&f.scopes, "scope", nil, "what it is for: `SCOPE` import or export; may be given again")
	flags.StringVar(&f.basePath, "base-path", "", "`PATH` below which exports are delivered; \"\" for none")
	flags.StringVar(&f.importMode, "import-mode", "", "`MODE` of imports: all or new_only")
	flags.StringVar(&f.accessKeyID, "access-key-id", "", "`ID` of the access key (s3)")
	flags.StringVar(&f.roleARN, "role-arn", "", "`ARN` of the role to assume (s3)")
	flags.StringVar(&f.tenantID, "tenant-id", "", "`ID` of the tenant (azure)")
	flags.StringVar(&f.clientID, "client-id", "", "`ID` of the application (azure)")
	declareSecret(flags, &f.secretFile, "secret-file", "the new secret")
	return cmd
}

func (a *app) update(ctx context.Context, c *client.Client, id string, f updateFlags) error {
	p, changes := f.params()
	if f.secretFile != "" {
		if err := a.putSecret(ctx, c, id, f.secretFile, &p); err != nil {
			return err
		}
		changes = true
	}
	if !changes {
		return misuse("there is nothing to change; \"vvx connector update --help\" lists what can be")
	}
	connector, err := c.Connectors.Update(ctx, id, p)
	if err != nil {
		return orStopped(ctx, err, `it may have been changed: "vvx connector get %s" shows it`, id)
	}
	return a.showConnector(connector)
}

// params are the flags that were given.
func (f updateFlags) params() (p client.UpdateConnectorParams, changes bool) {
	for flag, to := range map[string]struct {
		value string
		field **string
	}{
		"name": {f.name, &p.Name}, "base-path": {f.basePath, &p.ExportBasePath}, "import-mode": {f.importMode, &p.ImportMode},
		"access-key-id": {f.accessKeyID, &p.AWSAccessKeyID}, "role-arn": {f.roleARN, &p.RoleARN},
		"tenant-id": {f.tenantID, &p.TenantID}, "client-id": {f.clientID, &p.ClientID},
	} {
		if f.given(flag) {
			*to.field, changes = &to.value, true
		}
	}
	if f.given("scope") {
		p.Scopes, changes = &f.scopes, true
	}
	return p, changes
}

// putSecret reads the new secret into the property that the connector's provider has for it.
func (a *app) putSecret(ctx context.Context, c *client.Client, id, file string, p *client.UpdateConnectorParams) error {
	secret, err := a.secretFrom(file)
	if err != nil {
		return err
	}
	connector, err := c.Connectors.Retrieve(ctx, id)
	if err != nil {
		return err
	}
	switch connector.Provider {
	case "s3":
		p.AWSSecretAccessKey = &secret
	case "azure":
		p.ClientSecret = &secret
	case "gcs":
		p.Credentials = &secret
	default:
		return misuse("connector %s is of the provider %q, whose secret this vvx doesn't know", id, connector.Provider)
	}
	return nil
}
