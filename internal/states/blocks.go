package states

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"time"

	"github.com/videovector/exports/internal/asl"
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
	return table(rows)
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
	return table(rows)
}

// limitTable has the constants that stand beside the transitions, with their comments.
func (s *Source) limitTable() string {
	rows := [][]string{{"Name", "Value", "What it is"}}
	for _, spec := range s.constants() {
		var value string
		c := s.Domain.info.Defs[spec.name].(*types.Const) // a constant's definition
		n, exact := constant.Int64Val(constant.ToInt(c.Val()))
		switch {
		case !exact:
			continue
		case c.Type().String() == "time.Duration":
			value = duration(time.Duration(n))
		default:
			value = fmt.Sprint(n)
		}
		rows = append(rows, []string{"`" + spec.name.Name + "`", value, predicate(spec.name.Name, spec.says)})
	}
	return table(rows)
}

// limit is a constant and what its comment says; a constant without one shares the comment before.
type limit struct {
	name *ast.Ident
	says string
}

// constants are those of the file that holds Export's transitions which are numbers.
func (s *Source) constants() (all []limit) {
	for _, f := range s.Domain.files {
		if !declares(f, "Claim") {
			continue
		}
		for _, d := range f.Decls {
			decl, ok := d.(*ast.GenDecl)
			if !ok || decl.Tok != token.CONST {
				continue
			}
			says := ""
			for _, spec := range decl.Specs {
				v := spec.(*ast.ValueSpec) // in a const declaration
				if doc := v.Doc.Text(); doc != "" {
					says = strings.Join(strings.Fields(doc), " ")
				}
				if c, ok := s.Domain.info.Defs[v.Names[0]].(*types.Const); ok && c.Val().Kind() == constant.Int {
					all = append(all, limit{v.Names[0], says})
				}
			}
		}
	}
	return all
}

func declares(f *ast.File, name string) bool {
	return slices.ContainsFunc(f.Decls, func(d ast.Decl) bool {
		fn, ok := d.(*ast.FuncDecl)
		return ok && fn.Name.Name == name
	})
}

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
	return table(rows)
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
	return table(rows)
}

func table(rows [][]string) string {
	var b strings.Builder
	for i, row := range rows {
		b.WriteString("| " + strings.Join(row, " | ") + " |\n")
		if i == 0 {
			b.WriteString(strings.Repeat("| --- ", len(row)) + "|\n")
		}
	}
	return b.String()
}
