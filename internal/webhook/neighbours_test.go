package webhook

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/videovector/exports/internal/changes"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/metrics"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/storetest/memstore"
)

// TestNeighbours: an account whose receivers answer late, or never, holds nobody else's events up; one whose receivers answer
// just in time holds them up for that time. Both accounts are in one lane of the pipe, which hands on the next batch once the
// function has answered the last one, and they share the schedule. An export of each ends every second; every tenth of the
// measured account's first attempts fails. The clock is the bubble's, and calls that write take five milliseconds. A sender
// that forgets who was slow does hold others up.
func TestNeighbours(t *testing.T) {
	alone := playLane(t, &Holds{}, 0, "slow")
	for name, c := range map[string]struct {
		holds *Holds
		takes time.Duration
		of    string        // whose receiver it is
		adds  time.Duration // to p99, beyond a fifth of it
		slows bool
	}{
		"never":                     {&Holds{}, time.Hour, "slow", 0, false},
		"late":                      {&Holds{}, 9 * time.Second, "slow", 0, false},
		"just in time":              {&Holds{}, prompt, "slow", prompt, false},
		"another of its own, never": {&Holds{}, time.Hour, "steady", 0, false},
		"never, forgotten":          {nil, time.Hour, "slow", 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			crowded := playLane(t, c.holds, c.takes, c.of)
			t.Logf("p99 from the end to the first reply: %s alone, %s crowded; from there to the second: %s alone, %s crowded; the other receiver's attempts: %d",
				p99(alone.first), p99(crowded.first), p99(alone.again), p99(crowded.again), crowded.others.Load())
			slow := func(crowded, alone []time.Duration) bool { return p99(crowded) > p99(alone)*12/10+c.adds }
			if slows := slow(crowded.first, alone.first) || slow(crowded.again, alone.again); slows != c.slows {
				t.Errorf("slower by more than a fifth and %s: %t, want %t", c.adds, slows, c.slows)
			}
		})
	}
}

const laneTime = 25 * time.Minute

// lane is one of the pipe's, and what the measured account's receiver saw.
type lane struct {
	*memstore.Store
	function Function
	changes  chan changes.Item

	window int // if any, so many of what is due are seen, the slow account's first
	others atomic.Int64
	takes  time.Duration // by the receiver beside the measured one
	of     string        // its account

	mu    sync.Mutex
	ended map[string]time.Time // by event
	tried map[string]time.Time // first attempts that failed
	first []time.Duration
	again []time.Duration
}

// playLane lets the steady account's exports end every second, and if a receiver beside its own takes any time, those of the
// account that it is of.
func playLane(t *testing.T, holds *Holds, takes time.Duration, of string) (l *lane) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l = newLane(t, holds, takes, of)
		l.play(t)
	})
	return l
}

