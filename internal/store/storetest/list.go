package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

// listAll follows the pages to their end and gives the ids. No page is longer than the limit, and the listing ends.
func listAll(t *testing.T, s store.Store, account string, q store.ListQuery) (ids []string) {
	t.Helper()
	for range 1000 {
		page, err := s.ListExports(t.Context(), account, q)
		if err != nil {
			t.Fatalf("ListExports(%+v): %v", q, err)
		}
		if len(page.Exports) > q.Limit {
			t.Fatalf("ListExports(%+v): a page of %d", q, len(page.Exports))
		}
		for _, e := range page.Exports {
			ids = append(ids, e.ID)
		}
		if page.NextBefore == "" {
			return ids
		}
		if q.BeforeID != "" && page.NextBefore >= q.BeforeID {
			t.Fatalf("ListExports(%+v) doesn't move on: next before %s", q, page.NextBefore)
		}
		q.BeforeID = page.NextBefore
	}
	t.Fatalf("ListExports(%+v) never ends", q)
	return nil
}

// newestFirst is the ids of the exports for which keep holds, highest first.
func newestFirst(all []export.Export, keep func(export.Export) bool) (ids []string) {
	for _, e := range all {
		if keep(e) {
			ids = append(ids, e.ID)
		}
	}
	slices.SortFunc(ids, func(a, b string) int { return strings.Compare(b, a) })
	return ids
}

func every(export.Export) bool { return true }

func testListPages(t *testing.T, s store.Store) {
	var all []export.Export
	for n := range 205 {
		all = append(all, pending(account, n))
	}
	all[204].UserID = strings.Repeat("long 😀 ", 1000)
	equal(t, "an empty listing", listAll(t, s, account, store.ListQuery{Limit: 50}), []string(nil))
	mustCreate(t, s, all...)
	want := newestFirst(all, every)
	for _, limit := range []int{1, 2, 41, 100, 200} { // 41 divides 205
		equal(t, fmt.Sprintf("ids in pages of %d", limit), listAll(t, s, account, store.ListQuery{Limit: limit}), want)
	}
	equal(t, "ids before the 6th", listAll(t, s, account, store.ListQuery{Limit: 3, BeforeID: all[5].ID}), want[200:])
	equal(t, "ids before one that doesn't exist", listAll(t, s, account, store.ListQuery{Limit: 3, BeforeID: all[5].ID + "_"}), want[199:])
	equal(t, "ids before the first", listAll(t, s, account, store.ListQuery{Limit: 3, BeforeID: all[0].ID}), []string(nil))
}

// testListFilters selects few out of many, so that pages run short before the end.
func testListFilters(t *testing.T, s store.Store) {
	var all []export.Export
	for n := range 240 {
		e := pending(account, n)
		e.Request.TargetID = fmt.Sprintf("target_%d", n%3)
		if n%2 == 0 {
			e.Request.Type = export.TypePromptRun
		}
		if n < 6 {
			e = e.Complete(t0)
		}
		all = append(all, e)
	}
	mustCreate(t, s, all...)
	for name, q := range map[string]store.ListQuery{
		"status": {Status: export.StatusCompleted},
		"type":   {Type: export.TypePromptRun},
		"target": {TargetID: "target_2"},
		"all":    {Status: export.StatusCompleted, Type: export.TypePromptRun, TargetID: "target_1"},
		"none":   {Status: export.StatusFailed},
	} {
		want := newestFirst(all, func(e export.Export) bool {
			return (q.Status == "" || e.Status == q.Status) && (q.Type == "" || e.Request.Type == q.Type) && (q.TargetID == "" || e.Request.TargetID == q.TargetID)
		})
		for _, q.Limit = range []int{1, 7, 200} {
			equal(t, fmt.Sprintf("ids by %s in pages of %d", name, q.Limit), listAll(t, s, account, q), want)
		}
	}
}

func testListAccount(t *testing.T, s store.Store) {
	mine := []export.Export{pending("acct", 1), pending("acct", 3)}
	mustCreate(t, s, mine...)
	mustCreate(t, s, pending("acct_", 2), pending("acc", 4), pending("acctz", 5))
	c := store.Connector{ID: "conn_1", AccountID: "acct"} // other records of the account are not exports
	if err := s.PutConnector(t.Context(), c); err != nil {
		t.Fatalf("PutConnector: %v", err)
	}
	if err := s.PutIndex(t.Context(), export.Index{ID: "idx_1", AccountID: "acct"}); err != nil {
		t.Fatalf("PutIndex: %v", err)
	}
	equal(t, "ids of one account", listAll(t, s, "acct", store.ListQuery{Limit: 1}), newestFirst(mine, every))
	equal(t, "ids of nobody", listAll(t, s, "nobody", store.ListQuery{Limit: 50}), []string(nil))
}

// testListLarge lists exports of 128 KiB each: a store may give fewer than the limit at a time, but loses none.
func testListLarge(t *testing.T, s store.Store) {
	ids := make([]string, 1000)
	for n := range ids {
		ids[n] = fmt.Sprintf("run_%0124d", n)
	}
	var all []export.Export
	for n := range 70 {
		e := pending(account, n)
		e.Request.RunIDs = ids
		all = append(all, e)
	}
	mustCreate(t, s, all...)
	want := newestFirst(all, every)
	equal(t, "ids of large exports", listAll(t, s, account, store.ListQuery{Limit: 200}), want)
	equal(t, "ids of large exports that a filter selects", listAll(t, s, account, store.ListQuery{Limit: 200, Type: export.TypeIndex}), want)
	equal(t, "a large export", mustLoad(t, s, account, all[0].ID), all[0])
}
