package states

import (
	"fmt"
	"slices"
	"strings"

	"github.com/videovector/exports/internal/asl"
	"github.com/videovector/exports/internal/docblock"
)

// machineDiagram has the machine's states and every way between them. Ways that states share, as those to Fail, are one
// edge from each.
func machineDiagram(g asl.Graph) string {
	lines := []string{fmt.Sprintf("    [*] --> %s", g.States[0].Name)}
	for _, n := range g.States {
		if len(n.Parts) > 0 {
			lines = append(lines, fmt.Sprintf("    state %s {", n.Name), fmt.Sprintf("        [*] --> %s", n.Parts[0].Name))
			for _, p := range n.Parts {
				lines = append(lines, fmt.Sprintf("        %s --> [*]", p.Name))
			}
			lines = append(lines, "    }")
		}
	}
	for _, n := range g.States {
		for i, e := range n.Edges {
			if slices.IndexFunc(n.Edges, func(o asl.Edge) bool { return o.To == e.To }) < i {
				continue // in the label of that one
			}
			lines = append(lines, strings.TrimSuffix(fmt.Sprintf("    %s --> %s: %s", n.Name, e.To, edgeLabels(n, e.To)), ": "))
		}
		if len(n.Edges) == 0 {
			lines = append(lines, fmt.Sprintf("    %s --> [*]", n.Name))
		}
	}
	return mermaid(lines)
}

// edgeLabels are those of every edge between the two. One that is alone and needs no reason has none.
func edgeLabels(n asl.Node, to string) string {
	var labels []string
	for _, e := range n.Edges {
		if e.To == to {
			labels = append(labels, edgeLabel(e))
		}
	}
	if len(labels) == 1 && labels[0] == "next" {
		return ""
	}
	return strings.Join(labels, ", ")
}

func edgeLabel(e asl.Edge) string {
	switch e.Kind {
	case asl.EdgeChoice:
		return e.When
	case asl.EdgeDefault:
		return "otherwise"
	case asl.EdgeCatch:
		return "catch " + strings.Join(e.Errors, " or ")
	}
	return "next"
}

// stateTable has what the diagram has no place for.
func stateTable(g asl.Graph) string {
	rows := [][]string{{"State", "Type", "Time-out of a call", "Retries", "What it does"}}
	sets := retrySets(g)
	var add func(prefix string, nodes []asl.Node)
	add = func(prefix string, nodes []asl.Node) {
		for _, n := range nodes {
			kind, timeout, retries := n.Type, "–", "–"
			if n.AtATime > 0 {
				kind += fmt.Sprintf(", %d at a time", n.AtATime)
			}
			if n.Timeout > 0 {
				timeout = duration(n.Timeout)
			}
			if len(n.Retries) > 0 {
				retries = fmt.Sprintf("[%d](#retries)", 1+slices.IndexFunc(sets, func(s []asl.Retries) bool { return sameRetries(s, n.Retries) }))
			}
			rows = append(rows, []string{prefix + "`" + n.Name + "`", kind, timeout, retries, n.Comment})
			add(prefix+"`"+n.Name+"` / ", n.Parts)
		}
	}
	add("", g.States)
	if g.Timeout > 0 {
		rows = append(rows, []string{"the whole execution", "", duration(g.Timeout), "–", ""})
	}
	return docblock.Table(rows)
}

// retrySets are the different lists of retries that states have.
func retrySets(g asl.Graph) (sets [][]asl.Retries) {
	var add func(nodes []asl.Node)
	add = func(nodes []asl.Node) {
		for _, n := range nodes {
			if len(n.Retries) > 0 && !slices.ContainsFunc(sets, func(s []asl.Retries) bool { return sameRetries(s, n.Retries) }) {
				sets = append(sets, n.Retries)
			}
			add(n.Parts)
		}
	}
	add(g.States)
	return sets
}

func sameRetries(a, b []asl.Retries) bool {
	return fmt.Sprint(a) == fmt.Sprint(b)
}

func retryTable(g asl.Graph) string {
	rows := [][]string{{"", "Errors", "Retries", "First wait", "Grows", "Longest wait"}}
	for i, set := range retrySets(g) {
		for _, r := range set {
			first, longest := duration(r.Interval), "–"
			if r.Jitter {
				first = "up to " + first
			}
			if r.MaxDelay > 0 {
				longest = duration(r.MaxDelay)
			}
			rows = append(rows, []string{
				fmt.Sprint(i + 1), "`" + strings.Join(r.Errors, "`, `") + "`", fmt.Sprint(r.MaxAttempts), first, fmt.Sprintf("× %g", r.BackoffRate), longest,
			})
		}
	}
	return docblock.Table(rows)
}
