package asl

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Graph is a machine for those who draw it or describe it.
type Graph struct {
	Timeout time.Duration // of an execution; 0 for none
	States  []Node        // in the order in which an execution comes to them, those that only a failure leads to last
}

// Node is a state.
type Node struct {
	Name    string
	Type    string
	Comment string
	Timeout time.Duration // of one call; 0 for none
	Retries []Retries     // in the order in which they are looked at
	Edges   []Edge        // likewise; none from an end
	AtATime int           // of a Map: parts that run at a time, 0 for the interpreter's limit
	Parts   []Node        // of a Map: the states of a part
}

// Retries are the retries after some errors.
type Retries struct {
	Errors      []string
	MaxAttempts int           // retries, the first call not among them
	Interval    time.Duration // before the first one
	BackoffRate float64       // every wait is that many times the one before
	MaxDelay    time.Duration // of one wait; 0 for no limit
	Jitter      bool          // a wait is anything between nothing and that long
}

// EdgeKind is why an execution goes along an edge.
type EdgeKind string

// The kinds of edges.
const (
	EdgeNext    EdgeKind = "next"
	EdgeChoice  EdgeKind = "choice"
	EdgeDefault EdgeKind = "default"
	EdgeCatch   EdgeKind = "catch"
)

// Edge leads from a state to another one.
type Edge struct {
	To     string
	Kind   EdgeKind
	When   string   // of a choice: its condition
	Errors []string // of a catch: what it takes
}

// Draw reads the graph of a definition. What Load refuses, Draw refuses.
func Draw(definition []byte) (Graph, error) {
	if _, err := Load(definition); err != nil {
		return Graph{}, err
	}
	var f drawnFlow
	if err := json.Unmarshal(definition, &f); err != nil {
		return Graph{}, err
	}
	return Graph{Timeout: seconds(f.TimeoutSeconds), States: f.nodes()}, nil
}

// Find is the state of that name.
func (g Graph) Find(name string) (Node, bool) {
	i := slices.IndexFunc(g.States, func(n Node) bool { return n.Name == name })
	if i < 0 {
		return Node{}, false
	}
	return g.States[i], true
}

// drawnFlow is a definition that Load took, as far as it is drawn.
type drawnFlow struct {
	StartAt        string
	TimeoutSeconds int
	States         map[string]drawnState
}

type drawnState struct {
	Type           string
	Comment        string
	Next           string
	Default        string
	TimeoutSeconds int
	MaxConcurrency int
	Choices        []map[string]json.RawMessage
	Retry          []retrier
	Catch          []struct {
		ErrorEquals []string
		Next        string
	}
	ItemProcessor *drawnFlow
}

// nodes are the states, breadth first along the edges as they stand; those that only a failure leads to come last.
func (f *drawnFlow) nodes() []Node {
	var all []Node
	var caught []string
	seen := map[string]bool{}
	for todo := []string{f.StartAt}; len(todo) > 0; {
		name := todo[0]
		todo = todo[1:]
		if !seen[name] {
			seen[name] = true
			n := f.States[name].node(name)
			for _, e := range n.Edges {
				if e.Kind == EdgeCatch {
					caught = append(caught, e.To)
				} else {
					todo = append(todo, e.To)
				}
			}
			all = append(all, n)
		}
		if len(todo) == 0 {
			todo, caught = caught, nil
		}
	}
	return all
}

func (s drawnState) node(name string) Node {
	n := Node{Name: name, Type: s.Type, Comment: s.Comment, Timeout: seconds(s.TimeoutSeconds), AtATime: s.MaxConcurrency}
	for _, r := range s.Retry {
		n.Retries = append(n.Retries, Retries{
			Errors: r.ErrorEquals, MaxAttempts: or(r.MaxAttempts, defaultMaxAttempts), Interval: seconds(or(r.IntervalSeconds, defaultInterval)),
			BackoffRate: or(r.BackoffRate, defaultBackoffRate), MaxDelay: seconds(or(r.MaxDelaySeconds, 0)), Jitter: r.JitterStrategy == "FULL",
		})
	}
	for _, c := range s.Choices {
		n.Edges = append(n.Edges, Edge{To: text(c["Next"]), Kind: EdgeChoice, When: condition(c)})
	}
	if s.Default != "" {
		n.Edges = append(n.Edges, Edge{To: s.Default, Kind: EdgeDefault})
	}
	if s.Next != "" {
		n.Edges = append(n.Edges, Edge{To: s.Next, Kind: EdgeNext})
	}
	for _, c := range s.Catch {
		n.Edges = append(n.Edges, Edge{To: c.Next, Kind: EdgeCatch, Errors: c.ErrorEquals})
	}
	if s.ItemProcessor != nil {
		n.Parts = s.ItemProcessor.nodes()
	}
	return n
}

// condition is a choice rule in words.
func condition(rule map[string]json.RawMessage) string {
	for _, name := range slices.Sorted(maps.Keys(rule)) {
		switch value := rule[name]; name {
		case "Comment", "Next", "Variable":
		case "And", "Or":
			var parts []map[string]json.RawMessage
			if json.Unmarshal(value, &parts) != nil {
				return string(value)
			}
			var texts []string
			for _, p := range parts {
				texts = append(texts, "("+condition(p)+")")
			}
			return strings.Join(texts, " "+strings.ToLower(name)+" ")
		case "Not":
			var part map[string]json.RawMessage
			if json.Unmarshal(value, &part) != nil {
				return string(value)
			}
			return "not (" + condition(part) + ")"
		default:
			return fmt.Sprintf("%s %s %s", text(rule["Variable"]), operator(name), value)
		}
	}
	return ""
}

// operator is a comparison's sign where it has one.
func operator(name string) string {
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		for suffix, sign := range map[string]string{"Equals": "=", "LessThan": "<", "LessThanEquals": "≤", "GreaterThan": ">", "GreaterThanEquals": "≥"} {
			if name == kind+suffix {
				return sign
			}
		}
	}
	return name
}

// text is a JSON string's; anything else stays as it is.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return string(raw)
	}
	return s
}
