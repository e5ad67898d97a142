package export

import (
	"testing"
	"time"
)

var (
	noon   = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	active = AutomationSettings{Enabled: true, ConnectorID: "conn_1", Debounce: "5m"}
)

func after(d time.Duration) time.Time { return noon.Add(d) }

// saved is an active automation, saved at noon.
func saved() Automation {
	return NewAutomation("acct", "idx", noon).Changed(active, 5*time.Minute, noon)
}

func changed(a Automation, at time.Time, change func(*AutomationSettings)) Automation {
	s := a.Settings()
	change(&s)
	return a.Changed(s, s.Debounce.Duration(), at)
}

func pause(a Automation, at time.Time) Automation {
	return changed(a, at, func(s *AutomationSettings) { s.Paused = true })
}

func resume(a Automation, at time.Time) Automation {
	return changed(a, at, func(s *AutomationSettings) { s.Paused = false })
}

func TestDebounces(t *testing.T) {
	for d, want := range map[Debounce]time.Duration{"5m": 5 * time.Minute, "10m": 10 * time.Minute, "1h": time.Hour, "1d": 24 * time.Hour} {
		if !d.Known() || d.Duration() != want {
			t.Errorf("%s is %s, known: %v", d, d.Duration(), d.Known())
		}
	}
	for _, d := range []Debounce{"", "5", "5M", "300s", "1m", "2h", " 5m"} {
		if d.Known() {
			t.Errorf("%q is known", d)
		}
	}
}

// TestWindow: the first run opens a window, the others join it, and its end is the first one's.
func TestWindow(t *testing.T) {
	a := saved()
	if !a.DueAt().IsZero() {
		t.Fatalf("due at %s before any run", a.DueAt())
	}
	a = a.Noted(5*time.Minute, after(time.Minute))
	a = a.Noted(5*time.Minute, after(4*time.Minute))
	if a.Window != 1 || !a.DueAt().Equal(after(6*time.Minute)) || !a.LastTriggeredAt.Equal(after(4*time.Minute)) {
		t.Errorf("%+v", a)
	}
	if a.Due(after(6*time.Minute - time.Millisecond)) {
		t.Error("due before its end")
	}
	closed := a.Close("exp_1", after(6*time.Minute))
	if closed.Firing == nil || closed.Firing.ExportID != "exp_1" || closed.Firing.Window != 1 || !closed.EndsAt.IsZero() || !closed.Due(after(6*time.Minute)) {
		t.Errorf("%+v", closed)
	}
	// A run between the end and the export opens the next window, which waits for the export.
	next := closed.Noted(5*time.Minute, after(6*time.Minute))
	if next.Window != 2 || next.Firing.Window != 1 || !next.DueAt().Equal(after(6*time.Minute)) {
		t.Errorf("%+v", next)
	}
	next = next.Fired()
	if next.LastExportID != "exp_1" || next.Firing != nil || !next.DueAt().Equal(after(11*time.Minute)) {
		t.Errorf("%+v", next)
	}
}

// TestInactive: what isn't active hears nothing, and a window that ends meanwhile makes no export.
func TestInactive(t *testing.T) {
	for name, stop := range map[string]func(*AutomationSettings){
		"paused":   func(s *AutomationSettings) { s.Paused = true },
		"disabled": func(s *AutomationSettings) { s.Enabled = false },
	} {
		again := func(s *AutomationSettings) { s.Paused, s.Enabled = false, true }
		opened := saved().Noted(5*time.Minute, noon)
		stopped := changed(opened, after(time.Minute), stop)
		if heard := changed(saved(), noon, stop).Noted(5*time.Minute, after(time.Minute)); !heard.DueAt().IsZero() || !heard.LastTriggeredAt.IsZero() {
			t.Errorf("%s: heard: %+v", name, heard)
		}
		if closed := stopped.Close("exp_1", after(5*time.Minute)); closed.Firing != nil || !closed.DueAt().IsZero() {
			t.Errorf("%s: at its end: %+v", name, closed)
		}
		if a := changed(stopped, after(4*time.Minute), again); !a.DueAt().Equal(after(5 * time.Minute)) {
			t.Errorf("%s: again before its end: due at %s", name, a.DueAt())
		}
		for _, at := range []time.Duration{5 * time.Minute, time.Hour} { // nobody had looked at it yet
			if a := changed(stopped, after(at), again); !a.DueAt().IsZero() {
				t.Errorf("%s: again %s later: due at %s", name, at, a.DueAt())
			}
		}
	}
}

