// Package changes tells handlers that a record has reached a state that somebody waits for: an export has ended, or the
// platform has finished a prompt run. On AWS the table's stream is the source, and a pipe of EventBridge for each handler
// picks the records, cuts out of them what Item has, and calls the handler's function. Locally internal/localpipe does the
// same work with the same events, out of the record store that is there.
//
// A change is told after it was written, at least once, in any order and perhaps late: by then the record may have moved
// on, or be gone. So a handler reads what it needs, and whatever it does, it does under an id that the change determines.
package changes

import (
	"errors"
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
// with another content; Before tells such a write from the one that made it finish.
type Run struct {
	AccountID  string
	RunID      string
	IndexID    string // "" for a run of no index
	Status     export.RunStatus
	ExecutedAt time.Time
	Before     string // how the run had ended before this write (export.Run.Ending); "" if it hadn't, or nobody knows
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
	Was        Was    `json:"was,omitzero"`
}

// Was is what tells a run's ends apart, as the record had it before the change; a record that is new had nothing.
type Was struct {
	Status     string `json:"status"`
	ExecutedAt string `json:"executed_at"`
	Parts      string `json:"parts"`
	Rows       string `json:"rows"`
	Bytes      string `json:"bytes"`
}

// OfExport is the item of an export's end; ok is false while it has none to tell of. A record that had its mark before a
// write is told of no more.
func OfExport(e export.Export) (i Item, ok bool) {
	return Item{
		Kind: KindExport, AccountID: e.AccountID, ExportID: e.ID, Generation: strconv.Itoa(e.Generation), Mark: e.EventMark,
	}, e.Status.Terminal() && e.EventMark != ""
}

// OfRun is the item of a write of a finished run over what it was, which is a zero Run for none; ok is false while it goes
// on.
func OfRun(was, r export.Run) (i Item, ok bool) {
	i = Item{Kind: KindRun, AccountID: r.AccountID, RunID: r.ID, IndexID: r.IndexID, Status: string(r.Status), ExecutedAt: timestamp(r.ExecutedAt)}
	if was.Status != "" {
		i.Was = Was{
			Status: string(was.Status), ExecutedAt: timestamp(was.ExecutedAt), Parts: strconv.Itoa(was.Parts),
			Rows: strconv.FormatInt(was.Rows, 10), Bytes: strconv.FormatInt(was.Bytes, 10),
		}
	}
	return i, r.Status.Finished()
}

func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// ending is how the run had ended, "" if it hadn't. So is what can't be read: it keeps no end from being told.
func (w Was) ending() string {
	r := export.Run{Status: export.RunStatus(w.Status)}
	if r.Status == "" || !r.Status.Finished() {
		return ""
	}
	var errs [4]error
	r.Parts, errs[0] = strconv.Atoi(w.Parts)
	r.Rows, errs[1] = strconv.ParseInt(w.Rows, 10, 64)
	r.Bytes, errs[2] = strconv.ParseInt(w.Bytes, 10, 64)
	if w.ExecutedAt != "" {
		r.ExecutedAt, errs[3] = time.Parse(time.RFC3339Nano, w.ExecutedAt)
	}
	if errors.Join(errs[:]...) != nil {
		return ""
	}
	return r.Ending()
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
	r := Run{AccountID: i.AccountID, RunID: i.RunID, IndexID: i.IndexID, Status: export.RunStatus(i.Status), Before: i.Was.ending()}
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
