package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

func mustSave(t *testing.T, s store.Store, next export.Export, fence export.Fence) export.Export {
	t.Helper()
	saved, err := s.SaveExport(t.Context(), next, fence)
	if err != nil {
		t.Fatalf("SaveExport(%s): %v", next.ID, err)
	}
	return saved
}

// testSave walks one export through its life; each write's fence comes from the answer of the one before.
func testSave(t *testing.T, s store.Store) {
	e := pending(account, 1)
	mustCreate(t, s, e)
	steps := []func(export.Export, time.Time) export.Export{
		export.Export.Claim,
		func(e export.Export, now time.Time) export.Export {
			return e.Enter(export.PhasePackaging, export.Lease, now)
		},
		func(e export.Export, now time.Time) export.Export {
			return e.Fail(export.Failure{Message: "busy"}, now)
		},
		export.Export.Claim,
		func(e export.Export, now time.Time) export.Export { return e.Packaged(export.Artifact{Bytes: 7}, now) },
		export.Export.Complete,
	}
	for n, step := range steps {
		next := step(e, t0.Add(time.Duration(n)*time.Second))
		saved := mustSave(t, s, next, e.Fence())
		next.Revision = int64(n + 1)
		equal(t, fmt.Sprintf("answer of save %d", n), saved, next)
		equal(t, fmt.Sprintf("record after save %d", n), mustLoad(t, s, account, e.ID), next)
		e = saved
	}
}

func testSaveRefuses(t *testing.T, s store.Store) {
	for n, c := range []struct {
		name string
		move func(export.Export) export.Export // what happened since the late writer read
		kind fault.Kind
		code string
	}{
		{"an older generation", func(e export.Export) export.Export { return e.Restart(t0) }, fault.Superseded, "export_superseded"},
		{"a completed export", func(e export.Export) export.Export { return e.Complete(t0) }, fault.Superseded, "export_superseded"},
		{"a failed export", func(e export.Export) export.Export {
			return e.Fail(export.Failure{Message: "no", Permanent: true}, t0)
		}, fault.Superseded, "export_superseded"},
		{"an older revision", func(e export.Export) export.Export {
			return e.Enter(export.PhaseLinking, export.Lease, t0)
		}, fault.Unavailable, "concurrent_write"},
	} {
		created := pending(account, n)
		mustCreate(t, s, created)
		read := mustSave(t, s, created.Claim(t0), created.Fence())
		moved := mustSave(t, s, c.move(read), read.Fence())

		_, err := s.SaveExport(t.Context(), read.Enter(export.PhaseDelivering, export.Lease, t0), read.Fence())
		refused(t, "a write over "+c.name, err, c.kind, c.code)
		equal(t, "record after a write over "+c.name, mustLoad(t, s, account, created.ID), moved)
	}
	ended := pending(account, 8).Complete(t0)
	mustCreate(t, s, ended)
	_, err := s.SaveExport(t.Context(), ended, ended.Fence()) // neither generation nor revision moved
	refused(t, "a write over an ended export that the writer has read", err, fault.Superseded, "export_superseded")
	anything := export.Fence{Generation: ended.Generation, Revision: ended.Revision}
	_, err = s.SaveExport(t.Context(), ended, anything)
	refused(t, "a write under a fence that allows no status", err, fault.Superseded, "export_superseded")

	_, err = s.SaveExport(t.Context(), pending(account, 9), pending(account, 9).Fence())
	refused(t, "saving what was never created", err, fault.NotFound, "export_not_found")
}

// testSaveConcurrently lets many writers of one revision race, ten times over: one wins each time, and the record is
// the winner's.
func testSaveConcurrently(t *testing.T, s store.Store) {
	const writers, rounds = 16, 10
	e := pending(account, 1)
	mustCreate(t, s, e)
	for round := range rounds {
		saved, errs := make([]export.Export, writers), make([]error, writers)
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				next := e.Enter(export.PhasePackaging, export.Lease, t0)
				next.Progress.RecordsDone = int64(round*writers + w)
				saved[w], errs[w] = s.SaveExport(t.Context(), next, e.Fence())
			})
		}
		all.Wait()
		winners := 0
		for w, err := range errs {
			if err != nil {
				refused(t, fmt.Sprintf("round %d, writer %d", round, w), err, fault.Unavailable, "concurrent_write")
				continue
			}
			winners++
			e = saved[w]
		}
		if winners != 1 || e.Revision != int64(round+1) {
			t.Fatalf("round %d: %d winners, revision %d", round, winners, e.Revision)
		}
		equal(t, "record of the winner", mustLoad(t, s, account, e.ID), e)
	}
}
