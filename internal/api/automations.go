package api

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// Automations is what managing automations needs of the record store.
type Automations interface {
	Automation(ctx context.Context, account, indexID string) (export.Automation, error)
	SaveAutomation(ctx context.Context, next export.Automation, revision int64, noted *store.Ending) (export.Automation, error)
	Index(ctx context.Context, account, id string) (export.Index, error)
	Connector(ctx context.Context, account, id string) (store.Connector, error)
}

// AutomationConfig is what ManageAutomation works with.
type AutomationConfig struct {
	Automations Automations
	Window      func(export.Debounce) time.Duration // how long windows of the interval are
	Clock       func() time.Time
	Log         *slog.Logger
}

// ManageAutomation serves the export automation of an index: what is saved, saving, pausing and resuming it.
func ManageAutomation(c AutomationConfig) http.Handler {
	s := automator{c}
	const path = "/api/v2/indexes/{id}/automations/export"
	return newEdge(c.Log, c.Clock,
		route{"GET", path, s.retrieve},
		route{"PUT", path, s.save},
		route{"POST", path + "/pause", s.pause(true)},
		route{"POST", path + "/resume", s.pause(false)},
	)
}

type automator struct{ AutomationConfig }

// automationFields are the fields of a request that saves one.
var automationFields = map[string]fieldType{
	"enabled": boolField, "paused": boolField, "destination_connector_id": textField, "destination_subpath": textField,
	"debounce_interval": textField,
}

func (s automator) retrieve(w http.ResponseWriter, r *http.Request) error {
	p, err := caller(r, auth.ScopeRead)
	if err != nil {
		return err
	}
	a, err := s.find(r.Context(), p.AccountID, r.PathValue("id"))
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, viewAutomation(a))
}

// find is the automation of the account's index; of another account's, as of an unknown one, there is none.
func (s automator) find(ctx context.Context, account, index string) (export.Automation, error) {
	a, err := known(ctx, s.Automations.Automation, account, index)
	if fault.Is(err, fault.NotFound) {
		return a, store.ErrAutomationNotFound
	}
	if err == nil {
		note(ctx, slog.String("index_id", index))
	}
	return a, err
}

// save replaces what was saved as a whole; what isn't given has its default. The exports are made for who saved it last.
func (s automator) save(w http.ResponseWriter, r *http.Request) error {
	p, err := caller(r, auth.ScopeWrite)
	if err != nil {
		return err
	}
	settings, err := parseAutomation(w, r)
	if err != nil {
		return err
	}
	index := r.PathValue("id")
	a, err := s.lookUp(r.Context(), p.AccountID, index, settings.ConnectorID)
	if err != nil {
		return err
	}
	next := a.Changed(settings, s.Window(settings.Debounce), s.Clock())
	next.UserID = p.UserID
	return s.answer(w, r, a, next)
}

func parseAutomation(w http.ResponseWriter, r *http.Request) (export.AutomationSettings, error) {
	var settings export.AutomationSettings
	f, err := readFields(w, r, automationFields)
	if err != nil {
		return settings, err
	}
	settings = export.AutomationSettings{
		Enabled: f.flag("enabled") || !f.given["enabled"], Paused: f.flag("paused"),
		ConnectorID: f.text("destination_connector_id"),
		Debounce:    export.Debounce(cmp.Or(f.text("debounce_interval"), string(export.DefaultDebounce))),
	}
	f.must(settings.ConnectorID != "", "destination_connector_id", "must be given")
	f.must(settings.Debounce.Known(), "debounce_interval", `must be "5m", "10m", "1h" or "1d"`)
	if settings.Subpath, err = export.CleanSubpath(f.text("destination_subpath")); err != nil {
		f.wrong("destination_subpath", err.Error())
	}
	return settings, f.err()
}

// lookUp gives the index's automation, a new one where none was saved. Of several reasons to refuse the request, the
// caller hears the same one every time: index, connector, its scope.
func (s automator) lookUp(ctx context.Context, account, index, connectorID string) (a export.Automation, err error) {
	var c store.Connector
	var failures [3]error
	var wg sync.WaitGroup
	wg.Go(func() { _, failures[0] = known(ctx, s.Automations.Index, account, index) })
	wg.Go(func() { c, failures[1] = known(ctx, s.Automations.Connector, account, connectorID) })
	wg.Go(func() { a, failures[2] = s.find(ctx, account, index) })
	wg.Wait()
	var absent [3]error
	for n, err := range failures {
		if err := keep(&absent[n], err, [...]error{store.ErrIndexNotFound, store.ErrConnectorNotFound, err}[n]); err != nil {
			return a, err
		}
	}
	if err := cmp.Or(absent[0], absent[1]); err != nil {
		return a, err
	}
	if !slices.Contains(c.Scopes, scopeExport) {
		return a, fault.New(fault.Invalid, "connector_scope_missing", "The connector doesn't have the export scope.")
	}
	if absent[2] != nil {
		return export.NewAutomation(account, index, s.Clock()), nil
	}
	return a, nil
}

// pause flips paused and nothing else.
func (s automator) pause(paused bool) action {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, err := caller(r, auth.ScopeWrite)
		if err != nil {
			return err
		}
		a, err := s.find(r.Context(), p.AccountID, r.PathValue("id"))
		if err != nil {
			return err
		}
		settings := a.Settings()
		settings.Paused = paused
		return s.answer(w, r, a, a.Changed(settings, s.Window(settings.Debounce), s.Clock()))
	}
}

// answer writes the successor of a and shows it.
func (s automator) answer(w http.ResponseWriter, r *http.Request, a, next export.Automation) error {
	saved, err := s.Automations.SaveAutomation(r.Context(), next, a.Revision, nil)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, viewAutomation(saved))
}

// automationView is an automation on the wire. Published clients know the first four fields; what is ours stands after
// them.
type automationView struct {
	Enabled                bool    `json:"enabled"`
	Paused                 bool    `json:"paused"`
	DestinationConnectorID string  `json:"destination_connector_id"`
	DestinationSubpath     *string `json:"destination_subpath"`

	DebounceInterval string  `json:"debounce_interval"`
	IndexID          string  `json:"index_id"`
	UserID           *string `json:"user_id"`
	CreatedAt        *string `json:"created_at"`
	UpdatedAt        *string `json:"updated_at"`
	WindowEndsAt     *string `json:"window_ends_at"`
	LastTriggeredAt  *string `json:"last_triggered_at"`
	LastExportID     *string `json:"last_export_id"`
	LastError        *string `json:"last_error"`
}

func viewAutomation(a export.Automation) automationView {
	return automationView{
		Enabled: a.Enabled, Paused: a.Paused, DestinationConnectorID: a.ConnectorID, DestinationSubpath: given(a.Subpath),
		DebounceInterval: string(a.Debounce), IndexID: a.IndexID, UserID: given(a.UserID),
		CreatedAt: stamp(a.CreatedAt), UpdatedAt: stamp(a.UpdatedAt), WindowEndsAt: stamp(a.EndsAt),
		LastTriggeredAt: stamp(a.LastTriggeredAt), LastExportID: given(a.LastExportID), LastError: given(a.LastError),
	}
}
