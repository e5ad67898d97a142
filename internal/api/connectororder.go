package api

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/store"
)

const (
	importAll   = "all"
	importNew   = "new_only"
	maxName     = 100  // characters
	maxSecret   = 1024 // characters of a secret that is no file
	scopeImport = "import"
	scopeExport = "export"
)

// settingFields are those that every connector has, and that a change may give again.
var settingFields = map[string]fieldType{
	"name": textField, "scopes": textsField, "export_base_path": textField, "import_mode": textField,
}

// provider is what the three differ in.
type provider struct {
	name  string
	place []placeField // where the bucket is; it never changes
	// access are the fields that open the bucket, written and never shown. open reads them and notes what is wrong.
	access map[string]fieldType
	open   func(*fields) opening
	kept   map[string]string // access fields that a change need not repeat, with the names of their secrets
	form   bool              // a create comes as a form, since it holds a file
}

type placeField struct {
	name  string
	check func(string) error
	field func(*store.Connector) *string
}

// opening is how a bucket is opened: by secrets, or by a role.
type opening struct {
	secrets seal.Secrets
	roleARN string
}

var providers = map[string]provider{
	"s3": {
		name: "s3",
		place: []placeField{
			{"bucket", connector.CheckBucketS3, func(c *store.Connector) *string { return &c.Bucket }},
			{"region", connector.CheckRegion, func(c *store.Connector) *string { return &c.Region }},
		},
		access: map[string]fieldType{"aws_access_key_id": secretField, "aws_secret_access_key": secretField, "role_arn": textField},
		open:   openS3,
	},
	"gcs": {
		name: "gcs",
		place: []placeField{
			{"bucket", connector.CheckBucketGCS, func(c *store.Connector) *string { return &c.Bucket }},
			{"gcp_project_id", connector.CheckGCPProjectID, func(c *store.Connector) *string { return &c.GCPProjectID }},
		},
		access: map[string]fieldType{"credentials_file": secretField},
		open:   openGCS,
		form:   true,
	},
	"azure": {
		name: "azure",
		place: []placeField{
			{"storage_account", connector.CheckAzureAccount, func(c *store.Connector) *string { return &c.StorageAccount }},
			{"container", connector.CheckAzureContainer, func(c *store.Connector) *string { return &c.Container }},
		},
		access: map[string]fieldType{"tenant_id": secretField, "client_id": secretField, "client_secret": secretField},
		open:   openAzure,
		kept:   map[string]string{"tenant_id": connector.AzureTenantID, "client_id": connector.AzureClientID},
	},
}

// openS3 takes either the two keys or a role.
func openS3(f *fields) opening {
	keys := []string{"aws_access_key_id", "aws_secret_access_key"}
	if f.text("role_arn") != "" {
		for _, name := range keys {
			f.must(f.secrets[name].Reveal() == "", name, "must not stand beside role_arn")
		}
		return opening{roleARN: f.need("role_arn", connector.CheckRoleARN)}
	}
	for _, name := range keys {
		f.must(f.secrets[name].Reveal() != "", name, "must be given, or role_arn in the place of both keys")
	}
	return opening{secrets: seal.Secrets{
		connector.S3AccessKeyID:     seal.NewSecret(f.need("aws_access_key_id", connector.CheckAccessKeyID)),
		connector.S3SecretAccessKey: seal.NewSecret(f.need("aws_secret_access_key", checkSecret)),
	}}
}

func openGCS(f *fields) opening {
	var secrets seal.Secrets
	f.need("credentials_file", func(file string) (err error) {
		secrets, err = connector.ParseGCSCredentials([]byte(file))
		return err
	})
	return opening{secrets: secrets}
}

func openAzure(f *fields) opening {
	return opening{secrets: seal.Secrets{
		connector.AzureTenantID:     seal.NewSecret(f.need("tenant_id", connector.CheckTenantID)),
		connector.AzureClientID:     seal.NewSecret(f.need("client_id", connector.CheckClientID)),
		connector.AzureClientSecret: seal.NewSecret(f.need("client_secret", checkSecret)),
	}}
}

