package localpage

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/videovector/exports/internal/asl"
	"github.com/videovector/exports/internal/export"
)

// maxJourneys bounds the executions that are looked for, beyond what an export has without anybody's retrying it.
const maxJourneys = 20 * export.MaxGenerations

// journey is one execution: an export's way through the state machine.
type journey struct {
	Name    string
	Status  string // as Step Functions has it
	Running bool
	Started time.Time
	Took    time.Duration // so far, while it runs
	Steps   []step
	Drawing drawing
}

// step is one stay in a state.
type step struct {
	Number  int
	State   string
	Entered time.Time
	Took    time.Duration // so far, while it lasts
	Running bool
	Retries int
	Notes   []string
	caught  bool // the next state was entered because of a failure
}

// journeys are the export's executions, the latest one first. A generation whose execution never began has none.
func (p *page) journeys(e exportView) ([]journey, error) {
	if !export.ValidID(e.ID) {
		return nil, nil
	}
	var all []journey
	for generation, missing := 1, 0; missing < export.MaxGenerations && generation <= maxJourneys; generation++ {
		name := export.ExecutionName(e.ID, generation)
		history, err := p.cfg.History(name)
		switch {
		case errors.Is(err, asl.ErrNoExecution):
			missing++
			continue
		case err != nil:
			return nil, fmt.Errorf("The history of %s can't be read.", name)
		}
		missing = 0
		all = append(all, p.journey(name, history))
	}
	slices.Reverse(all)
	return all, nil
}

func (p *page) journey(name string, history []asl.Event) journey {
	now := p.cfg.Clock()
	x := asl.Tell(name, history)
	j := journey{Name: name, Status: x.Status, Running: x.Stopped.IsZero(), Started: x.Started, Took: until(x.Started, x.Stopped, now)}
	visits := asl.Visits(history)
	for i, v := range visits {
		s := step{
			Number: i + 1, State: v.State, Entered: v.Entered, Took: until(v.Entered, v.Left, now), Running: v.Left.IsZero(),
			Retries: len(v.Retries) + len(v.Within), Notes: notes(v),
		}
		if i+1 < len(visits) {
			next := visits[i+1]
			if s.caught = p.chart.catches(v.State, next.State); s.caught {
				s.Notes = append(s.Notes, "failed: "+caught(next.Input))
			}
		}
		j.Steps = append(j.Steps, s)
	}
	if x.Error != "" {
		j.Status += ": " + strings.TrimSuffix(sentence(x.Error, x.Cause), ".")
	}
	j.Drawing = p.chart.draw(j)
	return j
}

// until is how long something took, or takes already.
func until(began, ended, now time.Time) time.Duration {
	if ended.IsZero() {
		ended = now
	}
	return max(0, ended.Sub(began))
}

// notes are what happened during a stay.
func notes(v asl.Visit) []string {
	var all []string
	if v.Parts > 0 {
		all = append(all, fmt.Sprintf("%d parts begun", v.Parts))
	}
	for _, r := range v.Retries {
		all = append(all, fmt.Sprintf("retried at %s: %s", r.At.UTC().Format("15:04:05.000"), sentence(r.Error, r.Cause)))
	}
	if n := len(v.Within); n > 0 {
		last := v.Within[n-1]
		all = append(all, fmt.Sprintf("%s of parts, the last one: %s", retries(n), sentence(last.Error, last.Cause)))
	}
	return all
}

// retries is a number of them.
func retries(n int) string {
	if n == 1 {
		return "1 retry"
	}
	return fmt.Sprintf("%d retries", n)
}

// caught is the failure in the input of the state that it led to.
func caught(input json.RawMessage) string {
	var in struct {
		Failure struct{ Error, Cause string } `json:"failure"`
	}
	if json.Unmarshal(input, &in) != nil {
		return "for a reason that can't be read"
	}
	return sentence(in.Failure.Error, in.Failure.Cause)
}

// sentence is an error's name and what the function said of it.
func sentence(name, cause string) string {
	var said struct {
		Message string `json:"errorMessage"`
	}
	if json.Unmarshal([]byte(cause), &said) == nil {
		cause = said.Message
	}
	return strings.TrimSuffix(cmp.Or(name, "an error without a name")+": "+cause, ": ")
}
