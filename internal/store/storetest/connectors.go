package storetest

import (
	"testing"

	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

func testConnectors(t *testing.T, s store.Store) {
	c := filled[store.Connector](t)
	c.ID, c.AccountID = "conn_1", account
	bare := store.Connector{ID: "conn_2", AccountID: account}
	for _, want := range []store.Connector{c, bare} {
		if err := s.PutConnector(t.Context(), want); err != nil {
			t.Fatalf("PutConnector: %v", err)
		}
		got, err := s.Connector(t.Context(), account, want.ID)
		if err != nil {
			t.Fatalf("Connector: %v", err)
		}
		equal(t, "connector", got, want)
	}
	_, err := s.Connector(t.Context(), account, "conn_3")
	refused(t, "an unknown connector", err, fault.NotFound, "connector_not_found")
	_, err = s.Connector(t.Context(), "acct_2", "conn_1")
	refused(t, "another account's connector", err, fault.NotFound, "connector_not_found")
}