// checkSecret takes what may stand in a header: secrets do, sooner or later.
func checkSecret(s string) error {
	if len(s) > maxSecret || strings.ContainsFunc(s, notVisible) {
		return errors.New("must be at most 1024 visible ASCII characters")
	}
	return nil
}

// fields of a create request.
func (p provider) fields() map[string]fieldType {
	all := maps.Clone(settingFields)
	maps.Copy(all, p.access)
	for _, f := range p.place {
		all[f.name] = textField
	}
	return all
}

// connectorOrder is a readable create request: the connector but for what the service adds, and what opens it.
type connectorOrder struct {
	connector store.Connector
	opening   opening
	sent      seal.Secrets // as the request had them, by the names of its fields
}

// parse reads the fields of a create request and notes what is wrong with each.
func (p provider) parse(f *fields) (connectorOrder, error) {
	o := connectorOrder{connector: store.Connector{Provider: p.name}, sent: f.secrets}
	applySettings(f, &o.connector, func(string) bool { return true })
	for _, place := range p.place {
		*place.field(&o.connector) = f.need(place.name, place.check)
	}
	o.opening = p.open(f)
	o.connector.RoleARN = o.opening.roleARN
	return o, f.err()
}

// applySettings moves over the settings that are wanted, and notes what is wrong with each. An empty one is the default.
func applySettings(f *fields, c *store.Connector, wanted func(name string) bool) {
	if wanted("name") {
		c.Name = f.text("name")
		f.must(goodName(c.Name), "name", "must be 1 to 100 characters, and no control characters among them")
	}
	if wanted("scopes") {
		c.Scopes = scopes(f)
	}
	if wanted("export_base_path") {
		var err error
		if c.ExportBasePath, err = export.CleanSubpath(f.text("export_base_path")); err != nil {
			f.wrong("export_base_path", err.Error())
		}
	}
	if wanted("import_mode") {
		c.ImportMode = cmp.Or(f.text("import_mode"), importAll)
		f.must(c.ImportMode == importAll || c.ImportMode == importNew, "import_mode", `must be "all" or "new_only"`)
	}
}

func goodName(name string) bool {
	return strings.TrimSpace(name) != "" && utf8.RuneCountInString(name) <= maxName && !strings.ContainsFunc(name, badNameRune)
}

func badNameRune(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == '\ufeff'
}

// scopes are sorted the other way round, import first, each once.
func scopes(f *fields) []string {
	all := slices.Clone(f.texts("scopes"))
	for _, s := range all {
		f.must(s == scopeImport || s == scopeExport, "scopes", `must hold "import" and "export" only`)
	}
	if len(all) == 0 {
		return []string{scopeImport}
	}
	slices.SortFunc(all, func(a, b string) int { return strings.Compare(b, a) })
	return slices.Compact(all)
}

// route implements keyed.
func (o connectorOrder) route() string { return "POST /api/v2/connectors/" + o.connector.Provider }

// canonical implements keyed. It holds secrets, of which nothing but a keyed hash leaves. A file counts by its bytes.
func (o connectorOrder) canonical() string {
	sent := map[string]string{}
	for name, s := range o.sent {
		sent[name] = auth.Digest(s.Reveal())
	}
	c := o.connector
	text, err := json.Marshal(map[string]any{
		"provider": c.Provider, "name": c.Name, "scopes": c.Scopes, "export_base_path": c.ExportBasePath, "import_mode": c.ImportMode,
		"bucket": c.Bucket, "region": c.Region, "storage_account": c.StorageAccount, "container": c.Container,
		"gcp_project_id": c.GCPProjectID, "role_arn": c.RoleARN, "sent": sent,
	}, json.Deterministic(true))
	if err != nil { // strings that were decoded as UTF-8 can't fail to encode
		panic(err)
	}
	return string(text)
}
