package store

import (
	"context"
	"time"

	"github.com/videovector/exports/internal/export"
)

// Automations keeps the export automations of indexes, and which ends of runs each of them has noted.
type Automations interface {
	Automation(ctx context.Context, account, indexID string) (export.Automation, error)
	// SaveAutomation writes the automation if the stored one is of the revision, 0 meaning that there is none, and returns
	// it with its new one. In the same transaction it notes the end of a run, unless noted is nil. Another revision fails
	// with fault.Unavailable: read it and try again. The repetition of a call whose reply was lost inside the store is
	// success.
	SaveAutomation(ctx context.Context, next export.Automation, revision int64, noted *Ending) (export.Automation, error)
	// Ending is the end of the run that the index's automation has noted last.
	Ending(ctx context.Context, account, indexID, runID string) (string, error)
	// DueAutomations lists automations whose DueAt is not after now, soonest first. It may lag behind writes, so its
	// reader loads a record before acting on it.
	DueAutomations(ctx context.Context, now time.Time, limit int) ([]AutomationRef, error)
}

// Ending is the end of a run, as export.Run.Ending tells it.
type Ending struct {
	RunID string
	Text  string
}

// AutomationRef names an automation.
type AutomationRef struct {
	AccountID string
	IndexID   string
}
