package kill

import (
	"context"
	"maps"
	"slices"

	"github.com/videovector/exports/internal/demo"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/webhook"
)

// end is one end of an export, as an event must tell of it.
type end struct{ mark, outcome, message, at string }

func endOf(e export.End) end {
	return end{e.Mark, string(e.Outcome), e.ErrorMessage, e.CompletedAt.Format("2006-01-02T15:04:05.000Z")}
}

// note keeps the ends that the export's record tells of, by the ids of their events: the record of a deleted one goes.
func (w *world) note(e export.Export) {
	if w.ends[e.ID] == nil {
		w.ends[e.ID] = map[string]end{}
	}
	for _, was := range e.Ended {
		w.ends[e.ID][webhook.EventID(e.ID, was.Generation, was.Mark)] = endOf(was)
	}
	if e.EventMark != "" {
		w.ends[e.ID][webhook.EventID(e.ID, e.Generation, e.EventMark)] = endOf(export.End{
			Mark: e.EventMark, Outcome: e.Outcome, ErrorMessage: e.ErrorMessage, CompletedAt: e.CompletedAt,
		})
	}
}

// told reports whether the webhook has been told of every end that was noted.
func (g *game) told(o *order) bool {
	came := g.receiver.about(o.id)
	for id := range g.ends[o.id] {
		if !slices.ContainsFunc(came, func(a arrival) bool { return a.event.ID == id }) {
			return false
		}
	}
	return len(g.ends[o.id]) > 0
}

// checkEnds: the export has ended as often as it must, and as it must, and of each end one event tells, however often it came.
func (g *game) checkEnds(o *order) {
	var marks []string
	told := map[string]bool{}
	for _, e := range g.ends[o.id] {
		marks = append(marks, e.mark)
	}
	for _, a := range g.receiver.about(o.id) {
		told[a.event.ID] = true
	}
	slices.Sort(marks)
	either := o.gone || o.want == ""
	if either && len(marks) != 1 || !either && !slices.Equal(marks, slices.Sorted(slices.Values(o.ends))) {
		g.violated("%s: it ended as %v, not as %v", o.id, marks, o.ends)
	}
	if got, want := slices.Sorted(maps.Keys(told)), slices.Sorted(maps.Keys(g.ends[o.id])); !slices.Equal(got, want) {
		g.violated("%s: its ends are %v, and these events tell: %v", o.id, want, got)
	}
}

// checkArrivals: whatever has come since the last time tells of an end, of this schedule's exports or of earlier ones, as that
// end was, and with the same bytes each time.
func (g *game) checkArrivals() {
	for _, a := range g.receiver.after(g.heard) {
		g.heard++
		about := a.event.Data
		if _, ok := g.ends[about.ExportID][a.event.ID]; !ok { // it may have ended since
			if e, err := g.records.AnyExport(context.Background(), demo.AccountID, about.ExportID); err == nil {
				g.note(e)
			}
		}
		want, ok := g.ends[about.ExportID][a.event.ID]
		if got := (end{a.event.Event, about.Outcome, about.ErrorMessage, about.CompletedAt}); !ok || got != want || a.key != a.event.ID {
			g.violated("%s: the event %s (%s) tells of the end %v, and there were %v", about.ExportID, a.event.ID, a.key, got, g.ends[about.ExportID])
		}
		if before, ok := g.bodies[a.event.ID]; ok && before != a.body {
			g.violated("%s: event %s came as %s and as %s", about.ExportID, a.event.ID, before, a.body)
		}
		g.bodies[a.event.ID] = a.body
	}
}
