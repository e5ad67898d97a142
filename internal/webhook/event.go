package webhook

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// apiVersion names the form of the envelope.
const apiVersion = "2024-01"

// Event is the envelope, without what is one webhook's.
type Event struct {
	ID        string          `json:"id"`
	Event     string          `json:"event"`
	Data      json.RawMessage `json:"data"`
	CreatedAt string          `json:"created_at"`
	Version   string          `json:"api_version"`
	// Metadata is the webhook's own, absent where it has none.
	Metadata json.RawMessage `json:"metadata,omitempty"`
}

// EventID is the id of the end of an export in one generation of it. It sorts as exports do.
func EventID(exportID string, generation int, mark string) string {
	return fmt.Sprintf("evt_%s_%04d_%s", strings.TrimPrefix(exportID, "exp_"), generation, strings.TrimPrefix(mark, "export."))
}

// newEvent is the event of the name with the data, which is JSON.
func newEvent(id, name string, data []byte, at time.Time) Event {
	return Event{ID: id, Event: name, Data: data, CreatedAt: at.UTC().Format("2006-01-02T15:04:05.000Z"), Version: apiVersion}
}

// Test is the event that tries a webhook out.
func Test(id string, w store.Webhook, now time.Time) (Event, []byte, error) {
	data, err := json.Marshal(map[string]string{"webhook_id": w.ID, "message": "This is a test."})
	if err != nil {
		return Event{}, nil, err
	}
	e := newEvent(id, EventTest, data, now)
	body, err := e.body(w)
	return e, body, err
}

// body is what the webhook is sent.
func (e Event) body(w store.Webhook) ([]byte, error) {
	e.Metadata = json.RawMessage(w.Metadata)
	text, err := json.Marshal(e)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "event_unwritable", "The event could not be written.")
	}
	return text, nil
}

// asEnded is the export as it was when it ended in the generation: somebody may have tried it again or deleted it
// meanwhile. at is when that was, zero if the record doesn't remember.
func asEnded(e export.Export, generation int, mark string) (ended export.Export, at time.Time) {
	if e.Generation == generation && e.EventMark == mark {
		return e, e.CompletedAt
	}
	end, ok := e.EndIn(generation, mark)
	if !ok { // there were many ends since, or a release wrote the record that remembered none
		end = export.End{QueueStatus: export.QueueSucceeded, Attempts: e.Attempts, LastError: e.LastError}
		if mark == export.EventFailed {
			end.QueueStatus, end.ErrorMessage = export.QueueFailed, e.LastError
		}
	}
	e.Generation, e.EventMark, e.Status = generation, mark, export.StatusCompleted
	if mark == export.EventFailed {
		e.Status = export.StatusFailed
	}
	if e.Deleted() || mark == export.EventFailed { // the files are gone, or another attempt's
		e.Artifact, e.Receipt, e.ExpiresAt = nil, nil, time.Time{}
	}
	e.QueueStatus, e.Outcome, e.Attempts, e.LastError, e.ErrorMessage = end.QueueStatus, end.Outcome, end.Attempts, end.LastError, end.ErrorMessage
	e.CompletedAt, e.DueAt = end.CompletedAt, time.Time{}
	return e, end.CompletedAt
}
