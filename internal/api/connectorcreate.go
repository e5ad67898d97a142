package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/store"
)

// States of a connector.
const (
	statusActive = "active"
	statusFailed = "failed"
)

func (s manager) create(p provider) action {
	return func(w http.ResponseWriter, r *http.Request) error {
		who, err := caller(r, auth.ScopeWrite)
		if err != nil {
			return err
		}
		f, err := p.readOrder(w, r)
		if err != nil {
			return err
		}
		o, err := p.parse(f)
		if err != nil {
			return err
		}
		key, err := idempotencyKey(r.Header.Values("Idempotency-Key"))
		if err != nil {
			return err
		}
		m, err := s.place(r.Context(), who.AccountID, o, key)
		if err != nil {
			return err
		}
		note(r.Context(), slog.String("connector_id", m.id))
		m.answer(w, connectorPath(m.id))
		return nil
	}
}

func (p provider) readOrder(w http.ResponseWriter, r *http.Request) (*fields, error) {
	if p.form {
		return readForm(w, r, p.fields())
	}
	return readFields(w, r, p.fields())
}

// made is a connector or a webhook that an order makes, or that an earlier order under its key has made; reply is what that
// one was answered with.
type made struct {
	id       string
	reply    []byte
	replayed bool
}

func (m made) answer(w http.ResponseWriter, path string) {
	w.Header().Set("Location", path)
	tellReplayed(w, m.replayed)
	write(w, http.StatusCreated, m.reply)
}

// place makes the connector and its idempotency record in one transaction. The first reply is kept with the record: it
// is given again whatever becomes of the connector.
func (s manager) place(ctx context.Context, account string, o connectorOrder, key string) (made, error) {
	now := s.Clock()
	memo := memo(s.Keys, account, o, key, now)
	if memo != nil {
		first, err := s.Connectors.Idempotency(ctx, memo.IdempotencyKey, now)
		if err == nil {
			return s.again(first, o)
		}
		if !fault.Is(err, fault.NotFound) {
			return made{}, err
		}
	}
	c, err := s.draw(ctx, account, o, now)
	if err != nil {
		return made{}, err
	}
	body, err := encodeReply(viewConnector(c))
	if err != nil {
		return made{}, err
	}
	if memo != nil {
		memo.ResourceID, memo.Reply = c.ID, body
	}
	first, created, err := s.Connectors.CreateConnector(ctx, c, memo)
	if err != nil {
		return made{}, err
	}
	if !created {
		return s.again(first, o)
	}
	return made{id: c.ID, reply: body}, nil
}

// again answers a repeated order from the record of the first one.
func (s manager) again(first store.Idempotency, o connectorOrder) (made, error) {
	return made{first.ResourceID, first.Reply, true}, sameRequest(s.Keys, first, o)
}

// draw adds what the service adds.
func (s manager) draw(ctx context.Context, account string, o connectorOrder, now time.Time) (store.Connector, error) {
	c := o.connector
	c.ID, c.AccountID, c.Status = s.NewID(now), account, statusActive
	c.CreatedAt, c.UpdatedAt = export.Stamp(now), export.Stamp(now)
	return s.fit(ctx, c, o.opening)
}

// fit gives the connector what opens it: sealed secrets, or a role with an external id, which a connector that had one
// keeps.
func (s manager) fit(ctx context.Context, c store.Connector, o opening) (store.Connector, error) {
	c.RoleARN = o.roleARN
	if o.roleARN != "" {
		if c.Secret = nil; c.ExternalID == "" {
			c.ExternalID = s.NewExternalID()
		}
		return c, nil
	}
	c.ExternalID = ""
	var err error
	c.Secret, err = seal.SealSecrets(ctx, s.Sealer, seal.Context{AccountID: c.AccountID, ConnectorID: c.ID}, o.secrets)
	return c, err
}
