package main

import (
	"bytes"
	"context"
	"io"
	"time"

	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/demo"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/loader"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/store"
)

// seedKeys writes the local service's API keys, by their hashes. One that is there stays as it is: a key that was revoked
// doesn't come back with the next start.
func seedKeys(ctx context.Context, records store.KeyAdmin, k apiKeys) error {
	for _, key := range []struct{ key, name, account, user, scope string }{
		{k.Admin, "key_local_admin", demo.AccountID, demo.UserID, "admin"},
		{k.Write, "key_local_write", demo.AccountID, demo.UserID, "write"},
		{k.Read, "key_local_read", demo.AccountID, demo.UserID, "read"},
		{k.Search, "key_local_search", demo.AccountID, demo.UserID, "search"},
		{k.OtherAccount, "key_local_other", demo.OtherID, "user_other", "admin"},
	} {
		record := store.APIKey{Hash: auth.HashKey(key.key), KeyID: key.name, AccountID: key.account, UserID: key.user, Scope: key.scope}
		if err := seedKey(ctx, records, record); err != nil {
			return err
		}
	}
	return nil
}

func seedKey(ctx context.Context, records store.KeyAdmin, k store.APIKey) error {
	err := records.CreateAPIKey(ctx, k)
	if !fault.Is(err, fault.Conflict) {
		return err
	}
	_, err = records.APIKey(ctx, k.Hash)
	if fault.Is(err, fault.NotFound) { // the id is an older key's, from before the folder's secrets were made anew
		err = records.PutAPIKey(ctx, k)
	}
	return err
}

// seeder brings the demo archive in. What is there stays as it is.
type seeder struct {
	records store.Store
	results blob.Writer
	sealer  seal.Sealer
	access  secrets
}

func (s seeder) seed(ctx context.Context) error {
	for _, plan := range demo.Runs() {
		_, err := s.records.Run(ctx, demo.AccountID, plan.Run.ID)
		if fault.Is(err, fault.NotFound) {
			err = s.loadRun(ctx, plan)
		}
		if err != nil {
			return err
		}
	}
	return s.putConnector(ctx)
}

func (s seeder) loadRun(ctx context.Context, plan demo.RunPlan) error {
	if err := s.records.PutIndex(ctx, demo.Index()); err != nil {
		return err
	}
	lines, _ := plan.NDJSON()
	l := loader.New(loader.Config{Catalog: s.records, Results: s.results, LoadID: "demo", PartBytes: 96 << 10, Clock: time.Now})
	_, err := l.Load(ctx, plan.Run, []loader.Source{{Name: plan.Run.ID, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(lines)), nil
	}}})
	return err
}

func (s seeder) putConnector(ctx context.Context) error {
	_, err := s.records.Connector(ctx, demo.AccountID, demo.ConnectorID)
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	sealed, err := seal.SealSecrets(ctx, s.sealer, seal.Context{AccountID: demo.AccountID, ConnectorID: demo.ConnectorID}, seal.Secrets{
		connector.S3AccessKeyID:     seal.NewSecret(s.access.S3AccessKey),
		connector.S3SecretAccessKey: seal.NewSecret(s.access.S3SecretKey),
	})
	if err != nil {
		return err
	}
	now := export.Stamp(time.Now())
	return s.records.PutConnector(ctx, store.Connector{
		ID: demo.ConnectorID, AccountID: demo.AccountID, Name: "Review team's bucket", Provider: "s3", Status: "active",
		Scopes: []string{"import", "export"}, ExportBasePath: demo.BasePath, Bucket: customerBucket, Region: region,
		Secret: sealed, CreatedAt: now, UpdatedAt: now,
	})
}