// TestChangeInTheMiddle: an open window follows the settings.
func TestChangeInTheMiddle(t *testing.T) {
	a := saved().Noted(5*time.Minute, noon)
	longer := changed(a, after(time.Minute), func(s *AutomationSettings) { s.Debounce, s.ConnectorID, s.Subpath = "1h", "conn_2", "other" })
	if !longer.DueAt().Equal(after(time.Hour)) || longer.ConnectorID != "conn_2" || longer.Subpath != "other" || longer.Window != 1 {
		t.Errorf("%+v", longer)
	}
	shorter := changed(longer, after(30*time.Minute), func(s *AutomationSettings) { s.Debounce = "5m" })
	if !shorter.DueAt().Equal(after(5*time.Minute)) || !shorter.Due(after(30*time.Minute)) {
		t.Errorf("due at %s", shorter.DueAt())
	}
	if same := pause(a, after(time.Minute)); !same.EndsAt.Equal(a.EndsAt) {
		t.Errorf("a pause moved the end to %s", same.EndsAt)
	}
	if twice := resume(resume(a, after(time.Minute)), after(2*time.Minute)); !twice.EndsAt.Equal(a.EndsAt) || twice.Paused {
		t.Errorf("%+v", twice)
	}
}

// TestRefusedTries: what may pass is tried again, ever later, and given up in the end; what won't pass at once.
func TestRefusedTries(t *testing.T) {
	closed := saved().Noted(5*time.Minute, noon).Close("exp_1", noon)
	gone, given := closed.Refused(Failure{Message: "There is no such connector.", Permanent: true}, noon)
	if !given || gone.Firing != nil || gone.LastError != "There is no such connector." || !gone.DueAt().IsZero() {
		t.Errorf("%+v, given up: %v", gone, given)
	}
	now, a, tries := noon, closed, 0
	for given := false; !given; tries++ {
		a, given = a.Refused(Failure{Message: "Busy."}, now)
		if !given {
			if wait := a.DueAt().Sub(now); wait < time.Minute || wait > time.Hour {
				t.Errorf("try %d: a wait of %s", tries, wait)
			}
			now = a.DueAt()
		}
	}
	if tries != MaxFiringTries || a.LastError != "Busy." || a.Firing != nil || now.Sub(noon) > 10*time.Hour {
		t.Errorf("given up after %d tries and %s: %+v", tries, now.Sub(noon), a)
	}
	if closed.Firing.Tries != 0 {
		t.Error("the record that it came from was changed")
	}
	if fired := a.Noted(5*time.Minute, now).Close("exp_2", now).Fired(); fired.LastError != "" || fired.LastExportID != "exp_2" || fired.Window != 2 {
		t.Errorf("the window after it: %+v", fired)
	}
}

func TestEnding(t *testing.T) {
	run := Run{ID: "run", Status: RunCompleted, ExecutedAt: noon, Parts: 1, Rows: 2, Bytes: 3}
	same := run
	same.PromptName, same.ExecutedAt = "renamed", noon.In(time.FixedZone("", 3600))
	if run.Ending() != same.Ending() {
		t.Errorf("%q and %q differ", run.Ending(), same.Ending())
	}
	for _, change := range []func(*Run){
		func(r *Run) { r.Status = RunFailed }, func(r *Run) { r.ExecutedAt = after(time.Millisecond) },
		func(r *Run) { r.Parts++ }, func(r *Run) { r.Rows++ }, func(r *Run) { r.Bytes++ },
	} {
		other := run
		if change(&other); other.Ending() == run.Ending() {
			t.Errorf("%+v ends like %+v", other, run)
		}
	}
}
