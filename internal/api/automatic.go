package api

import (
	"context"
	"errors"
	"time"

	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// AutomaticRecords is what automatic exports need of the record store.
type AutomaticRecords interface {
	Records
	Export(ctx context.Context, account, id string) (export.Export, error)
}

// Automatic makes the exports of automations: what POST /exports/index/{index_id} makes, for the user who saved the
// automation.
type Automatic struct {
	s       creator
	records AutomaticRecords
}

// NewAutomatic makes one. It uses neither the keys, nor the results, nor NewID of the config.
func NewAutomatic(records AutomaticRecords, c CreateConfig) Automatic {
	c.Records = records
	return Automatic{creator{c}, records}
}

// Export makes the export of the automation's ended window, to where the automation delivers now. The window's export is
// made once: its idempotency record is the window's, and its id is the window's as well, which holds when the record has
// expired.
func (m Automatic) Export(ctx context.Context, a export.Automation) error {
	now := m.s.Clock()
	o := order{Type: export.TypeIndex, TargetID: a.IndexID, Scope: export.ScopeAll, ConnectorID: a.ConnectorID, Subpath: a.Subpath}
	memo := memoOfWindow(a, now)
	if _, err := remembered(ctx, m.records, memo, now); !fault.Is(err, fault.NotFound) {
		return err
	}
	request, _, err := resolve(ctx, m.records, a.AccountID, o, now)
	if err != nil {
		return err
	}
	e := export.New(a.Firing.ExportID, a.AccountID, a.UserID, request, now)
	e.Origin = export.OriginAutomation
	admitted, err := m.records.Admission(ctx, a.AccountID)
	if err != nil {
		return err
	}
	_, _, err = m.s.accept(ctx, e, memo, admitted)
	if errors.Is(err, store.ErrExportExists) {
		return nil
	}
	return err
}

// Made reports whether the export of the automation's ended window is there.
func (m Automatic) Made(ctx context.Context, a export.Automation) (bool, error) {
	_, err := m.records.Export(ctx, a.AccountID, a.Firing.ExportID)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// memoOfWindow is the idempotency record of a window. Its route is none that a client can send a request to, so no
// client's key meets it; and it is of no client's wording, so it needs no fingerprint.
func memoOfWindow(a export.Automation, now time.Time) *store.Idempotency {
	return &store.Idempotency{
		IdempotencyKey: store.IdempotencyKey{
			AccountID: a.AccountID, Route: auth.Digest("automation of " + a.IndexID), Key: auth.Digest(a.Firing.ExportID),
		},
		Fingerprint: "automation", ResourceID: a.Firing.ExportID,
		ExpiresAt: export.Stamp(now.Add(idempotencyLife)), Now: now,
	}
}