func newLane(t *testing.T, holds *Holds, takes time.Duration, of string) *lane {
	t.Helper()
	sealer, err := seal.NewKeyFile(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	l := &lane{Store: memstore.New(), changes: make(chan changes.Item, 1e5), takes: takes, of: of, ended: map[string]time.Time{}, tried: map[string]time.Time{}}
	log := slog.New(slog.DiscardHandler)
	l.function = Function{
		Publisher: Publisher{Records: l, Clock: time.Now, Object: func(export.Export, time.Time) ([]byte, error) { return []byte(`{}`), nil }},
		Sender: Sender{
			Records: l, Sealer: sealer, Client: &http.Client{Transport: l}, Metrics: metrics.New(log, "n", time.Now), Clock: time.Now, Log: log,
			Jitter: func() float64 { return 0.5 },
		},
		Holds: holds, Due: l, Clock: time.Now, Log: log,
	}
	for name, account := range map[string]string{"steady": "steady", "slow": of} {
		if name == "slow" && takes == 0 {
			continue
		}
		secret, err := seal.SealSecrets(t.Context(), sealer, seal.Context{AccountID: account, WebhookID: "wh_" + name}, seal.Secrets{SecretName: seal.NewSecret("secret")})
		if err == nil {
			_, _, err = l.CreateWebhook(t.Context(), store.Webhook{
				ID: "wh_" + name, AccountID: account, URL: "https://" + name + ".example", Events: Events, Status: Active, CreatedAt: time.Now(), Secret: secret,
			}, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func (l *lane) play(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { l.serve(ctx, t) })
	all.Go(func() {
		for minute := time.NewTicker(time.Minute); ; {
			select {
			case <-ctx.Done():
				return
			case <-minute.C:
				all.Go(func() { l.call(ctx, t, changes.Event{Scheduled: true}) })
			}
		}
	})
	dice := rand.New(rand.NewPCG(1, 1))
	for n := range int(laneTime / time.Second) {
		time.Sleep(time.Second)
		l.end(t, "steady", n)
		if l.takes > 0 && l.of == "slow" {
			later := time.Duration(dice.Float64() * float64(time.Second))
			all.Go(func() { time.Sleep(later); l.end(t, "slow", n) })
		}
	}
	time.Sleep(5 * time.Minute)
	cancel()
	all.Wait()
}

// end lets an export of the account end.
func (l *lane) end(t *testing.T, account string, n int) {
	id := fmt.Sprintf("exp_%s_%05d", account, n)
	e := export.New(id, account, "user", ofIndex, time.Now()).Claim(time.Now()).Complete(time.Now())
	if _, _, err := l.CreateExport(t.Context(), e, nil, nil); err != nil {
		t.Error(err)
	}
	l.mu.Lock()
	l.ended[EventID(id, e.Generation, e.EventMark)] = time.Now()
	l.mu.Unlock()
	l.changes <- changes.Item{ID: id, Kind: changes.KindExport, AccountID: account, ExportID: id, Generation: fmt.Sprint(e.Generation), Mark: e.EventMark}
}

// serve hands on what has come, ten at most at a time.
func (l *lane) serve(ctx context.Context, t *testing.T) {
	for {
		select {
		case <-ctx.Done():
			return
		case i := <-l.changes:
			batch := []changes.Item{i}
			for len(batch) < 10 && len(l.changes) > 0 {
				batch = append(batch, <-l.changes)
			}
			l.call(ctx, t, changes.Event{Batch: batch})
		}
	}
}

// call is one of the function, with the time that it has.
func (l *lane) call(ctx context.Context, t *testing.T, in changes.Event) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	if out, err := l.function.Handle(ctx, in); (err != nil || len(out.Failures) > 0) && ctx.Err() == nil {
		t.Errorf("%+v, %v", out, err)
	}
}

// RoundTrip is both receivers: the measured one answers in 50 ms.
func (l *lane) RoundTrip(r *http.Request) (*http.Response, error) {
	steady, takes := strings.HasPrefix(r.URL.Host, "steady"), l.takes
	if steady {
		takes = 50 * time.Millisecond
	} else {
		l.others.Add(1)
	}
	select {
	case <-time.After(takes):
	case <-r.Context().Done():
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	status := 200
	event := r.Header.Get("Idempotency-Key")
	at, again := l.tried[event]
	switch {
	case !steady:
	case again:
		l.again = append(l.again, time.Since(at))
	default:
		l.first = append(l.first, time.Since(l.ended[event]))
		if len(l.first)%10 == 0 {
			status, l.tried[event] = 503, time.Now()
		}
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader("")), Request: r}, nil
}

// SaveDelivery takes as long as the store.
func (l *lane) SaveDelivery(ctx context.Context, next store.Delivery, revision int64) (store.Delivery, error) {
	time.Sleep(5 * time.Millisecond)
	return l.Store.SaveDelivery(ctx, next, revision)
}

// DueDeliveries are the store's, or what a window shows of them without turns.
func (l *lane) DueDeliveries(ctx context.Context, now time.Time, limit int) ([]store.DeliveryRef, error) {
	if l.window == 0 {
		return l.Store.DueDeliveries(ctx, now, limit)
	}
	refs, err := l.Store.DueDeliveries(ctx, now, 1e6)
	slices.SortStableFunc(refs, func(a, b store.DeliveryRef) int { return strings.Compare(a.AccountID, b.AccountID) }) // slow, then steady
	return refs[:min(l.window, len(refs))], err
}

// CreateDelivery takes as long as the store.
func (l *lane) CreateDelivery(ctx context.Context, d store.Delivery) (bool, error) {
	time.Sleep(5 * time.Millisecond)
	return l.Store.CreateDelivery(ctx, d)
}

// p99 is the time that 99 of a hundred don't exceed.
func p99(all []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)*99/100]
}
