package export

import (
	"fmt"
	"time"
)

// Debounce is how long an automation gathers runs before it exports them, as requests spell it.
type Debounce string

// DefaultDebounce is what a request that names none gets.
const DefaultDebounce Debounce = "5m"

var debounces = map[Debounce]time.Duration{"5m": 5 * time.Minute, "10m": 10 * time.Minute, "1h": time.Hour, "1d": 24 * time.Hour}

// Known reports whether d is one that requests may name.
func (d Debounce) Known() bool { return debounces[d] > 0 }

// Duration is d as time, 0 for one that isn't known.
func (d Debounce) Duration() time.Duration { return debounces[d] }

// Automation is the rule that an index is exported to a connector when runs of it finish, with what became of it so far.
// An account has one of an index at most.
//
// The first run that finishes opens a window; what finishes before its end is in the same export. The window's end has
// two steps, each one write of the record under its revision: Close takes the window out of the way, so that a run which
// is noted from then on opens the next one, and says which export is to be made; once that is made, Fired clears it
// away. Whatever is noted before Close is in the catalogue before the export is created, so no run falls between two
// windows, whatever the clocks of those involved say.
type Automation struct {
	AccountID string
	IndexID   string
	UserID    string // who saved it last; its exports are theirs
	Enabled   bool
	Paused    bool
	// ConnectorID and Subpath are where exports go. The subpath is clean, "" for none.
	ConnectorID string
	Subpath     string
	Debounce    Debounce

	CreatedAt time.Time
	UpdatedAt time.Time // of the latest change by a user
	Revision  int64     // grows with every write

	Window   int64     // the number of the latest window, 0 before the first
	OpenedAt time.Time // of the window that gathers runs; zero without one
	EndsAt   time.Time // of the same
	Firing   *Firing   // the window that has ended and whose export is being made; nil without one

	LastTriggeredAt time.Time // when a run was noted last
	LastExportID    string    // the latest export that it made
	LastError       string    // why the latest window made none, in words for its owner; "" once one did
}

// Firing is a window that has ended. Its export has its id before it is made, and so is made once.
type Firing struct {
	Window   int64
	ExportID string
	Tries    int       // that failed
	Waits    int       // for a place of its account's
	NextAt   time.Time // when the next one is due
}

// AutomationSettings is what a user decides.
type AutomationSettings struct {
	Enabled     bool
	Paused      bool
	ConnectorID string
	Subpath     string
	Debounce    Debounce
}

// MaxFiringTries is how often an export of a window is tried, with waits that double from one minute up to an hour:
// some seven hours.
const MaxFiringTries = 12

// NewAutomation is one that was never saved.
func NewAutomation(account, index string, now time.Time) Automation {
	return Automation{AccountID: account, IndexID: index, CreatedAt: Stamp(now)}
}

// Active reports whether finished runs are exported.
func (a Automation) Active() bool { return a.Enabled && !a.Paused }

// Settings is what the user has decided.
func (a Automation) Settings() AutomationSettings {
	return AutomationSettings{a.Enabled, a.Paused, a.ConnectorID, a.Subpath, a.Debounce}
}

// Changed is the automation with other settings, which hold from now on. A window that gathers runs goes on: it ends
// where the interval now says, and its export goes where the destination now is. A window that has ended while the
// automation was not active makes no export, however soon it is active again. length is how long windows are under the
// new settings.
func (a Automation) Changed(s AutomationSettings, length time.Duration, now time.Time) Automation {
	now = Stamp(now)
	if !a.Active() && a.ended(now) {
		a = a.dropped()
	}
	if s.Debounce != a.Debounce && !a.OpenedAt.IsZero() {
		a.EndsAt = a.OpenedAt.Add(length)
	}
	a.Enabled, a.Paused, a.ConnectorID, a.Subpath, a.Debounce = s.Enabled, s.Paused, s.ConnectorID, s.Subpath, s.Debounce
	a.UpdatedAt = now
	return a
}

// Noted is the automation after it has heard of a run that finished. While it is not active, nothing follows.
func (a Automation) Noted(length time.Duration, now time.Time) Automation {
	if !a.Active() {
		return a
	}
	now = Stamp(now)
	a.LastTriggeredAt = now
	if a.OpenedAt.IsZero() {
		a.Window++
		a.OpenedAt, a.EndsAt = now, now.Add(length)
	}
	return a
}

// DueAt is when somebody has to look at the automation, zero for never: the end of its window, or the next try at the
// export of one that has ended. The window after that waits for it.
func (a Automation) DueAt() time.Time {
	if a.Firing != nil {
		return a.Firing.NextAt
	}
	return a.EndsAt
}

// Due reports whether DueAt has come.
func (a Automation) Due(now time.Time) bool { return !a.DueAt().IsZero() && !a.DueAt().After(now) }

func (a Automation) ended(now time.Time) bool { return !a.EndsAt.IsZero() && !a.EndsAt.After(now) }

// dropped is the automation without the window that gathers runs.
func (a Automation) dropped() Automation {
	a.OpenedAt, a.EndsAt = time.Time{}, time.Time{}
	return a
}

// Close ends the window that gathers runs. If the automation is active, the export of the id is to be made next; else
// nothing is.
func (a Automation) Close(exportID string, now time.Time) Automation {
	if a.Active() {
		a.Firing = &Firing{Window: a.Window, ExportID: exportID, NextAt: Stamp(now)}
	}
	return a.dropped()
}

// Fired is the automation once the export of its ended window is made.
func (a Automation) Fired() Automation {
	a.LastExportID, a.LastError, a.Firing = a.Firing.ExportID, "", nil
	return a
}

// Unfired is the automation after it was paused or disabled before the export of its ended window was made: none is.
func (a Automation) Unfired() Automation {
	a.Firing = nil
	return a
}

// Refused is the automation after the export of its ended window could not be made. Unless the reason is permanent it is
// tried again, MaxFiringTries times in all; after that the window is given up. The next run opens the next one.
func (a Automation) Refused(f Failure, now time.Time) (next Automation, given bool) {
	a.LastError = f.Message
	firing := *a.Firing
	firing.Tries++
	if f.Permanent || firing.Tries >= MaxFiringTries {
		a.Firing = nil
		return a, true
	}
	firing.NextAt = Stamp(now).Add(min(time.Minute<<(firing.Tries-1), time.Hour))
	a.Firing = &firing
	return a, false
}

// Deferred is the automation after the export of its ended window found no place in its account, or a service under load: it
// comes again as often as that takes, after waits that double from a minute up to 16: who has hundreds of them keeps nobody
// else's waiting. No try is used up.
func (a Automation) Deferred(message string, now time.Time) Automation {
	a.LastError = message
	firing := *a.Firing
	firing.NextAt = Stamp(now).Add(time.Minute << min(firing.Waits, 4))
	firing.Waits++
	a.Firing = &firing
	return a
}

// Ending tells one end of a run from another: a run that is carried out again, or whose results are written anew, ends
// anew; a change of its names is none.
func (r Run) Ending() string {
	return fmt.Sprintf("%s %s %d %d %d", r.Status, r.ExecutedAt.UTC().Format(time.RFC3339Nano), r.Parts, r.Rows, r.Bytes)
}
