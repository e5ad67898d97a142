package changes

import (
	"bytes"

	"github.com/go-json-experiment/json"
)

// Event is what a function gets that a pipe and a schedule call: the pipe's batch of changes, which is an array, or the
// schedule's event, which is an object. Neither of the two is any other object.
type Event struct {
	Batch     []Item
	Scheduled bool
}

// UnmarshalJSON implements json.Unmarshaler. It is strict: names that stand twice, or text that isn't UTF-8, are no event.
func (e *Event) UnmarshalJSON(text []byte) error {
	*e = Event{}
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("[")) {
		return json.Unmarshal(text, &e.Batch)
	}
	var schedule struct {
		DetailType string `json:"detail-type"`
	}
	if err := json.Unmarshal(text, &schedule); err != nil {
		return err
	}
	e.Scheduled = schedule.DetailType == "Scheduled Event"
	return nil
}
