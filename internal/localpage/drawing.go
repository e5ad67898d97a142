package localpage

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

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
