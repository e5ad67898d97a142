package automation_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/videovector/exports/internal/api"
	"github.com/videovector/exports/internal/automation"
	"github.com/videovector/exports/internal/export"
)

// quietly is the runner over the store without mishaps.
func (w *world) quietly() automation.Runner {
	c := w.runner.Config
	c.Records = w.memory
	c.Exporter = api.NewAutomatic(w.memory, api.CreateConfig{Starter: w, Clock: c.Clock, Log: c.Log})
	return automation.New(c)
}

// life is a random one: runs finish and are told of late, twice and out of order, users change things and, in every
// other life, pause and resume; the schedule calls or doesn't, and any call of the store fails before or after its effect.
type life struct {
	*world
	rand     *rand.Rand
	pauses   bool
	finished map[string]time.Time // runs that the catalogue has as finished, by when they did last
	ends     int                  // how often one did
	told     []string             // changes that are still to be told
}

func (l *life) play() {
	l.save(nil)
	l.spoil = func(string, int) (before, after error) {
		switch l.rand.IntN(12) {
		case 0:
			return errLost, nil
		case 1:
			return nil, errLost
		}
		return nil, nil
	}
	for range 150 {
		l.now = l.now.Add(time.Duration(l.rand.IntN(120_000)) * time.Millisecond)
		l.step()
		l.consistent()
	}
	l.settle()
}

func (l *life) step() {
	switch n := l.rand.IntN(13); {
	case n < 3:
		id := fmt.Sprintf("run_%d", l.rand.IntN(20))
		l.write(id, export.RunCompleted, 1+l.rand.Int64N(1e6))
		l.finished[id] = l.now
		l.ends++
		l.told = append(l.told, id, id)
	case n < 7:
		l.tell()
	case n == 7 && l.pauses:
		l.pause()
	case n == 8 && l.pauses:
		l.resume()
	case n == 9:
		l.save(func(s *export.AutomationSettings) {
			s.Debounce = []export.Debounce{"5m", "10m", "1h"}[l.rand.IntN(3)]
			s.ConnectorID = []string{"conn_1", "conn_2"}[l.rand.IntN(2)]
		})
	default:
		_, _ = l.runner.Fire(l.t.Context())
	}
}

// tell tells one change, any of those that are to come; it comes again if it fails.
func (l *life) tell() {
	if len(l.told) == 0 {
		return
	}
	n := l.rand.IntN(len(l.told))
	if l.runner.Heard(l.t.Context(), account, l.told[n], "") == nil {
		l.told = append(l.told[:n], l.told[n+1:]...)
	}
}

// consistent holds what is so at every moment: a window makes one export at most, and an end of a run opens one window at
// most.
func (l *life) consistent() {
	l.t.Helper()
	a, all := l.automation(), l.exports()
	if int64(len(all)) > a.Window || a.Window > int64(l.ends) {
		l.t.Fatalf("%d exports of %d windows, after %d ends of runs", len(all), a.Window, l.ends)
	}
	if a.OpenedAt.IsZero() != a.EndsAt.IsZero() || a.Firing != nil && a.Firing.Window > a.Window {
		l.t.Fatalf("%+v", a)
	}
}

// settle ends all mishaps and pauses, tells what is still to be told and lets time pass. Then nothing is due, nothing that
// was told is news, and, without a pause, every window has made its export and every run is in one that is younger than
// its end.
func (l *life) settle() {
	l.t.Helper()
	l.spoil = nil
	l.resume()
	for len(l.told) > 0 {
		l.tell()
	}
	l.pass(9 * time.Hour)
	before := len(l.exports())
	for id := range l.finished {
		l.hear(id)
	}
	l.pass(2 * time.Hour)
	all := l.made(before)
	a := l.automation()
	if !a.DueAt().IsZero() || len(all) > 0 && a.LastExportID != all[len(all)-1].ID && !l.pauses {
		l.t.Errorf("at rest: %+v", a)
	}
	if l.pauses {
		return
	}
	if int64(len(all)) != a.Window {
		l.t.Errorf("%d exports of %d windows", len(all), a.Window)
	}
	for id, at := range l.finished {
		if last := all[len(all)-1]; last.CreatedAt.Before(at) {
			l.t.Errorf("%s finished at %s, and the last export is of %s", id, at, last.CreatedAt)
		}
	}
}
