package client

import (
	"context"
	"errors"
	"net/http"
)

// OutcomeCancelled is Export.Outcome of an export that was cancelled; its status is StatusFailed.
const OutcomeCancelled = "cancelled"

// ControlParams belong to Cancel and Retry.
type ControlParams struct {
	IdempotencyKey string // one is made up unless it is given
}

// Cancel ends an export that has not ended, and gives it as it is then; so it does with one that is cancelled already. One
// that has ended otherwise is an *Error with status 409.
func (s *ExportsService) Cancel(ctx context.Context, exportID string, p ControlParams) (*Export, error) {
	return s.control(ctx, exportID, "/cancel", p)
}

// Retry has a failed or cancelled export tried again, with what it was asked for with, and gives it as it is then. What was
// packaged before, as a whole or in part, is not packaged again for about a day. One that has not failed is an *Error with
// status 409, unless it is open since a retry.
func (s *ExportsService) Retry(ctx context.Context, exportID string, p ControlParams) (*Export, error) {
	return s.control(ctx, exportID, "/retry", p)
}

func (s *ExportsService) control(ctx context.Context, exportID, verb string, p ControlParams) (*Export, error) {
	id, err := segment("export", exportID)
	if err != nil {
		return nil, err
	}
	r, err := post("/exports"+id+verb, nil, p.IdempotencyKey)
	if err != nil {
		return nil, err
	}
	var e Export
	rep, err := s.caller.fetch(ctx, r, &e)
	if err != nil {
		return nil, err
	}
	if e.ID == "" {
		return nil, rep.unexpected()
	}
	return &e, nil
}

// Delete removes an export with its files, cancelling it first if it has not ended; it needs a key of scope admin. What was
// delivered to a connector stays. When the reply to a first attempt was lost, a repeated one finds nothing: that counts as
// removed.
func (s *ExportsService) Delete(ctx context.Context, exportID string) error {
	id, err := segment("export", exportID)
	if err != nil {
		return err
	}
	rep, err := s.caller.do(ctx, request{method: http.MethodDelete, path: "/exports" + id})
	var e *Error
	if errors.As(err, &e) && e.StatusCode == http.StatusNotFound && rep.lost {
		return nil
	}
	return err
}
