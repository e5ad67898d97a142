//go:build neighbours

package main

import (
	"flag"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/videovector/exports/internal/demo"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store/sqlitestore"
)

var (
	neighbourTurns = flag.Int("neighbours.turns", 8, "how often the two cases take turns")
	neighbourTime  = flag.Duration("neighbours.time", 25*time.Second, "how long each turn is; the other account begins with the clock's minute, as its limit does")
	neighbourPace  = flag.Duration("neighbours.pace", 500*time.Millisecond, "how often the measured account creates an export")
	neighbourFlags = flag.String("neighbours.flags", "", "flags of the service, with blanks between them")
	neighbourLimit = flag.Int("neighbours.limit", 120, "creates a minute that the other account is allowed; it sends ten times as many")
)

// TestNeighbours measures how one account slows another: one creates exports at a steady pace, alone, and while another one
// sends ten times as many as it may. The cases take turns, so that what else the machine does befalls both. It prints and
// judges nothing: on one machine the accounts share processors, which functions don't. `make neighbours` runs it.
func TestNeighbours(t *testing.T) {
	s := startService(t, strings.Fields(*neighbourFlags)...)
	s.giveOtherAccount("run_123")
	s.measureNeighbours(5*time.Second, false) // what is slow once
	var all [2]latencies
	for turn := range *neighbourTurns {
		var l [2]latencies
		for n, crowded := range []bool{false, true} {
			l[n] = s.measureNeighbours(*neighbourTime, crowded)
			t.Logf("turn %d, crowded %t: %s", turn+1, crowded, l[n])
			all[n].add(l[n])
		}
		t.Logf("turn %d, p99 crowded/alone: create %.2f, completed %.2f", turn+1, ratio(l[1].created, l[0].created, 0.99), ratio(l[1].completed, l[0].completed, 0.99))
	}
	t.Logf("alone:   %s", all[0])
	t.Logf("crowded: %s", all[1])
	for _, q := range []float64{0.5, 0.99} {
		t.Logf("p%.0f crowded/alone: create %.2f, completed %.2f", 100*q, ratio(all[1].created, all[0].created, q), ratio(all[1].completed, all[0].completed, q))
	}
}

// giveOtherAccount gives the other account an index with the run, whose results are the demo account's.
func (s *service) giveOtherAccount(run string) {
	s.t.Helper()
	records, err := sqlitestore.Open(s.t.Context(), filepath.Join(s.dir, "records.db"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = records.Close() }() // everything is written
	r, err := records.Run(s.t.Context(), demo.AccountID, run)
	if err != nil {
		s.t.Fatal(err)
	}
	parts, err := records.Parts(s.t.Context(), demo.AccountID, run)
	if err != nil {
		s.t.Fatal(err)
	}
	r.AccountID = demo.OtherID
	err = records.PutIndex(s.t.Context(), export.Index{ID: r.IndexID, AccountID: demo.OtherID, CreatedAt: time.Now()})
	if err == nil {
		err = records.PutRun(s.t.Context(), r, parts)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// latencies are of the measured account's exports, and how the other one's requests were answered.
type latencies struct {
	created, completed []time.Duration // from the request to the 202, and to completed_at
	accepted, refused  int
}

func (l *latencies) add(o latencies) {
	l.created, l.completed = append(l.created, o.created...), append(l.completed, o.completed...)
	l.accepted, l.refused = l.accepted+o.accepted, l.refused+o.refused
}

func (l latencies) String() string {
	ms := func(d time.Duration) int64 { return d.Milliseconds() }
	return fmt.Sprintf("%d exports; create p50 %d ms, p99 %d ms; completed p50 %d ms, p99 %d ms; the other account: %d accepted, %d refused", len(l.created),
		ms(quantile(l.created, 0.5)), ms(quantile(l.created, 0.99)), ms(quantile(l.completed, 0.5)), ms(quantile(l.completed, 0.99)), l.accepted, l.refused)
}

// quantile is the value that so many of them don't exceed.
func quantile(all []time.Duration, q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

func ratio(a, b []time.Duration, q float64) float64 {
	return float64(quantile(a, q)) / float64(max(quantile(b, q), 1))
}

// measureNeighbours measures for a while, from the beginning of a minute on if the other account is there as well.
func (s *service) measureNeighbours(span time.Duration, crowded bool) (l latencies) {
	if crowded {
		time.Sleep(time.Until(time.Now().Truncate(time.Minute).Add(time.Minute)))
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	if crowded {
		all.Go(func() {
			s.steadily(span, time.Minute/time.Duration(10**neighbourLimit), func() {
				r, err := s.tryCall("POST", "/exports/prompt-run/run_123", s.local.APIKeys.OtherAccount, "")
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil && r.status == http.StatusAccepted:
					l.accepted++
				case err == nil && r.status == http.StatusTooManyRequests && r.header.Get("Retry-After") != "":
					l.refused++
				default:
					s.t.Errorf("the other account is answered with %d %s, %v", r.status, r.body, err)
				}
			})
		})
	}
	all.Go(func() {
		s.steadily(span, *neighbourPace, func() {
			began := time.Now()
			id := s.create("/exports/prompt-run/run_123", "")
			created := time.Since(began)
			e := s.await(id, 5*time.Minute)
			ended, err := time.Parse(time.RFC3339Nano, fmt.Sprint(e["completed_at"]))
			mu.Lock()
			defer mu.Unlock()
			l.created, l.completed = append(l.created, created), append(l.completed, ended.Sub(began))
			if err != nil || e["status"] != "completed" {
				s.t.Errorf("%s is %v, %v", id, e["status"], err)
			}
		})
	})
	all.Wait()
	s.rest()
	return l
}

// rest waits until nothing of the other account is under way or waits.
func (s *service) rest() {
	for _, status := range []string{"pending", "processing"} {
		for string(s.call("GET", "/exports?limit=1&status="+status, s.local.APIKeys.OtherAccount, "").body) != "[]" {
			time.Sleep(100 * time.Millisecond)
		}
	}
}

// steadily calls f at a pace for a while, whether the calls before have ended or not, and waits for all of them.
func (s *service) steadily(span, pace time.Duration, f func()) {
	var calls sync.WaitGroup
	defer calls.Wait()
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for end := time.After(span); ; {
		select {
		case <-end:
			return
		case <-tick.C:
			calls.Go(f)
		}
	}
}
