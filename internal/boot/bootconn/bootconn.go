// Package bootconn is the part of internal/boot that opens customers' buckets. It has a package of its own since it brings the
// clients of three clouds and of KMS, and most functions need none of them.
package bootconn

import (
	"context"

	"github.com/videovector/exports/internal/boot"
	"github.com/videovector/exports/internal/boot/bootseal"
	"github.com/videovector/exports/internal/connector/clouds"
	"github.com/videovector/exports/internal/ids"
	"github.com/videovector/exports/internal/wiring"
)

// Connectors makes connectors and opens customers' buckets. Their secrets are sealed under the KMS key KMS_KEY_ID. A local service names a
// key file instead, SEAL_KEY_FILE, and may say where the clouds are, CONNECTOR_S3_ENDPOINT and so on.
func Connectors(_ context.Context, e *boot.Env, p *wiring.Parts) error {
	sealer, err := bootseal.Sealer(e)
	if err != nil {
		return err
	}
	endpoints := clouds.FromEnvironment(e.Get)
	if err := bootseal.LocalOnly(e, endpoints.Environment()); err != nil {
		return err
	}
	p.Sealer, p.NewConnectorID, p.NewExternalID = sealer, ids.NewConnector, ids.NewExternal
	p.Connectors, err = clouds.New(clouds.Config{Sealer: sealer, Self: e.AWS(), Endpoints: endpoints})
	return err
}
