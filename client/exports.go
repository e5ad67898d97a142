package client

import (
	"context"
	"net/http"
	"time"
)

// ExportsService makes, follows and downloads exports.
type ExportsService struct{ caller *caller }

// CreateIndexExport asks for an export of an index. It is safe to repeat with the same idempotency key.
func (s *ExportsService) CreateIndexExport(ctx context.Context, indexID string, p CreateIndexExportParams) (*CreatedExport, error) {
	id, err := segment("index", indexID)
	if err != nil {
		return nil, err
	}
	return s.create(ctx, "/exports/index"+id, p, p.IdempotencyKey)
}

// CreatePromptRunExport asks for an export of one prompt run. It is safe to repeat with the same idempotency key.
func (s *ExportsService) CreatePromptRunExport(ctx context.Context, runID string, p CreatePromptRunExportParams) (*CreatedExport, error) {
	id, err := segment("run", runID)
	if err != nil {
		return nil, err
	}
	return s.create(ctx, "/exports/prompt-run"+id, p, p.IdempotencyKey)
}

func (s *ExportsService) create(ctx context.Context, path string, body any, key string) (*CreatedExport, error) {
	r, err := post(path, body, key)
	if err != nil {
		return nil, err
	}
	var created CreatedExport
	rep, err := s.caller.fetch(ctx, r, &created)
	if err != nil {
		return nil, err
	}
	if created.ID == "" {
		return nil, rep.unexpected()
	}
	created.Replayed = rep.header.Get("Idempotency-Replayed") == "true"
	created.raw = rep.body
	return &created, nil
}

// Retrieve gives an export as it is now. An unknown one is an *Error with status 404.
func (s *ExportsService) Retrieve(ctx context.Context, exportID string) (*Export, error) {
	e, _, err := s.retrieve(ctx, exportID, "")
	return e, err
}

// RetrieveChanged asks the API to hold its answer until the export's status or queue status changes, or the time has gone:
// whole seconds, of which the API may grant fewer. It gives the export as it then is, changed or not.
func (s *ExportsService) RetrieveChanged(ctx context.Context, exportID string, within time.Duration) (*Export, error) {
	e, _, err := s.retrieve(ctx, exportID, waiting(within))
	return e, err
}

func (s *ExportsService) retrieve(ctx context.Context, exportID, prefer string) (*Export, http.Header, error) {
	id, err := segment("export", exportID)
	if err != nil {
		return nil, nil, err
	}
	var e Export
	rep, err := s.caller.fetch(ctx, request{method: http.MethodGet, path: "/exports" + id, prefer: prefer}, &e)
	if err != nil {
		return nil, rep.header, err
	}
	if e.ID == "" {
		return nil, rep.header, rep.unexpected()
	}
	return &e, rep.header, nil
}

// DownloadURL mints a link that downloads the document without a key. Every call makes another one.
func (s *ExportsService) DownloadURL(ctx context.Context, exportID string) (*DownloadLink, error) {
	id, err := segment("export", exportID)
	if err != nil {
		return nil, err
	}
	r, err := post("/exports"+id+"/download-url", nil, "")
	if err != nil {
		return nil, err
	}
	var link DownloadLink
	rep, err := s.caller.fetch(ctx, r, &link)
	if err != nil {
		return nil, err
	}
	if link.ExportID == "" {
		return nil, rep.unexpected()
	}
	return &link, nil
}
