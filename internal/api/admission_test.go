package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/api"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/sqlitestore"
)

// newLimitedWorld is a world whose accounts have the limits.
func newLimitedWorld(t *testing.T, l admission.Limits) *world {
	t.Helper()
	w := newWorld(t)
	w.limit(l, w.store)
	return w
}

// ask sends a request with a key and gives status and body.
func (w *world) ask(method, path, key string, headers ...string) (status int, reply string, header http.Header) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, "https://api.example.com/api/v2/exports"+path, http.NoBody)
	w.must(err)
	r.Header.Set("X-API-Key", keys[key])
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res := w.send(r, nil)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	w.must(err)
	return res.StatusCode, string(raw), res.Header
}

// mustAsk is ask of what must be answered so.
func (w *world) mustAsk(want int, method, path, key string, headers ...string) string {
	w.t.Helper()
	status, reply, _ := w.ask(method, path, key, headers...)
	if status != want {
		w.t.Fatalf("%s %s: %d %s, want %d", method, path, status, reply, want)
	}
	return reply
}

func (w *world) create(headers ...string) string {
	w.t.Helper()
	return w.mustAsk(202, "POST", "/index/idx", "write", headers...)
}

// throttled asks for what must be refused for now, and holds the refusal's code and its wait.
func (w *world) throttled(method, path, wantCode string, atMost int, headers ...string) {
	w.t.Helper()
	status, reply, header := w.ask(method, path, "admin", headers...)
	wait, err := strconv.Atoi(header.Get("Retry-After"))
	if status != 429 || code(w.t, reply) != wantCode || err != nil || wait < 1 || wait > atMost {
		w.t.Errorf("%s %s: %d %s, again after %q; want 429 %s after %d s at most", method, path, status, reply, header.Get("Retry-After"), wantCode, atMost)
	}
}

func (w *world) admission() admission.Account {
	w.t.Helper()
	a, err := w.store.Admission(w.t.Context(), "acct")
	w.must(err)
	return a
}

// places holds who has a slot and who waits, in order.
func (w *world) places(running, waiting string) {
	w.t.Helper()
	a := w.admission()
	if got := strings.Join(a.Running, " "); got != running {
		w.t.Errorf("%q have slots, want %q", got, running)
	}
	if got := strings.Join(a.Waiting, " "); got != waiting {
		w.t.Errorf("%q wait, want %q", got, waiting)
	}
}

// TestExportsAtOnce: beyond the limit exports are accepted like any other, and wait: nobody starts them, and the sweeper
// doesn't see them.
func TestExportsAtOnce(t *testing.T) {
	w := newLimitedWorld(t, admission.Limits{AtOnce: 1})
	first, second := w.create(), w.create()
	if second != strings.ReplaceAll(first, "exp_1", "exp_2") {
		t.Errorf("one is answered with %s, one that waits with %s", first, second)
	}
	w.places("exp_1", "exp_2")
	if !slices.Equal(w.started, []string{"acct/exp_1-g1"}) {
		t.Errorf("started were %v", w.started)
	}
	due, err := w.store.DueExports(t.Context(), w.now.Add(1000*time.Hour), 10)
	if w.must(err); len(due) != 1 || due[0].ExportID != "exp_1" {
		t.Errorf("due are %v", due)
	}
	var shown struct {
		Status, QueueStatus string
		Progress            struct{ Phase string }
	}
	reply := strings.ReplaceAll(w.mustAsk(200, "GET", "/exp_2", "read"), "queue_status", "QueueStatus")
	w.must(json.Unmarshal([]byte(reply), &shown))
	if shown.Status != "pending" || shown.QueueStatus != "queued" || shown.Progress.Phase != "waiting" {
		t.Errorf("one that waits is shown as %+v", shown)
	}
	w.mustAsk(202, "POST", "/index/idx", "other") // another account has slots of its own
	if len(w.started) != 2 {
		t.Errorf("started were %v", w.started)
	}
}

