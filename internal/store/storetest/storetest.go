// Package storetest is the conformance suite of the record store's contract. Every implementation passes it as a
// whole: what a caller may rely on is what stands here, races included.
package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// t0 is the present of every test: stores never read a clock of their own.
var t0 = time.Date(2026, 5, 1, 12, 0, 0, 123e6, time.UTC)

const account = "acct_1"

// Run passes the store that open makes through the whole suite. Each test opens an empty store; open ends it with the
// test's cleanup.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for name, test := range map[string]func(*testing.T, store.Store){
		"export round trip":                 testExportRoundTrip,
		"export without optional parts":     testExportMinimal,
		"export id is taken once":           testExportIDTaken,
		"export of nobody":                  testExportAbsent,
		"idempotency creates once":          testIdempotencyOnce,
		"idempotency scope":                 testIdempotencyScope,
		"idempotency expiry":                testIdempotencyExpiry,
		"idempotency racing twins":          testIdempotencyTwins,
		"idempotency twins of expired":      testIdempotencyExpiredTwins,
		"idempotency same export again":     testIdempotencyRepeated,
		"idempotency refuses with export":   testIdempotencyExportTaken,
		"save":                              testSave,
		"save refuses":                      testSaveRefuses,
		"save concurrently":                 testSaveConcurrently,
		"due":                               testDue,
		"due in turns":                      testDueInTurns,
		"admissions":                        testAdmissions,
		"admission save":                    testAdmissionSave,
		"admissions due":                    testAdmissionsDue,
		"create in a place":                 testCreateInPlace,
		"save in a place":                   testSaveInPlace,
		"places taken at once":              testPlacesTakenAtOnce,
		"save under a key":                  testSaveOnce,
		"save under a key, refused":         testSaveOnceRefused,
		"save under a key, racing twins":    testSaveOnceTwins,
		"closing":                           testClosing,
		"closing in turns":                  testClosingInTurns,
		"deleted":                           testDeleted,
		"open since the retry":              testOpenSinceRetry,
		"forgotten":                         testForgotten,
		"shards' notes":                     testShardNotes,
		"shards' notes age":                 testShardNotesAge,
		"list pages":                        testListPages,
		"list filters":                      testListFilters,
		"list of one account":               testListAccount,
		"list of large exports":             testListLarge,
		"catalogue round trip":              testCatalogRoundTrip,
		"catalogue absence":                 testCatalogAbsent,
		"catalogue runs of an index":        testRunsOfIndex,
		"catalogue run moves to an index":   testRunMoves,
		"catalogue parts in order":          testParts,
		"catalogue run replaced with fewer": testPartsReplaced,
		"API keys":                          testAPIKeys,
		"API key created":                   testAPIKeyCreated,
		"API keys listed":                   testAPIKeysListed,
		"API key revoked":                   testAPIKeyRevoked,
		"API key replaced":                  testAPIKeyReplaced,
		"API keys replaced at once":         testAPIKeysReplacedAtOnce,
		"connector round trip":              testConnectors,
		"connector of nobody":               testConnectorAbsent,
		"connector id is taken once":        testConnectorIDTaken,
		"connector under a key":             testConnectorUnderKey,
		"connector racing twins":            testConnectorTwins,
		"connector save":                    testConnectorSave,
		"connector save concurrently":       testConnectorSaveConcurrently,
		"connector removed":                 testConnectorRemoved,
		"connectors listed":                 testConnectorsListed,
		"webhook round trip":                testWebhooks,
		"webhook of nobody":                 testWebhookAbsent,
		"webhook under a key":               testWebhookUnderKey,
		"webhook save":                      testWebhookSave,
		"webhook removed":                   testWebhookRemoved,
		"webhooks listed":                   testWebhooksListed,
		"delivery round trip":               testDeliveries,
		"delivery is made once":             testDeliveryOnce,
		"delivery save":                     testDeliverySave,
		"deliveries listed":                 testDeliveriesListed,
		"deliveries due":                    testDeliveriesDue,
		"deliveries due in turns":           testDeliveriesDueInTurns,
		"automation round trip":             testAutomations,
		"automation of nobody":              testAutomationAbsent,
		"automation save":                   testAutomationSave,
		"automation save concurrently":      testAutomationSaveConcurrently,
		"automation notes the end of a run": testAutomationNotes,
		"automations due":                   testAutomationsDue,
		"ids with separators":               testStrangeIDs,
		"cancelled calls":                   testCancelled,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// pending is the n-th new export of an account: ids grow with n.
func pending(account string, n int) export.Export {
	r := export.Request{Type: export.TypeIndex, TargetID: "idx_1", Scope: export.ScopeAll}
	return export.New(fmt.Sprintf("exp_%06d", n), account, "user_1", r, t0)
}

func mustCreate(t *testing.T, s store.Store, all ...export.Export) {
	t.Helper()
	for _, e := range all {
		if _, created, err := s.CreateExport(t.Context(), e, nil, nil); err != nil || !created {
			t.Fatalf("CreateExport(%s) = created %v, %v", e.ID, created, err)
		}
	}
}

func mustLoad(t *testing.T, s store.Store, account, id string) export.Export {
	t.Helper()
	e, err := s.Export(t.Context(), account, id)
	if err != nil {
		t.Fatalf("Export(%s): %v", id, err)
	}
	return e
}

// equal compares records; a nil and an empty list mean the same.
func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", what, diff)
	}
}

// refused checks a failure's kind and code.
func refused(t *testing.T, what string, err error, kind fault.Kind, code string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s succeeded, want %s", what, code)
		return
	}
	if f := fault.As(err); f.Kind != kind || f.Code != code {
		t.Errorf("%s failed with kind %d, %v; want kind %d, %s", what, f.Kind, err, kind, code)
	}
}
