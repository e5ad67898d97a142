package main

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/blob/blobtest/memblob"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/storetest/memstore"
)

// TestExpiredFilesAreRemoved: those of an export that has expired, not a moment before, and nothing else.
func TestExpiredFilesAreRemoved(t *testing.T) {
	const day = 24 * time.Hour
	t0 := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	now := t0
	records, artifacts := memstore.New(), memblob.New(memblob.Config{Clock: func() time.Time { return now }})
	x := expiry{records, artifacts, func() time.Time { return now }}
	end := func(id string, keepHours int, how func(export.Export) export.Export) {
		t.Helper()
		e := export.New(id, "acct", "user", export.Request{Type: export.TypePromptRun, TargetID: "run", KeepHours: keepHours}, t0)
		if _, _, err := records.CreateExport(t.Context(), e, nil, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := records.SaveExport(t.Context(), how(e.Claim(t0)), e.Fence()); err != nil {
			t.Fatal(err)
		}
	}
	complete := func(e export.Export) export.Export {
		return e.Packaged(export.Artifact{CommittedAt: t0}, t0).Complete(t0)
	}
	end("exp_hour", 1, complete)
	end("exp_week", 0, complete)
	end("exp_failed", 24, func(e export.Export) export.Export { return e.Fail(export.Failure{Permanent: true}, t0) })
	end("exp_open", 1, func(e export.Export) export.Export { return e })
	var all []string
	for _, id := range []string{"exp_failed", "exp_hour", "exp_nobodys", "exp_open", "exp_week"} {
		for _, key := range []string{"artifacts/acct/%s/%s.json", "artifacts/acct/%s/%s.csv/part-00000.csv", "work/acct/%s/g1/%s"} {
			all = append(all, fmt.Sprintf(key, id, id))
		}
	}
	for n := range expirePage + 10 { // more than one page
		all = append(all, fmt.Sprintf("artifacts/acct/exp_week/exp_week.parquet/part-%05d.parquet", n))
	}
	all = append(all, "artifacts/stray", "artifacts/acct/stray", "other/acct/exp_hour/key")
	for _, key := range all {
		if _, err := artifacts.Put(t.Context(), key, nil, blob.PutOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	gone := func(at time.Duration, prefixes ...string) {
		t.Helper()
		now = t0.Add(at)
		if _, err := x.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, prefix := range prefixes {
			before := len(all)
			all = slices.DeleteFunc(all, func(key string) bool { return len(key) > len(prefix) && key[:len(prefix)] == prefix })
			if len(all) == before {
				t.Fatalf("nothing is below %s", prefix)
			}
		}
		slices.Sort(all)
		if got := artifacts.Keys(); !slices.Equal(got, all) {
			t.Errorf("after %s there are %d objects, want %d: %.300v", at, len(got), len(all), got)
		}
	}
	gone(time.Hour-time.Millisecond, "artifacts/acct/exp_nobodys/", "work/acct/exp_nobodys/")
	gone(time.Hour, "artifacts/acct/exp_hour/")
	gone(day - time.Millisecond)
	gone(day, "artifacts/acct/exp_failed/")
	gone(3*day, "work/acct/exp_hour/", "work/acct/exp_failed/", "work/acct/exp_week/")
	gone(7*day - time.Millisecond)
	gone(7*day, "artifacts/acct/exp_week/")
	gone(1000 * day)
}

// TestExpiryStopsAtARecordThatItCannotRead rather than take it for none.
func TestExpiryStopsAtARecordThatItCannotRead(t *testing.T) {
	artifacts := memblob.New(memblob.Config{})
	if _, err := artifacts.Put(t.Context(), "artifacts/acct/exp_1/exp_1.json", nil, blob.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	if removed, err := (expiry{unreadable{}, artifacts, time.Now}).run(t.Context()); err == nil || removed != 0 || len(artifacts.Keys()) != 1 {
		t.Errorf("removed %d objects, %v", removed, err)
	}
}

type unreadable struct{}

func (unreadable) Export(context.Context, string, string) (export.Export, error) {
	return export.Export{}, store.Busy(nil)
}