// TestExportsWaiting: beyond what may wait, creates are refused, and leave nothing behind.
func TestExportsWaiting(t *testing.T) {
	w := newLimitedWorld(t, admission.Limits{AtOnce: 1, Waiting: 2})
	for range 3 {
		w.create()
	}
	before := w.admission()
	for range 3 {
		w.throttled("POST", "/index/idx", admission.CodeQueue, 60, "Idempotency-Key", "late")
	}
	page, err := w.store.ListExports(t.Context(), "acct", store.ListQuery{Limit: 10})
	if w.must(err); len(page.Exports) != 3 || w.admission().Revision != before.Revision {
		t.Errorf("%d exports, the admission is %+v after %+v", len(page.Exports), w.admission(), before)
	}
	w.mustAsk(202, "POST", "/index/idx", "other")
	w.mustAsk(200, "POST", "/exp_2/cancel", "admin")
	w.create("Idempotency-Key", "late") // a refusal is not remembered
	w.places("exp_1", "exp_3 exp_8")
}

// TestCreatesPerMinute: beyond the limit creates are refused until the minute is over. What makes no export counts for
// nothing.
func TestCreatesPerMinute(t *testing.T) {
	w := newLimitedWorld(t, admission.Limits{PerMinute: 2})
	w.now = t0.Truncate(time.Minute).Add(15 * time.Second)
	w.mustAsk(404, "POST", "/index/unknown", "write")
	w.create("Idempotency-Key", "first")
	w.mustAsk(422, "POST", "/index/idx_empty", "write")
	w.create()
	if status, reply := w.post(`{"dry_run":true}`); status != 200 {
		t.Errorf("a dry run: %d %s", status, reply)
	}
	w.throttled("POST", "/index/idx", admission.CodeRate, 45)
	w.create("Idempotency-Key", "first")
	w.mustAsk(202, "POST", "/index/idx", "other")
	w.now = w.now.Add(44*time.Second + 999*time.Millisecond)
	w.throttled("POST", "/prompt-run/run_1", admission.CodeRate, 1)
	w.now = w.now.Add(time.Millisecond)
	w.create()
}

// TestARepeatedRequest is no create: it counts for nothing, and no limit refuses it.
func TestARepeatedRequest(t *testing.T) {
	w := newLimitedWorld(t, admission.Limits{AtOnce: 1, Waiting: 1, PerMinute: 2})
	first, second := w.create("Idempotency-Key", "a"), w.create("Idempotency-Key", "b")
	before := w.admission()
	for range 5 {
		if a, b := w.create("Idempotency-Key", "a"), w.create("Idempotency-Key", "b"); a != first || b != second {
			t.Errorf("repeated they are answered with %s and %s", a, b)
		}
	}
	if after := w.admission(); after.Revision != before.Revision {
		t.Errorf("the admission is %+v after %+v", after, before)
	}
	w.throttled("POST", "/index/idx", admission.CodeRate, 60)
}

// twin are records in which somebody else's request comes after the look for an earlier one, and before the admission is
// read.
type twin struct {
	*sqlitestore.Store
	come func()
	done chan struct{}
	once *sync.Once
}

func (t twin) Idempotency(ctx context.Context, key store.IdempotencyKey, now time.Time) (store.Idempotency, error) {
	rec, err := t.Store.Idempotency(ctx, key, now)
	t.once.Do(func() { t.come(); close(t.done) })
	return rec, err
}

func (t twin) Admission(ctx context.Context, account string) (admission.Account, error) {
	<-t.done
	return t.Store.Admission(ctx, account)
}

// TestATwinThatTookTheLastPlace: who is refused because of the very request that it sends is answered as a repetition, be it
// a create or a retry.
func TestATwinThatTookTheLastPlace(t *testing.T) {
	l := admission.Limits{AtOnce: 1, Waiting: 1, PerMinute: 3}
	for name, c := range map[string]struct {
		path, prepare string
		want          int
	}{
		"create": {"/index/idx", "", 202}, "retry": {"/exp_1/retry", "/exp_1/cancel", 200},
	} {
		t.Run(name, func(t *testing.T) {
			w := newLimitedWorld(t, l)
			w.create()
			if c.prepare != "" {
				w.create()
				w.mustAsk(200, "POST", c.prepare, "admin")
			}
			mine := func() { w.mustAsk(c.want, "POST", c.path, "admin", "Idempotency-Key", "twins") }
			w.limit(l, twin{w.store, func() {
				w.limit(l, w.store)
				mine()
				for n := range 3 { // until nothing is left
					_, _, _ = w.ask("POST", "/index/idx", "write", "Idempotency-Key", fmt.Sprint(n))
				}
			}, make(chan struct{}), new(sync.Once)})
			status, reply, header := w.ask("POST", c.path, "admin", "Idempotency-Key", "twins")
			if status != c.want || header.Get("Idempotency-Replayed") != "true" {
				t.Errorf("%d %s, replayed %q", status, reply, header.Get("Idempotency-Replayed"))
			}
		})
	}
}

