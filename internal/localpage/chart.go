package localpage

import (
	"fmt"
	"slices"
	"strings"
	"time"

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

// placeRows gives the states of the rows their places, with room for ways that pass a row by, and tells how wide it is.
func (c *chart) placeRows() (width int) {
	last := 0
	for _, b := range c.boxes {
		last = max(last, b.row)
	}
	for row := range last + 1 {
		width = max(width, c.inRow(row)*(boxWidth+columnGap))
	}
	for row := range last + 1 {
		n, i := c.inRow(row), 0
		next := func() int { i++; return margin + width*(2*i-1)/(2*n) }
		place := func(returns bool) {
			for k := range c.boxes {
				if b := &c.boxes[k]; !b.aside && b.row == row && c.returnedTo(b.Name) == returns {
					b.X, b.Y = next()-boxWidth/2, margin+row*(boxHeight+rowGap)
				}
			}
		}
		place(false)
		for k := range c.lines {
			if c.passes(c.lines[k], row) {
				c.lines[k].via = append(c.lines[k].via, next())
			}
		}
		place(true) // next to the rails
	}
	c.Height = 2*margin + (last+1)*(boxHeight+rowGap)
	return width
}

// inRow counts what needs a place in a row.
func (c *chart) inRow(row int) (n int) {
	for _, b := range c.boxes {
		if !b.aside && b.row == row {
			n++
		}
	}
	for _, l := range c.lines {
		if c.passes(l, row) {
			n++
		}
	}
	return n
}

// passes reports whether a way goes past the row.
func (c *chart) passes(l line, row int) bool {
	return !c.onRail(l) && c.find(l.From).row < row && row < c.find(l.To).row
}

// onRail reports whether a way goes along a rail: failures do, and what leads back.
func (c *chart) onRail(l line) bool {
	from, to := c.find(l.From), c.find(l.To)
	return l.Kind == asl.EdgeCatch || !from.aside && !to.aside && to.row <= from.row
}

// returnedTo reports whether a rail leads to a state that is not aside.
func (c *chart) returnedTo(name string) bool {
	return !c.find(name).aside && slices.ContainsFunc(c.lines, func(l line) bool { return l.To == name && c.onRail(l) })
}

func (c *chart) find(name string) *box {
	i := slices.IndexFunc(c.boxes, func(b box) bool { return b.Name == name })
	return &c.boxes[max(i, 0)] // every name of a loaded machine is a state's
}

// placeAside gives each state that is reached by a rail its rail, and those aside their places, at the bottom.
func (c *chart) placeAside(width int) {
	x := margin + width + railGap/2
	for _, l := range c.lines {
		if _, ok := c.rails[l.To]; !ok && c.onRail(l) && !c.find(l.From).aside {
			c.rails[l.To] = x
			x += railGap
		}
	}
	var aside []*box
	for i := range c.boxes {
		if c.boxes[i].aside {
			aside = append(aside, &c.boxes[i])
		}
	}
	c.Width = x + margin
	if len(aside) == 0 {
		return
	}
	x += railGap
	c.Height = max(c.Height, 2*margin+len(aside)*(boxHeight+rowGap))
	for i, b := range aside {
		b.X, b.Y = x, c.Height-margin-(len(aside)-i)*(boxHeight+rowGap)
	}
	c.Width = x + boxWidth + margin
}

// path draws a line with its tip.
func (c *chart) path(l line) string {
	from, to := c.find(l.From), c.find(l.To)
	x0, y0, x1, y1 := from.X+boxWidth/2, from.Y+boxHeight, to.X+boxWidth/2, to.Y
	rail, ok := c.rails[l.To]
	if !c.onRail(l) || !ok || from.aside {
		return bend(x0, y0, l.via, x1, y1)
	}
	k := 0
	for _, x := range c.rails {
		if x < rail {
			k++
		}
	}
	x0, y0 = from.X+boxWidth-16-9*k, from.Y+boxHeight
	y1 = to.Y + boxHeight/2
	side, tip := to.X, to.X-6 // at its left
	if !to.aside {
		side, tip = to.X+boxWidth, to.X+boxWidth+6
	}
	return fmt.Sprintf("M%d %d V%d H%d V%d H%d M%d %d L%d %d L%d %d", x0, y0, y0+7+5*k, rail, y1, side, tip, y1-4, side, y1, tip, y1+4)
}

// bend goes down in curves, straight past the rows between, to a tip.
func bend(x, y int, via []int, x1, y1 int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "M%d %d", x, y)
	curve := func(toX, toY int) {
		fmt.Fprintf(&b, " C%d %d %d %d %d %d", x, (y+toY)/2, toX, (y+toY)/2, toX, toY)
		x, y = toX, toY
	}
	for _, v := range via {
		curve(v, y+rowGap)
		y += boxHeight
		fmt.Fprintf(&b, " V%d", y)
	}
	curve(x1, y1)
	fmt.Fprintf(&b, " M%d %d L%d %d L%d %d", x1-4, y1-6, x1, y1, x1+4, y1-6)
	return b.String()
}

// catches reports whether the only ways between the two are failures.
func (c *chart) catches(from, to string) bool {
	i := slices.IndexFunc(c.lines, func(l line) bool { return l.From == from && l.To == to })
	return i >= 0 && c.lines[i].Kind == asl.EdgeCatch
}

// drawing is a chart with an execution's way on it.
type drawing struct {
	Width, Height int
	Boxes         []drawnBox
	Lines         []drawnLine // those that were taken last, so that they lie above
	Says          string      // all of it in a sentence
}

type drawnBox struct {
	box
	Class        string
	MidX         int
	NameY, NoteY int
	Note         string
}

type drawnLine struct {
	line
	Class string
}

// draw marks what an execution came by.
func (c *chart) draw(j journey) drawing {
	d := drawing{Width: c.Width, Height: c.Height}
	var names []string
	taken := map[[2]string]bool{}
	for i, s := range j.Steps {
		names = append(names, s.State)
		if i > 0 {
			taken[[2]string{j.Steps[i-1].State, s.State}] = true
		}
	}
	d.Says = "The way of this execution: " + strings.Join(names, ", ") + "."
	for _, b := range c.boxes {
		d.Boxes = append(d.Boxes, b.mark(j))
	}
	for _, l := range c.lines {
		class := string(l.Kind)
		if taken[[2]string{l.From, l.To}] {
			class += " taken"
		}
		d.Lines = append(d.Lines, drawnLine{l, class})
	}
	slices.SortStableFunc(d.Lines, func(a, b drawnLine) int { return strings.Count(a.Class, "taken") - strings.Count(b.Class, "taken") })
	return d
}

// mark is a state with what the execution did there.
func (b box) mark(j journey) drawnBox {
	m := drawnBox{box: b, Class: "state", MidX: b.X + boxWidth/2, NameY: b.Y + boxHeight/2 + 5, NoteY: b.Y + boxHeight - 7}
	var times, again int
	var total time.Duration
	for _, s := range j.Steps {
		if s.State != b.Name {
			continue
		}
		times, again, total = times+1, again+s.Retries, total+s.Took
		switch {
		case s.Running && j.Running:
			m.Class = "state active"
		case s.caught || b.aside && b.Type == "Fail":
			m.Class = "state failed"
		default:
			m.Class = "state done"
		}
	}
	if times == 0 {
		return m
	}
	m.NameY = b.Y + boxHeight/2 - 2
	m.Note = took(total)
	if times > 1 {
		m.Note = fmt.Sprintf("%d × · %s", times, m.Note)
	}
	if again > 0 {
		m.Note += " · " + retries(again)
	}
	return m
}
