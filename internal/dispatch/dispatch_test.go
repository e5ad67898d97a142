package dispatch

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/storetest/memstore"
)

const account = "acct_1"

var t0 = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// world is an account whose exports take their places as create-export lets them.
type world struct {
	*memstore.Store
	t       *testing.T
	limits  admission.Limits
	now     time.Time
	mu      sync.Mutex
	calls   []string
	before  map[string]func()       // what somebody else does before the next call of that name
	fails   map[string]*fault.Error // and how it fails
	started []string
}

func newWorld(t *testing.T, atOnce int) *world {
	return &world{Store: memstore.New(), t: t, limits: admission.Limits{AtOnce: atOnce}, now: t0, before: map[string]func(){}, fails: map[string]*fault.Error{}}
}

// meet notes a call, lets somebody else come before it, and gives its failure.
func (w *world) meet(call string) error {
	w.mu.Lock()
	come, fails := w.before[call], w.fails[call]
	w.calls = append(w.calls, call)
	delete(w.before, call)
	delete(w.fails, call)
	w.mu.Unlock()
	if come != nil {
		come()
	}
	if fails != nil {
		return fails
	}
	return nil
}

func (w *world) Admission(ctx context.Context, account string) (admission.Account, error) {
	if err := w.meet("Admission"); err != nil {
		return admission.Account{}, err
	}
	return w.Store.Admission(ctx, account)
}

func (w *world) SaveAdmission(ctx context.Context, next admission.Account) (admission.Account, error) {
	if err := w.meet("SaveAdmission"); err != nil {
		return admission.Account{}, err
	}
	return w.Store.SaveAdmission(ctx, next)
}

// Export reads first and meets others then.
func (w *world) Export(ctx context.Context, account, id string) (export.Export, error) {
	e, err := w.Store.Export(ctx, account, id)
	if failed := w.meet("Export " + id); failed != nil {
		return export.Export{}, failed
	}
	return e, err
}

func (w *world) SaveExport(ctx context.Context, next export.Export, fence export.Fence) (export.Export, error) {
	if err := w.meet("SaveExport " + next.ID); err != nil {
		return export.Export{}, err
	}
	return w.Store.SaveExport(ctx, next, fence)
}

// Start implements Starter.
func (w *world) Start(_ context.Context, _, id string, generation int) error {
	if err := w.meet("Start " + id); err != nil {
		return err
	}
	w.started = append(w.started, fmt.Sprintf("%s-%d", id, generation))
	return nil
}

