package memstore_test

import (
	"testing"

	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/storetest"
	"github.com/videovector/exports/internal/store/storetest/memstore"
)

func TestContract(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store { return memstore.New() })
}
