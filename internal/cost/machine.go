package cost

import (
	"encoding/json"
	"fmt"
	"time"
)

// Machine is what the model needs of the state machine's definition.
type Machine struct {
	states      map[string]state
	start       string
	Concurrency int           // of shards
	ChildLimit  time.Duration // of one shard
	TaskLimit   time.Duration // of packaging by one task
}

type state struct {
	Type           string
	Next, Default  string
	Choices        []choice
	TimeoutSeconds int
	MaxConcurrency int
	ItemProcessor  struct{ States map[string]state }
}

type choice struct {
	Variable, StringEquals, Next string
	BooleanEquals                *bool
}

// ParseMachine reads the definition.
func ParseMachine(definition []byte) (Machine, error) {
	var d struct {
		StartAt string
		States  map[string]state
	}
	if err := json.Unmarshal(definition, &d); err != nil {
		return Machine{}, err
	}
	shards := d.States["PackageShards"]
	m := Machine{
		states: d.States, start: d.StartAt, Concurrency: shards.MaxConcurrency,
		ChildLimit: seconds(shards.ItemProcessor.States["PackageShard"].TimeoutSeconds),
		TaskLimit:  seconds(d.States["Package"].TimeoutSeconds),
	}
	if m.Concurrency == 0 || m.ChildLimit == 0 || m.TaskLimit == 0 {
		return m, fmt.Errorf("the state machine has no packaging that the model knows")
	}
	return m, nil
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// Path is the states of an export that goes well, in order.
func (m Machine) Path(sharded, deliver bool) ([]string, error) {
	var path []string
	for at := m.start; at != ""; {
		s, ok := m.states[at]
		if !ok || len(path) > len(m.states) {
			return nil, fmt.Errorf("the state machine leads from %v to %q", path, at)
		}
		path = append(path, at)
		if s.Type == "Choice" {
			at = s.choose(sharded, deliver)
			continue
		}
		at = s.Next
	}
	return path, nil
}

func (s state) choose(sharded, deliver bool) string {
	for _, c := range s.Choices {
		if c.StringEquals == "sharded" && sharded || c.BooleanEquals != nil && *c.BooleanEquals == deliver {
			return c.Next
		}
	}
	return s.Default
}