func (w *world) dispatcher() Dispatcher {
	return Dispatcher{Records: w, Starter: w, Limits: w.limits, Clock: func() time.Time { return w.now }, Log: slog.New(slog.DiscardHandler)}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// come lets new exports take their places.
func (w *world) come(ids ...string) {
	w.t.Helper()
	for _, id := range ids {
		e := export.New(id, account, "user", export.Request{Type: export.TypeIndex, TargetID: "idx"}, w.now)
		w.place(e, func(e export.Export, place admission.Account) error {
			_, _, err := w.CreateExport(w.t.Context(), e, nil, &place)
			return err
		})
	}
}

// retry lets an export that has ended take its place again.
func (w *world) retry(id string) {
	w.t.Helper()
	e := w.export(id)
	w.place(e.Retry(w.now), func(next export.Export, place admission.Account) error {
		_, _, _, err := w.SaveExportOnce(w.t.Context(), next, e.FenceIn(e.Status), nil, &place)
		return err
	})
}

func (w *world) place(e export.Export, write func(export.Export, admission.Account) error) {
	w.t.Helper()
	a, err := w.Store.Admission(w.t.Context(), account)
	w.must(err)
	place, waits, err := a.Place(e.ID, w.limits, w.now)
	w.must(err)
	if waits {
		e = e.AwaitSlot()
	}
	w.must(write(e, place))
}

func (w *world) export(id string) export.Export {
	w.t.Helper()
	e, err := w.Store.Export(w.t.Context(), account, id)
	w.must(err)
	return e
}

// end cancels exports.
func (w *world) end(ids ...string) {
	w.t.Helper()
	for _, id := range ids {
		e := w.export(id)
		_, err := w.Store.SaveExport(w.t.Context(), e.Cancel(w.now), e.Fence())
		w.must(err)
	}
}

// want holds who has a slot, who waits and who was started, in this order, and whether the sweeper is to come.
func (w *world) want(running, waiting, started string, due bool) {
	w.t.Helper()
	a, err := w.Store.Admission(w.t.Context(), account)
	w.must(err)
	if got := strings.Join(a.Running, " "); got != running {
		w.t.Errorf("%q have slots, want %q", got, running)
	}
	if got := strings.Join(a.Waiting, " "); got != waiting {
		w.t.Errorf("%q wait, want %q", got, waiting)
	}
	if got := strings.Join(w.started, " "); got != started {
		w.t.Errorf("started were %q, want %q", got, started)
	}
	if a.DueAt.IsZero() == due {
		w.t.Errorf("due at %s, want %t", a.DueAt, due)
	}
}

// reconcile wants so many to be let in, and so many to wait still since the time.
func (w *world) reconcile(admitted, waiting int, since time.Time) {
	w.t.Helper()
	out, err := w.dispatcher().Reconcile(w.t.Context(), account)
	if want := (Outcome{admitted, store.Open{Count: waiting, Oldest: since}}); err != nil || out != want {
		w.t.Errorf("%+v, %v; want %+v", out, err, want)
	}
}

// TestTurns: whoever has ended leaves, and those who waited longest begin, at once and due for the sweeper.
func TestTurns(t *testing.T) {
	w := newWorld(t, 2)
	w.come("a", "b", "c", "d", "e")
	w.reconcile(0, 3, t0)
	w.want("a b", "c d e", "", true)
	w.end("a", "c")
	w.now = t0.Add(time.Hour)
	n, err := w.dispatcher().Ended(t.Context(), account, "a")
	if n != 1 || err != nil {
		t.Errorf("%d were let in, %v", n, err)
	}
	w.want("b d", "e", "d-1", true) // c had ended while it waited
	if d := w.export("d"); d.AwaitsSlot() || !d.DueAt.Equal(w.now.Add(export.StartGrace)) || !d.AvailableAt.Equal(w.now) {
		t.Errorf("d is due at %s, available at %s, in phase %s", d.DueAt, d.AvailableAt, d.Progress.Phase)
	}
	w.end("b", "d")
	w.reconcile(1, 0, time.Time{})
	w.want("e", "", "d-1 e-1", true)
	w.come("f", "g")
	w.reconcile(0, 1, w.now)
	w.want("e f", "g", "d-1 e-1", true)
	w.end("g")
	w.reconcile(0, 0, time.Time{})
	w.want("e f", "", "d-1 e-1", false)
}

// TestNothingToDo: the end of an export that has no place, or of an attempt that another one follows, writes nothing.
func TestNothingToDo(t *testing.T) {
	w := newWorld(t, 1)
	w.come("a", "b")
	for _, id := range []string{"a", "nobody"} {
		if n, err := w.dispatcher().Ended(t.Context(), account, id); n != 0 || err != nil {
			t.Errorf("%d were let in, %v", n, err)
		}
	}
	if slices.Contains(w.calls, "SaveAdmission") {
		t.Errorf("the calls were %v", w.calls)
	}
}

// TestEveryCallFails: whichever call fails, or has its effect and no reply, the next look makes up for it, and nobody is let
// in twice, out of turn or not at all.
func TestEveryCallFails(t *testing.T) {
	scene := func(t *testing.T) *world {
		w := newWorld(t, 1)
		w.come("a", "b", "c")
		w.end("a")
		return w
	}
	plain := scene(t)
	plain.reconcile(1, 1, t0)
	for _, call := range plain.calls {
		t.Run(call, func(t *testing.T) {
			w := scene(t)
			w.fails[call] = store.Busy(nil)
			_, _ = w.dispatcher().Reconcile(t.Context(), account) // what it makes of the failure the next one shows
			_, err := w.dispatcher().Reconcile(t.Context(), account)
			w.must(err)
			started := "b-1"
			if call == "Start b" { // the sweeper starts what is due
				started = ""
			}
			w.want("b", "c", started, true)
			if b := w.export("b"); b.AwaitsSlot() || b.DueAt.IsZero() {
				t.Errorf("b is due at %s, in phase %s", b.DueAt, b.Progress.Phase)
			}
		})
	}
}

// TestARecordThatCantBeRead keeps its place, and the account due.
func TestARecordThatCantBeRead(t *testing.T) {
	w := newWorld(t, 2)
	w.come("a")
	d := w.dispatcher()
	d.Records = unreadable{w}
	if out, err := d.Reconcile(t.Context(), account); out != (Outcome{}) || err != nil {
		t.Errorf("%+v, %v", out, err)
	}
	w.want("a", "", "", true)
}

// TestAnEndThatCantBeRead: whoever ends while its record can't be read keeps its slot until the next look, which the account is
// due for as soon as anybody waits: nobody waits for longer than until then.
func TestAnEndThatCantBeRead(t *testing.T) {
	for name, c := range map[string][2][]string{"one waits": {{"a", "b"}, nil}, "one comes later": {{"a"}, {"b"}}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1)
			w.come(c[0]...)
			w.end("a")
			w.fails["Export a"] = store.Busy(nil)
			if n, err := w.dispatcher().Ended(t.Context(), account, "a"); n != 0 || err != nil {
				t.Errorf("%d were let in, %v", n, err)
			}
			w.come(c[1]...)
			w.want("a", "b", "", true)
			w.reconcile(1, 0, time.Time{})
			w.want("b", "", "b-1", true)
		})
	}
}

