package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// AutomationsService keeps the export automations of indexes: at most one of each.
type AutomationsService struct{ caller *caller }

// Automation exports an index to a connector when runs of it have finished, while it is enabled and not paused.
type Automation struct {
	Enabled                bool   `json:"enabled"`
	Paused                 bool   `json:"paused"`
	DestinationConnectorID string `json:"destination_connector_id"`
	DestinationSubpath     string `json:"destination_subpath,omitempty"`
	// DebounceInterval is how long runs are gathered, from the first that finishes on: 5m, 10m, 1h or 1d; "" means 5m.
	DebounceInterval string `json:"debounce_interval,omitempty"`

	// What the API tells and Save doesn't send.
	WindowEndsAt    time.Time `json:"window_ends_at,omitzero"`    // when the runs that were gathered are exported; zero while there are none
	LastTriggeredAt time.Time `json:"last_triggered_at,omitzero"` // when a finished run was noted last
	LastExportID    string    `json:"last_export_id,omitempty"`
	LastError       string    `json:"last_error,omitempty"` // why the latest window made no export; "" once one did
}

// Retrieve gives the index's automation. If none was saved, that is an *Error with status 404.
func (s *AutomationsService) Retrieve(ctx context.Context, indexID string) (*Automation, error) {
	return s.call(ctx, http.MethodGet, indexID, "", nil)
}

// Save makes a the index's automation, in place of any other.
func (s *AutomationsService) Save(ctx context.Context, indexID string, a Automation) (*Automation, error) {
	body, err := json.Marshal(struct {
		Enabled                bool   `json:"enabled"`
		Paused                 bool   `json:"paused"`
		DestinationConnectorID string `json:"destination_connector_id"`
		DestinationSubpath     string `json:"destination_subpath,omitempty"`
		DebounceInterval       string `json:"debounce_interval,omitempty"`
	}{a.Enabled, a.Paused, a.DestinationConnectorID, a.DestinationSubpath, a.DebounceInterval})
	if err != nil {
		return nil, fmt.Errorf("client: the parameters can't be written as JSON: %w", err)
	}
	return s.call(ctx, http.MethodPut, indexID, "", body)
}

// Pause keeps the automation from exporting until it is resumed.
func (s *AutomationsService) Pause(ctx context.Context, indexID string) (*Automation, error) {
	return s.call(ctx, http.MethodPost, indexID, "/pause", nil)
}

// Resume ends a pause.
func (s *AutomationsService) Resume(ctx context.Context, indexID string) (*Automation, error) {
	return s.call(ctx, http.MethodPost, indexID, "/resume", nil)
}

func (s *AutomationsService) call(ctx context.Context, method, indexID, action string, body []byte) (*Automation, error) {
	id, err := segment("index", indexID)
	if err != nil {
		return nil, err
	}
	r := request{method: method, path: "/indexes" + id + "/automations/export" + action}
	if body != nil {
		r.body, r.contentType = body, "application/json"
	}
	if method == http.MethodPost {
		r.idempotencyKey = mint("")
	}
	var a Automation
	_, err = s.caller.fetch(ctx, r, &a)
	if err != nil {
		return nil, err
	}
	return &a, nil
}
