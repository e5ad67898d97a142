package localpage

import (
	"fmt"
	"slices"
	"strings"

	"github.com/videovector/exports/internal/asl"
)

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