// forgetful are records that can't be asked for an earlier request more than so many times.
type forgetful struct {
	*sqlitestore.Store
	looks *int
}

func (f forgetful) Idempotency(ctx context.Context, key store.IdempotencyKey, now time.Time) (store.Idempotency, error) {
	if *f.looks--; *f.looks < 0 {
		return store.Idempotency{}, store.Busy(errDown)
	}
	return f.Store.Idempotency(ctx, key, now)
}

// TestARefusalThatMayBeARepetition: who is over the limits, and may have been accepted already, is not told that it is the
// caller's fault.
func TestARefusalThatMayBeARepetition(t *testing.T) {
	l := admission.Limits{AtOnce: 1, Waiting: 1}
	w := newLimitedWorld(t, l)
	w.create()
	w.create()
	w.mustAsk(200, "POST", "/exp_2/cancel", "admin")
	w.create()
	for path, looks := range map[string]int{"/index/idx": 1, "/exp_2/retry": 0} { // before it is refused
		w.limit(l, forgetful{w.store, &looks})
		status, reply, header := w.ask("POST", path, "admin", "Idempotency-Key", "k")
		if status != 503 || header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %s, again after %q; want 503", path, status, reply, header.Get("Retry-After"))
		}
		w.throttled("POST", path, admission.CodeQueue, 60) // without a key it is none
	}
}

// TestRetryTakesAPlace: there is no way around the limits. A retry waits, and is refused, as a create is.
func TestRetryTakesAPlace(t *testing.T) {
	w := newLimitedWorld(t, admission.Limits{AtOnce: 1, Waiting: 1, PerMinute: 4})
	w.create()
	w.create()
	w.mustAsk(200, "POST", "/exp_2/cancel", "admin")
	w.places("exp_1", "")
	for range 2 { // the second finds it open since the first, and the first one's record
		if reply := w.mustAsk(200, "POST", "/exp_2/retry", "admin", "Idempotency-Key", "again"); !strings.Contains(reply, `"status":"pending"`) || !strings.Contains(reply, `"phase":"waiting"`) {
			t.Errorf("a retry that waits is answered with %s", reply)
		}
	}
	w.places("exp_1", "exp_2")
	w.mustAsk(200, "POST", "/exp_1/cancel", "admin") // it keeps its slot until its execution has ended
	w.places("exp_1", "exp_2")
	w.mustAsk(200, "POST", "/exp_1/retry", "admin")
	w.places("exp_1", "exp_2")
	if want := []string{"acct/exp_1-g1", "acct/exp_1-g3"}; !slices.Equal(w.started, want) {
		t.Errorf("started were %v, want %v", w.started, want)
	}

	w.mustAsk(200, "POST", "/exp_1/cancel", "admin")
	before, err := w.store.Export(t.Context(), "acct", "exp_1")
	w.must(err)
	w.throttled("POST", "/exp_1/retry", admission.CodeRate, 60, "Idempotency-Key", "refused")
	w.now = w.now.Add(time.Minute)
	a := w.admission()
	a.Running = []string{"exp_other"} // somebody else has got the slot
	_, err = w.store.SaveAdmission(t.Context(), a)
	w.must(err)
	w.throttled("POST", "/exp_1/retry", admission.CodeQueue, 60)
	if after, err := w.store.Export(t.Context(), "acct", "exp_1"); err != nil || after.Revision != before.Revision {
		t.Errorf("a refused retry left %+v, %v", after, err)
	}
	w.mustAsk(200, "POST", "/exp_2/cancel", "admin")
	w.mustAsk(200, "POST", "/exp_1/retry", "admin", "Idempotency-Key", "refused")
	w.places("exp_other", "exp_1")
}

