package localpage

import (
	"slices"
	"strings"

	"github.com/videovector/exports/internal/asl"
)

// Sizes of the drawing, in its own units.
const (
	boxWidth, boxHeight = 148, 40
	columnGap, rowGap   = 20, 30
	railGap             = 12
	margin              = 10
)

// chart is the state machine laid out: the states that an execution goes through when all is well in rows from top to
// bottom, each below everything that leads to it, and those that only failures lead to in a column at the right.
// Failures, and ways back, go along rails between the two.
type chart struct {
	Width, Height int
	boxes         []box
	lines         []line
	rails         map[string]int // x of each state's that is reached by one
}

// box is a state.
type box struct {
	Name, Type string
	row        int
	aside      bool // only failures lead to it
	X, Y       int  // of its upper left corner
}

// line is a way from a state to another one.
type line struct {
	From, To string
	Kind     asl.EdgeKind
	Why      string
	Path     string // SVG's path data
	via      []int  // of a way that passes rows by: its column's middle in each of them
}

// layOut finds everything's place.
func layOut(g asl.Graph) chart {
	c := chart{rails: map[string]int{}}
	if len(g.States) == 0 {
		return c
	}
	aside := onlyCaught(g)
	rows := rowsOf(g, aside)
	for _, n := range g.States {
		c.boxes = append(c.boxes, box{Name: n.Name, Type: n.Type, row: rows[n.Name], aside: aside[n.Name]})
		for i, e := range n.Edges {
			if slices.IndexFunc(n.Edges, func(o asl.Edge) bool { return o.To == e.To }) == i {
				c.lines = append(c.lines, line{From: n.Name, To: e.To, Kind: e.Kind, Why: why(e)})
			}
		}
	}
	columns := c.placeRows()
	c.placeAside(columns)
	for i := range c.lines {
		c.lines[i].Path = c.path(c.lines[i])
	}
	return c
}

func why(e asl.Edge) string {
	switch e.Kind {
	case asl.EdgeChoice:
		return e.When
	case asl.EdgeDefault:
		return "otherwise"
	case asl.EdgeCatch:
		return "after " + strings.Join(e.Errors, ", ")
	}
	return "next"
}

// onlyCaught are the states that can't be reached without a failure.
func onlyCaught(g asl.Graph) map[string]bool {
	aside := map[string]bool{}
	for _, n := range g.States {
		aside[n.Name] = true
	}
	for todo := []string{g.States[0].Name}; len(todo) > 0; todo = todo[1:] {
		if n, ok := g.Find(todo[0]); ok && aside[n.Name] {
			aside[n.Name] = false
			for _, e := range n.Edges {
				if e.Kind != asl.EdgeCatch {
					todo = append(todo, e.To)
				}
			}
		}
	}
	return aside
}

// rowsOf puts every state below all that lead to it, failures and ways back not counted.
func rowsOf(g asl.Graph, aside map[string]bool) map[string]int {
	rows, onTheWay := map[string]int{}, map[string]bool{}
	var place func(name string, row int)
	place = func(name string, row int) {
		n, ok := g.Find(name)
		if !ok || onTheWay[name] || rows[name] > row {
			return
		}
		rows[name], onTheWay[name] = row, true
		for _, e := range n.Edges {
			if e.Kind != asl.EdgeCatch {
				place(e.To, row+1)
			}
		}
		onTheWay[name] = false
	}
	place(g.States[0].Name, 0)
	for _, n := range g.States {
		if _, ok := rows[n.Name]; !ok && aside[n.Name] {
			rows[n.Name] = -1
		}
	}
	return rows
}

// catches reports whether the only ways between the two are failures.
func (c *chart) catches(from, to string) bool {
	i := slices.IndexFunc(c.lines, func(l line) bool { return l.From == from && l.To == to })
	return i >= 0 && c.lines[i].Kind == asl.EdgeCatch
}
