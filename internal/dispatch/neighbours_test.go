package dispatch_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/api"
	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/dispatch"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/storetest/memstore"
)

// TestNeighbours: an account that sends ten times as many exports as it may doesn't slow another one. The create handler, the
// admission and the dispatcher are real; each call of the store takes five milliseconds, each export one to three seconds of
// one of the workers that all accounts share, of which there are half as many again as slots. The clock is the bubble's, so
// nothing but what the accounts do to each other makes a difference. Without limits it does.
func TestNeighbours(t *testing.T) {
	limits, none := admission.Limits{}.WithDefaults(), admission.Limits{AtOnce: 1e9, Waiting: 1e9, PerMinute: 1e9}
	const most = 1.2
	for name, c := range map[string]struct {
		limits admission.Limits
		slows  bool
	}{"limits": {limits, false}, "no limits": {none, true}} {
		t.Run(name, func(t *testing.T) {
			alone, crowded := playNeighbours(t, c.limits, 0), playNeighbours(t, c.limits, 10*admission.DefaultPerMinute)
			created, completed := ratio(crowded.created, alone.created), ratio(crowded.completed, alone.completed)
			t.Logf("p99 of creates: %s alone, %s crowded; to the end: %s alone, %s crowded; ratios %.2f and %.2f; the other account: %v",
				p99(alone.created), p99(crowded.created), p99(alone.completed), p99(crowded.completed), created, completed, crowded.answers)
			if slow := created > most || completed > most; slow != c.slows {
				t.Errorf("p99 crowded to alone is %.2f of creates and %.2f to the end, want more than %.1f: %t", created, completed, most, c.slows)
			}
		})
	}
}

const (
	workers  = admission.DefaultAtOnce * 3 / 2
	playTime = 3 * time.Minute
)

// street is two accounts on one service.
type street struct {
	*memstore.Store
	limits  admission.Limits
	create  http.Handler
	workers chan struct{}

	mu        sync.Mutex
	dice      map[string]*rand.Rand // by account, so that one's draws don't change the other's; "" for pauses
	ids       int
	began     map[string]time.Time
	created   []time.Duration // of the measured account, from the request to the 202
	completed []time.Duration // to the end
	answers   map[int]int     // to the other account, by status
	work      sync.WaitGroup
}

// playNeighbours lets one account create an export a second, and the other one so many a minute.
func playNeighbours(t *testing.T, l admission.Limits, perMinute int) (s *street) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ring, err := auth.NewKeyring(auth.Keys{Current: []byte(strings.Repeat("k", auth.MinKeyBytes))})
		if err != nil {
			t.Fatal(err)
		}
		s = &street{
			Store: memstore.New(), limits: l, workers: make(chan struct{}, workers), began: map[string]time.Time{}, answers: map[int]int{},
			dice: map[string]*rand.Rand{"": rand.New(rand.NewPCG(1, 1)), "steady": rand.New(rand.NewPCG(1, 2)), "eager": rand.New(rand.NewPCG(1, 3))},
		}
		for _, account := range []string{"steady", "eager"} {
			err := s.PutIndex(t.Context(), export.Index{ID: "idx", AccountID: account})
			if err == nil {
				err = s.PutRun(t.Context(), export.Run{ID: "run", AccountID: account, IndexID: "idx", Status: export.RunCompleted, Rows: 1}, nil)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		s.create = api.CreateExport(api.CreateConfig{
			Records: s, Starter: s, Limits: l, Keys: ring, Clock: time.Now, Jitter: func() float64 { return s.random("") }, NewID: s.newID, Log: slog.New(slog.DiscardHandler),
		})
		var all sync.WaitGroup
		all.Go(func() { s.send(t, "steady", time.Second) })
		if perMinute > 0 {
			all.Go(func() { s.send(t, "eager", time.Minute/time.Duration(perMinute)) })
		}
		all.Wait()
		s.work.Wait()
	})
	return s
}

func (s *street) random(of string) float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dice[of].Float64()
}

func (s *street) newID(time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids++
	return fmt.Sprintf("exp_%06d", s.ids)
}

// send creates exports at a pace, whether earlier requests have been answered or not.
func (s *street) send(t *testing.T, account string, pace time.Duration) {
	var all sync.WaitGroup
	for range playTime / pace {
		time.Sleep(pace)
		all.Go(func() { s.post(t, account) })
	}
	all.Wait()
}

func (s *street) post(t *testing.T, account string) {
	began := time.Now()
	r := httptest.NewRequestWithContext(auth.WithPrincipal(context.Background(), auth.Principal{AccountID: account, Scope: auth.ScopeWrite}), "POST", "/api/v2/exports/index/idx", nil)
	w := httptest.NewRecorder()
	s.create.ServeHTTP(w, r)
	var made struct {
		ExportID string `json:"export_id"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &made); err != nil {
		t.Error(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if account == "eager" {
		s.answers[w.Code]++
		return
	}
	if w.Code != http.StatusAccepted {
		t.Errorf("the steady account is answered with %d %s", w.Code, w.Body)
	}
	s.began[made.ExportID] = began
	s.created = append(s.created, time.Since(began))
}

// Start lets a worker carry the export out, once one is free.
func (s *street) Start(_ context.Context, account, id string, _ int) error {
	took := time.Second + time.Duration(s.random(account)*float64(2*time.Second))
	s.work.Go(func() {
		s.workers <- struct{}{}
		time.Sleep(took)
		<-s.workers
		ctx := context.Background()
		e, err := s.Export(ctx, account, id)
		if err == nil {
			_, err = s.SaveExport(ctx, e.Claim(time.Now()).Complete(time.Now()), e.Fence())
		}
		if err != nil {
			panic(err)
		}
		s.mu.Lock()
		if began, steady := s.began[id]; steady {
			s.completed = append(s.completed, time.Since(began))
		}
		s.mu.Unlock()
		d := dispatch.Dispatcher{Records: s, Starter: s, Limits: s.limits, Clock: time.Now, Log: slog.New(slog.DiscardHandler)}
		for { // whom it doesn't let in now the sweeper does a minute later
			if _, err := d.Ended(ctx, account, id); err == nil {
				return
			}
			time.Sleep(time.Minute)
		}
	})
	return nil
}

// reply is that of a call, which takes as long as the store.
func reply[T any](v T, err error) (T, error) {
	time.Sleep(5 * time.Millisecond)
	return v, err
}

func (s *street) CreateExport(ctx context.Context, e export.Export, idem *store.Idempotency, place *admission.Account) (store.Idempotency, bool, error) {
	time.Sleep(5 * time.Millisecond)
	return s.Store.CreateExport(ctx, e, idem, place)
}

func (s *street) Admission(ctx context.Context, account string) (admission.Account, error) {
	return reply(s.Store.Admission(ctx, account))
}

func (s *street) SaveAdmission(ctx context.Context, next admission.Account) (admission.Account, error) {
	return reply(s.Store.SaveAdmission(ctx, next))
}

func (s *street) Index(ctx context.Context, account, id string) (export.Index, error) {
	return reply(s.Store.Index(ctx, account, id))
}

func (s *street) RunsOfIndex(ctx context.Context, account, id string) ([]export.Run, error) {
	return reply(s.Store.RunsOfIndex(ctx, account, id))
}

// p99 is the time that 99 of a hundred don't exceed.
func p99(all []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)*99/100]
}

func ratio(a, b []time.Duration) float64 { return float64(p99(a)) / float64(p99(b)) }
