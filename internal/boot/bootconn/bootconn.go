// Package bootconn is the part of internal/boot that opens customers' buckets and secrets. It has a package of its own since
// it brings the clients of three clouds and of KMS, and most functions need none of them.
package bootconn

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/videovector/exports/internal/boot"
	"github.com/videovector/exports/internal/connector/clouds"
	"github.com/videovector/exports/internal/ids"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/seal/kmsseal"
	"github.com/videovector/exports/internal/wiring"
)

// Connectors makes connectors and opens customers' buckets. Their secrets are sealed under the KMS key KMS_KEY_ID. A local service names a
// key file instead, SEAL_KEY_FILE, and may say where the clouds are, CONNECTOR_S3_ENDPOINT and so on.
func Connectors(_ context.Context, e *boot.Env, p *wiring.Parts) error {
	sealer, err := sealer(e)
	if err != nil {
		return err
	}
	endpoints, err := endpoints(e)
	if err != nil {
		return err
	}
	p.Sealer, p.NewConnectorID, p.NewExternalID = sealer, ids.NewConnector, ids.NewExternal
	p.Connectors, err = clouds.New(clouds.Config{Sealer: sealer, Self: e.AWS(), Endpoints: endpoints})
	return err
}

// endpoints are where a local service's connectors go in place of the clouds. A deployed function refuses to start with
// one: what is there would be sent what is meant for a customer's storage.
func endpoints(e *boot.Env) (clouds.Endpoints, error) {
	endpoints := clouds.FromEnvironment(e.Get)
	if set := endpoints.Environment(); len(set) > 0 && e.Get("SEAL_KEY_FILE") == "" {
		name, _, _ := strings.Cut(set[0], "=")
		return clouds.Endpoints{}, fmt.Errorf("the environment variable %s is set, which is for a local service only; a local service has SEAL_KEY_FILE", name)
	}
	return endpoints, nil
}

func sealer(e *boot.Env) (seal.Sealer, error) {
	if file := e.Get("SEAL_KEY_FILE"); file != "" {
		return seal.NewKeyFile(file)
	}
	key, err := e.Need("KMS_KEY_ID")
	if err != nil {
		return nil, err
	}
	return kmsseal.New(kms.NewFromConfig(e.AWS()), key), nil
}
