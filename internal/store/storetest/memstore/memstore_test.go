package memstore_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/storetest"
	"github.com/videovector/exports/internal/store/storetest/memstore"
)

func TestContract(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store { return memstore.New() })
}

// TestNobodyHoldsAPointerIntoTheStore: what is done to an export that was given or got changes nothing that is stored.
func TestNobodyHoldsAPointerIntoTheStore(t *testing.T) {
	whole := func() export.Export {
		e := export.New("exp_1", "acct_1", "user_1", export.Request{
			Type: export.TypeIndex, TargetID: "idx_1", RunIDs: []string{"run_1"}, Destination: &export.Destination{ConnectorID: "conn_1"},
		}, time.Unix(0, 0))
		e.Artifact, e.Link, e.Receipt = &export.Artifact{Key: "a"}, &export.Link{URL: "l"}, &export.Receipt{URI: "r"}
		return e
	}
	spoil := func(e export.Export) {
		e.Request.RunIDs[0], e.Request.Destination.ConnectorID, e.Artifact.Key, e.Link.URL, e.Receipt.URI = "x", "x", "x", "x", "x"
	}
	s, given := memstore.New(), whole()
	if _, _, err := s.CreateExport(t.Context(), given, nil, nil); err != nil {
		t.Fatal(err)
	}
	spoil(given)
	saved := whole()
	if _, err := s.SaveExport(t.Context(), saved, saved.Fence()); err != nil {
		t.Fatal(err)
	}
	spoil(saved)
	want := whole()
	want.Revision = 1
	for range 2 {
		got, err := s.Export(t.Context(), "acct_1", "exp_1")
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Fatalf("stored (-want +got): %v\n%s", err, diff)
		}
		spoil(got)
	}
}
