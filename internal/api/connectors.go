package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/store"
)

// Connectors is what managing connectors needs of the record store.
type Connectors interface {
	Idempotency(ctx context.Context, key store.IdempotencyKey, now time.Time) (store.Idempotency, error)
	CreateConnector(ctx context.Context, c store.Connector, idem *store.Idempotency) (store.Idempotency, bool, error)
	Connector(ctx context.Context, account, id string) (store.Connector, error)
	ListConnectors(ctx context.Context, account string) ([]store.Connector, error)
	SaveConnector(ctx context.Context, next store.Connector, revision int64) (store.Connector, error)
	DeleteConnector(ctx context.Context, account, id string) error
}

// ManageConfig is what ManageConnector works with.
type ManageConfig struct {
	Connectors    Connectors
	Targets       connector.Opener
	Sealer        seal.Sealer
	Keys          *auth.Keyring
	Clock         func() time.Time
	NewID         func(time.Time) string // mints the id of a connector created at the time
	NewExternalID func() string          // mints what a role's trust policy asks for: at least 128 random bits
	Log           *slog.Logger
}

// ManageConnector serves everything about connectors: the three creates, GET and PATCH and DELETE of one, the listing,
// the test and the browsing of a bucket.
func ManageConnector(c ManageConfig) http.Handler {
	s := manager{c}
	routes := []route{
		{"GET", "/api/v2/connectors", s.list},
		{"GET", "/api/v2/connectors/{id}", s.retrieve},
		{"PATCH", "/api/v2/connectors/{id}", s.change},
		{"DELETE", "/api/v2/connectors/{id}", s.remove},
		{"POST", "/api/v2/connectors/{id}/test", s.test},
		{"POST", "/api/v2/connectors/{id}/browse", s.browse},
	}
	for name, p := range providers {
		routes = append(routes, route{"POST", "/api/v2/connectors/" + name, s.create(p)})
	}
	return newEdge(c.Log, c.Clock, routes...)
}

type manager struct{ ManageConfig }

func (s manager) list(w http.ResponseWriter, r *http.Request) error {
	p, err := caller(r, auth.ScopeRead)
	if err != nil {
		return err
	}
	all, err := s.Connectors.ListConnectors(r.Context(), p.AccountID)
	if err != nil {
		return err
	}
	views := make([]connectorView, len(all))
	for i, c := range all {
		views[i] = viewConnector(c)
	}
	return reply(w, http.StatusOK, views)
}

func (s manager) retrieve(w http.ResponseWriter, r *http.Request) error {
	c, err := s.load(r, auth.ScopeRead)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, viewConnector(c))
}

// load gives the connector that the path names, to a caller who has the scope.
func (s manager) load(r *http.Request, need auth.Scope) (store.Connector, error) {
	p, err := caller(r, need)
	if err != nil {
		return store.Connector{}, err
	}
	return s.find(r.Context(), p.AccountID, r.PathValue("id"))
}

// find is the account's connector; another account's answers as an unknown one does.
func (s manager) find(ctx context.Context, account, id string) (store.Connector, error) {
	c, err := known(ctx, s.Connectors.Connector, account, id)
	if fault.Is(err, fault.NotFound) {
		return c, store.ErrConnectorNotFound
	}
	if err == nil {
		note(ctx, slog.String("connector_id", c.ID))
	}
	return c, err
}

// removedView is the reply to a removal.
type removedView struct {
	Message string `json:"message"`
}

// remove answers 404 from the second time on.
func (s manager) remove(w http.ResponseWriter, r *http.Request) error {
	c, err := s.load(r, auth.ScopeAdmin)
	if err != nil {
		return err
	}
	if err := s.Connectors.DeleteConnector(r.Context(), c.AccountID, c.ID); err != nil {
		return err
	}
	return reply(w, http.StatusOK, removedView{"The connector was deleted."})
}
