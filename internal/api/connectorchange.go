package api

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/store"
)

// changeFields are the fields that a change of some connector may hold.
var changeFields = func() map[string]fieldType {
	all := maps.Clone(settingFields)
	for _, p := range providers {
		maps.Copy(all, p.access)
	}
	return all
}()

// change replaces what the request gives. A field means what it means in a create, "" and [] included; null gives
// nothing, and a change that gives nothing writes nothing.
func (s manager) change(w http.ResponseWriter, r *http.Request) error {
	p, err := caller(r, auth.ScopeWrite)
	if err != nil {
		return err
	}
	f, err := readFields(w, r, changeFields)
	if err != nil {
		return err
	}
	c, err := s.find(r.Context(), p.AccountID, r.PathValue("id"))
	if err != nil {
		return err
	}
	next, err := s.changed(r.Context(), c, f)
	if err != nil {
		return err
	}
	if f.anyGiven() {
		next.UpdatedAt = export.Stamp(s.Clock())
		if next, err = s.Connectors.SaveConnector(r.Context(), next, c.Revision); err != nil {
			return err
		}
	}
	return reply(w, http.StatusOK, viewConnector(next))
}

// changed is the connector as the fields make it.
func (s manager) changed(ctx context.Context, c store.Connector, f *fields) (store.Connector, error) {
	next := c
	applySettings(f, &next, func(name string) bool { return f.given[name] })
	o, opens, err := s.reopened(ctx, c, f)
	if err != nil {
		return c, err
	}
	if err := f.err(); err != nil {
		return c, err
	}
	if opens {
		if next, err = s.fit(ctx, next, o); err != nil {
			return c, err
		}
	}
	if opens || !slices.Equal(next.Scopes, c.Scopes) || next.ExportBasePath != c.ExportBasePath {
		next = untested(next)
	}
	return next, nil
}

// reopened reads the fields that open the bucket, if any are given. Those that need not be repeated are the old ones.
func (s manager) reopened(ctx context.Context, c store.Connector, f *fields) (o opening, opens bool, err error) {
	p := providers[c.Provider]
	for name, isGiven := range f.given {
		if _, ok := settingFields[name]; ok || !isGiven {
			continue
		}
		_, ok := p.access[name]
		f.must(ok, name, "is not a field of this connector's provider")
		opens = opens || ok
	}
	if !opens {
		return opening{}, false, nil
	}
	if err := s.keep(ctx, c, p.kept, f); err != nil {
		return opening{}, false, err
	}
	return p.open(f), true, nil
}

// keep puts the old secrets in the place of those that aren't given.
func (s manager) keep(ctx context.Context, c store.Connector, kept map[string]string, f *fields) error {
	if !slices.ContainsFunc(slices.Collect(maps.Keys(kept)), func(name string) bool { return !f.given[name] }) {
		return nil
	}
	old, err := seal.OpenSecrets(ctx, s.Sealer, seal.Context{AccountID: c.AccountID, ConnectorID: c.ID}, c.Secret)
	for field, name := range kept {
		if !f.given[field] {
			f.secrets[field] = old[name]
		}
	}
	return err
}

// untested is a connector whose test would try something else than the latest one did.
func untested(c store.Connector) store.Connector {
	c.Status, c.LastTestedAt, c.LastTestResult, c.LastTestError = statusActive, time.Time{}, "", ""
	return c
}