// TestWaitingExportsEnd: what waits is cancelled and deleted at once, and its place is free at once.
func TestWaitingExportsEnd(t *testing.T) {
	w := newLimitedWorld(t, admission.Limits{AtOnce: 1, Waiting: 2})
	w.create()
	w.create()
	w.create()
	if reply := w.mustAsk(200, "POST", "/exp_2/cancel", "admin"); !strings.Contains(reply, `"outcome":"cancelled"`) {
		t.Errorf("the cancelled one is %s", reply)
	}
	w.places("exp_1", "exp_3")
	w.mustAsk(200, "DELETE", "/exp_3", "admin")
	w.mustAsk(404, "GET", "/exp_3", "read")
	w.places("exp_1", "")
	if !slices.Equal(w.started, []string{"acct/exp_1-g1"}) {
		t.Errorf("started were %v", w.started)
	}
}

// crowded are records whose admission somebody else always writes first.
type crowded struct {
	*sqlitestore.Store
	tries *int
}

func (c crowded) CreateExport(context.Context, export.Export, *store.Idempotency, *admission.Account) (store.Idempotency, bool, error) {
	*c.tries++
	return store.Idempotency{}, false, store.ErrAdmissionMoved
}

// TestACrowd: who never comes first gives up soon, and is told to come again.
func TestACrowd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		tries := 0
		w.limit(admission.Limits{}, crowded{w.store, &tries})
		began := time.Now()
		w.throttled("POST", "/index/idx", "create_contended", 1)
		if took := time.Since(began); tries != 10 || took > 3*time.Second {
			t.Errorf("%d tries in %s", tries, took)
		}
	})
}

// TestManyAtOnce: requests of one account that come at the same moment take turns, and none is lost or refused.
func TestManyAtOnce(t *testing.T) {
	const many = 32
	w := newWorld(t)
	var mu sync.Mutex
	n := 0
	h := api.CreateExport(api.CreateConfig{
		Records: w.store, Starter: silent{}, Keys: w.keyring, Clock: func() time.Time { return t0 }, Log: w.download.Log,
		NewID: func(time.Time) string { mu.Lock(); defer mu.Unlock(); n++; return fmt.Sprint("exp_", n) },
	})
	replies := make([]string, many)
	var all sync.WaitGroup
	for n := range replies {
		all.Go(func() { replies[n] = serve(h, request(t, "POST", "/api/v2/exports/index/idx", "")) })
	}
	all.Wait()
	for _, r := range replies {
		if !strings.HasPrefix(r, "202 ") {
			t.Error(r)
		}
	}
	a := w.admission()
	if len(a.Running) != admission.DefaultAtOnce || len(a.Waiting) != many-admission.DefaultAtOnce || a.Accepted != many {
		t.Errorf("%d have slots, %d wait, %d were accepted", len(a.Running), len(a.Waiting), a.Accepted)
	}
}

// TestAutomationsTakePlaces: an automation's export waits as any other, and is refused with a failure that passes.
func TestAutomationsTakePlaces(t *testing.T) {
	w := newWorld(t)
	m := api.NewAutomatic(w.store, api.CreateConfig{Starter: w, Limits: admission.Limits{AtOnce: 1, Waiting: 1}, Clock: func() time.Time { return w.now }})
	fire := func(id string) error {
		a := export.NewAutomation("acct", "idx", w.now)
		a.Firing = &export.Firing{ExportID: id}
		return m.Export(t.Context(), a)
	}
	w.must(fire("exp_a"))
	w.must(fire("exp_b"))
	w.places("exp_a", "exp_b")
	if err := fire("exp_c"); !fault.Is(err, fault.Throttled) {
		t.Errorf("beyond the limits: %v", err)
	}
	w.must(fire("exp_a")) // again
	w.places("exp_a", "exp_b")
	if !slices.Equal(w.started, []string{"acct/exp_a-g1"}) {
		t.Errorf("started were %v", w.started)
	}
}
