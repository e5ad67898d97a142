// Package azureconn delivers into containers of customers' Azure storage accounts, over Blob Storage's REST API and as
// the application that their connector names. Like gcsconn it speaks plain HTTP.
package azureconn

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/connector/bearer"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/store"
)

// Opener opens Azure connectors.
type Opener struct {
	Sealer seal.Sealer
	Client *http.Client // the guard's
	// Endpoint is where every connector's account is, as a segment of the path, and LoginURL where tenants sign in, in
	// place of Microsoft's own addresses; only a local service and tests have them.
	Endpoint, LoginURL string
	// BlockBytes is what is held of an object, and the size of the blocks in which larger ones are uploaded; 0 means
	// 8 MiB, of which Azure's 50,000 blocks make 390 GB. Tests make blocks of less.
	BlockBytes int64
	Clock      func() time.Time // nil means time.Now
}

var _ connector.Opener = Opener{}

const (
	loginURL          = "https://login.microsoftonline.com"
	defaultBlockBytes = 8 << 20
	maxBlocks         = 50_000
)

// OpenTarget implements connector.Opener.
func (o Opener) OpenTarget(ctx context.Context, c store.Connector) (connector.Target, error) {
	if err := errors.Join(connector.CheckAzureAccount(c.StorageAccount), connector.CheckAzureContainer(c.Container)); err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "connector_unusable", "The connector's storage account or container is not one of Azure's.")
	}
	secrets, err := seal.OpenSecrets(ctx, o.Sealer, seal.Context{AccountID: c.AccountID, ConnectorID: c.ID}, c.Secret)
	if err != nil {
		return nil, err
	}
	tokens, err := o.tokens(secrets)
	if err != nil {
		return nil, err
	}
	t := &target{client: o.Client, tokens: tokens, clock: time.Now, blockBytes: defaultBlockBytes, azure: o.Endpoint == ""}
	t.public = "https://" + c.StorageAccount + ".blob.core.windows.net/" + c.Container
	t.container = t.public
	if o.Endpoint != "" {
		t.container = o.Endpoint + "/" + c.StorageAccount + "/" + c.Container
	}
	if o.BlockBytes > 0 {
		t.blockBytes = o.BlockBytes
	}
	if o.Clock != nil {
		t.clock = o.Clock
	}
	return t, nil
}

// tokens gives the application's access tokens.
func (o Opener) tokens(secrets seal.Secrets) (*bearer.Source, error) {
	tenant := secrets[connector.AzureTenantID].Reveal()
	if err := errors.Join(connector.CheckTenantID(tenant), connector.CheckClientID(secrets[connector.AzureClientID].Reveal())); err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "connector_unusable", "The connector's tenant or client id is not one of Azure's.")
	}
	a := application{client: o.Client, url: loginURL, id: secrets[connector.AzureClientID].Reveal(), secret: secrets[connector.AzureClientSecret]}
	if o.LoginURL != "" {
		a.url = o.LoginURL
	}
	a.url += "/" + tenant + "/oauth2/v2.0/token"
	s := &bearer.Source{Ask: a.ask, Clock: time.Now}
	if o.Clock != nil {
		s.Clock = o.Clock
	}
	return s, nil
}
