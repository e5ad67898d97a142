package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"time"

	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/demo"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/loader"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/store"
)

// seedKeys writes the local service's API keys, by their hashes.
func seedKeys(ctx context.Context, records store.Credentials, k apiKeys) error {
	for _, key := range []struct{ key, name, account, user, scope string }{
		{k.Admin, "key_local_admin", demo.AccountID, demo.UserID, "admin"},
		{k.Write, "key_local_write", demo.AccountID, demo.UserID, "write"},
		{k.Read, "key_local_read", demo.AccountID, demo.UserID, "read"},
		{k.Search, "key_local_search", demo.AccountID, demo.UserID, "search"},
		{k.OtherAccount, "key_local_other", demo.OtherID, "user_other", "admin"},
	} {
		record := store.APIKey{Hash: auth.HashKey(key.key), KeyID: key.name, AccountID: key.account, UserID: key.user, Scope: key.scope}
		if err := records.PutAPIKey(ctx, record); err != nil {
			return err
		}
	}
	return nil
}

// seeder brings the demo archive in. Runs that are there stay as they are; the connector is written anew, since the
// embedded S3 may have moved to another port.
type seeder struct {
	records  store.Store
	results  blob.Writer
	sealer   seal.Sealer
	endpoint string // of the embedded S3
	access   secrets
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
	secret, err := json.Marshal(map[string]string{
		"access_key_id": s.access.S3AccessKey, "secret_access_key": s.access.S3SecretKey, "endpoint": s.endpoint,
	})
	if err != nil {
		return err
	}
	sealed, err := s.sealer.Seal(ctx, seal.Context{AccountID: demo.AccountID, ConnectorID: demo.ConnectorID}, secret)
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
