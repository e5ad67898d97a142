// Package changes tells handlers that a record has reached a state that somebody waits for: an export has ended, or the
// platform has finished a prompt run. On AWS the table's stream is the source, and a pipe of EventBridge for each handler
// picks the records, cuts out of them what Item has, and calls the handler's function. Locally internal/localpipe does the
// same work with the same events, out of the record store that is there.
//
// A change is told after it was written, at least once, in any order and perhaps late: by then the record may have moved
// on, or be gone. So a handler reads what it needs, and whatever it does, it does under an id that the change determines.
package changes

import (
	"strconv"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
)

// Kind is what a change is about.
type Kind string

const (
	KindExport Kind = "export"
	KindRun    Kind = "run"
)

// Export says that an export has ended, in one generation of it.
type Export struct {
	AccountID  string
	ExportID   string
	Generation int
	Mark       string // export.EventReady or export.EventFailed
}

// Run says that the platform will write no further result of a run. The same run is told again when its record is written
// with another content.
type Run struct {
	AccountID  string
	RunID      string
	IndexID    string // "" for a run of no index
	Status     export.RunStatus
	ExecutedAt time.Time
}

// Item is a change as events have it. Every member is a string, and "" is as good as none, since the template of a pipe
// makes both out of an attribute that is missing. It holds ids and states, never a link or anything that a user wrote.
type Item struct {
	// ID names the change in the answer to its batch; the stream's name for it is EventBridge's to choose.
	ID        string `json:"eventID"`
	Kind      Kind   `json:"kind"`
	AccountID string `json:"account_id"`
	// Of an export:
	ExportID   string `json:"export_id,omitempty"`
	Generation string `json:"generation,omitempty"`
	Mark       string `json:"mark,omitempty"`
	// Of a run:
	RunID      string `json:"run_id,omitempty"`
	IndexID    string `json:"index_id,omitempty"`
	Status     string `json:"status,omitempty"`
	ExecutedAt string `json:"executed_at,omitempty"`
}

// OfExport is the item of an export's end; ok is false while it has none to tell of.
func OfExport(e export.Export) (i Item, ok bool) {
	return Item{
		Kind: KindExport, AccountID: e.AccountID, ExportID: e.ID, Generation: strconv.Itoa(e.Generation), Mark: e.EventMark,
	}, e.Status.Terminal() && e.EventMark != ""
}

// OfRun is the item of a run's end; ok is false while it goes on.
func OfRun(r export.Run) (i Item, ok bool) {
	i = Item{Kind: KindRun, AccountID: r.AccountID, RunID: r.ID, IndexID: r.IndexID, Status: string(r.Status)}
	if !r.ExecutedAt.IsZero() {
		i.ExecutedAt = r.ExecutedAt.UTC().Format(time.RFC3339Nano)
	}
	return i, r.Status.Finished()
}

// unreadable is the failure of an item that isn't one of ours.
var unreadable = fault.New(fault.Invalid, "change_unreadable", "The event tells no change of ours.")

// export is the item as what it says.
func (i Item) export() (Export, error) {
	e := Export{AccountID: i.AccountID, ExportID: i.ExportID, Mark: i.Mark}
	var err error
	if e.Generation, err = strconv.Atoi(i.Generation); err != nil || e.Generation < 1 {
		return e, unreadable
	}
	if !export.ValidID(e.AccountID) || !export.ValidID(e.ExportID) || e.Mark != export.EventReady && e.Mark != export.EventFailed {
		return e, unreadable
	}
	return e, nil
}

// run is the item as what it says.
func (i Item) run() (Run, error) {
	r := Run{AccountID: i.AccountID, RunID: i.RunID, IndexID: i.IndexID, Status: export.RunStatus(i.Status)}
	if !export.ValidID(r.AccountID) || !export.ValidID(r.RunID) || r.IndexID != "" && !export.ValidID(r.IndexID) || r.Status == "" || !r.Status.Finished() {
		return r, unreadable
	}
	if i.ExecutedAt == "" {
		return r, nil
	}
	at, err := time.Parse(time.RFC3339Nano, i.ExecutedAt)
	if err != nil {
		return r, unreadable
	}
	r.ExecutedAt = at.UTC()
	return r, nil
}
