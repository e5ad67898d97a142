package states

import (
	"fmt"
	"slices"
	"strings"

	"github.com/videovector/exports/internal/asl"
	"github.com/videovector/exports/internal/docblock"
)

// Blocks are the generated parts of the document by name, in Markdown.
func Blocks(s *Source, deployed []string, definition []byte) (map[string]string, error) {
	known, err := s.Transitions(deployed)
	if err != nil {
		return nil, err
	}
	moves, err := Moves(known)
	if err != nil {
		return nil, err
	}
	g, err := asl.Draw(definition)
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"record": recordDiagram(known, moves), "transitions": transitionTable(known), "moves": moveTable(moves), "limits": s.limitTable(),
		"machine": machineDiagram(g), "states": stateTable(g), "retries": retryTable(g),
	}, nil
}

func mermaid(lines []string) string {
	return "```mermaid\nstateDiagram-v2\n" + strings.Join(lines, "\n") + "\n```\n"
}

// recordDiagram has a node for each state and an edge for each pair of them that a move leads from and to.
func recordDiagram(known []Transition, moves []Move) string {
	var lines, nodes []string
	for _, m := range moves {
		for _, s := range []string{m.From, m.To} {
			if s != "" && !slices.Contains(nodes, s) {
				nodes = append(nodes, s)
			}
		}
	}
	slices.SortStableFunc(nodes, func(a, b string) int { return rank(a) - rank(b) })
	for _, s := range nodes {
		lines = append(lines, fmt.Sprintf("    state \"%s\" as %s", strings.ReplaceAll(s, "/", " / "), id(s)))
	}
	type pair struct{ from, to string }
	labels, order := map[pair][]string{}, []pair(nil)
	for _, m := range moves {
		p := pair{m.From, m.To}
		if labels[p] == nil {
			order = append(order, p)
		}
		if label := label(known, m.Transition); !slices.Contains(labels[p], label) {
			labels[p] = append(labels[p], label)
		}
	}
	for _, p := range order {
		lines = append(lines, fmt.Sprintf("    %s --> %s: %s", id(p.from), id(p.to), strings.Join(labels[p], ", ")))
	}
	for _, s := range nodes {
		if !slices.ContainsFunc(moves, func(m Move) bool { return m.From == s }) {
			lines = append(lines, fmt.Sprintf("    %s --> [*]", id(s)))
		}
	}
	return mermaid(lines)
}

// id is a state's name in a diagram; nothing is the diagram's own beginning.
func id(state string) string {
	if state == "" {
		return "[*]"
	}
	return strings.ReplaceAll(state, "/", "_")
}

// label is a transition and who writes it. Most steps enter; to name them all would hide the rest.
func label(known []Transition, name string) string {
	i := slices.IndexFunc(known, func(t Transition) bool { return t.Name == name })
	switch writers := known[i].Writers; {
	case len(writers) > 2:
		return fmt.Sprintf("%s (%d functions)", name, len(writers))
	default:
		return fmt.Sprintf("%s (%s)", name, strings.Join(writers, ", "))
	}
}

func transitionTable(known []Transition) string {
	rows := [][]string{{"Transition", "Written by", "What it is"}}
	for _, t := range known {
		writers := "another transition"
		if len(t.Writers) > 0 {
			writers = "`" + strings.Join(t.Writers, "`, `") + "`"
		}
		rows = append(rows, []string{"`" + t.Name + "`", writers, predicate(t.Name, t.Says)})
	}
	return docblock.Table(rows)
}

// predicate is a comment without the name that it begins with, unless the comment is about several.
func predicate(name, says string) string {
	rest, ok := strings.CutPrefix(says, name+" ")
	if !ok || strings.HasPrefix(rest, "and ") {
		return says
	}
	return strings.TrimPrefix(rest, "is ")
}

// moveTable has a row for every transition, end and effect, with all states that it begins in.
func moveTable(moves []Move) string {
	type group struct {
		to, transition, note, effects string
		from                          []string
	}
	var groups []*group
	for _, m := range moves {
		to := m.To
		if m.From == m.To {
			to = "the same"
		}
		g := &group{to: to, transition: m.Transition, note: m.Note, effects: strings.Join(m.Effects, ", ")}
		i := slices.IndexFunc(groups, func(o *group) bool {
			return o.to == g.to && o.transition == g.transition && o.note == g.note && o.effects == g.effects
		})
		if i < 0 {
			i, groups = len(groups), append(groups, g)
		}
		from := "–"
		if m.From != "" {
			from = "`" + m.From + "`"
		}
		groups[i].from = append(groups[i].from, from)
	}
	rows := [][]string{{"From", "To", "Transition", "And with it"}}
	for _, g := range groups {
		to, name := g.to, "`"+g.transition+"`"
		if to != "the same" {
			to = "`" + to + "`"
		}
		if g.note != "" {
			name += ", " + g.note
		}
		rows = append(rows, []string{strings.Join(g.from, ", "), to, name, g.effects})
	}
	return docblock.Table(rows)
}