// unreadable are records whose exports can't be read.
type unreadable struct{ *world }

func (unreadable) Export(context.Context, string, string) (export.Export, error) {
	return export.Export{}, store.Busy(nil)
}

// TestARetryInBetween: an export that was over when it was looked at, and is retried before the look is written down, keeps
// its place.
func TestARetryInBetween(t *testing.T) {
	for name, look := range map[string]func(Dispatcher) (int, error){
		"reconcile": func(d Dispatcher) (int, error) {
			out, err := d.Reconcile(t.Context(), account)
			return out.Admitted, err
		},
		"ended": func(d Dispatcher) (int, error) { return d.Ended(t.Context(), account, "a") },
	} {
		for _, before := range []string{"Admission", "Export a", "SaveAdmission"} {
			t.Run(name+", at "+before, func(t *testing.T) {
				w := newWorld(t, 1)
				w.come("a", "b")
				w.end("a")
				w.before[before] = func() { w.retry("a") }
				if n, err := look(w.dispatcher()); n != 0 || err != nil {
					t.Errorf("%d were let in, %v", n, err)
				}
				w.want("a", "b", "", true)
			})
		}
	}
}

// TestACrowd: an account that is never at rest is left for the next look.
func TestACrowd(t *testing.T) {
	w := newWorld(t, 1)
	w.come("a", "b")
	w.end("a")
	n := 0
	var crowd func()
	crowd = func() {
		n++
		w.come(fmt.Sprint("x", n))
		w.before["SaveAdmission"] = crowd
	}
	w.before["SaveAdmission"] = crowd
	if _, err := w.dispatcher().Reconcile(t.Context(), account); !fault.Is(err, fault.Unavailable) || n != rounds {
		t.Errorf("after %d rounds: %v", n, err)
	}
}
