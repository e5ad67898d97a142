package dynamostore_test

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/dynamostore"
)

var t0 = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func pending(id string) export.Export {
	return export.New(id, "acct", "user", export.Request{Type: export.TypeIndex, TargetID: "idx", Scope: export.ScopeAll}, t0)
}

func idem(e export.Export) *store.Idempotency {
	return &store.Idempotency{
		IdempotencyKey: store.IdempotencyKey{AccountID: "acct", Route: "aa", Key: "bb"},
		ResourceID:     e.ID, ExpiresAt: t0.Add(time.Hour), Now: t0,
	}
}

// lossy carries out requests of one operation and loses the next replies to them: it was done, and still reported as
// failed.
type lossy struct {
	operation string
	lose      atomic.Int32
	lost      atomic.Int32
}

func (l *lossy) Do(r *http.Request) (*http.Response, error) {
	reply, err := http.DefaultClient.Do(r)
	if err != nil || !strings.HasSuffix(r.Header.Get("X-Amz-Target"), "."+l.operation) || l.lose.Add(-1) < 0 {
		return reply, err
	}
	l.lost.Add(1)
	return nil, errors.Join(errors.New("connection reset"), reply.Body.Close())
}

// open is a store whose next replies to the operation are lost.
func (l *lossy) open(t *testing.T) *dynamostore.Store {
	return dynamostore.New(table(t, func(o *dynamodb.Options) { o.HTTPClient = l }))
}

func (l *lossy) check(t *testing.T, want int32) {
	t.Helper()
	if got := l.lost.Load(); got != want {
		t.Errorf("%d replies were lost, want %d: the test shows nothing", got, want)
	}
}

func TestSaveWhoseReplyIsLostSucceeds(t *testing.T) {
	l := &lossy{operation: "PutItem"}
	s := l.open(t)
	e := pending("exp_1")
	if _, _, err := s.CreateExport(t.Context(), e, nil, nil); err != nil {
		t.Fatalf("CreateExport: %v", err)
	}
	l.lose.Store(1)
	saved, err := s.SaveExport(t.Context(), e.Claim(t0), e.Fence())
	if err != nil || saved.Revision != 1 {
		t.Fatalf("SaveExport = revision %d, %v; want 1", saved.Revision, err)
	}
	l.check(t, 1)
	stored, err := s.Export(t.Context(), "acct", "exp_1")
	if diff := cmp.Diff(saved, stored); err != nil || diff != "" {
		t.Errorf("stored export: %v (-answered +stored)\n%s", err, diff)
	}
	// The same write by someone else is another write.
	if _, err := s.SaveExport(t.Context(), e.Claim(t0), e.Fence()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a second writer of the same content: %v, want a concurrent write", err)
	}
}

func TestCreateWhoseReplyIsLostSucceeds(t *testing.T) {
	for name, c := range map[string]struct {
		operation string
		idem      *store.Idempotency
	}{
		"alone":     {"PutItem", nil},
		"under key": {"TransactWriteItems", idem(pending("exp_1"))},
	} {
		t.Run(name, func(t *testing.T) {
			l := &lossy{operation: c.operation}
			s := l.open(t)
			l.lose.Store(1)
			rec, created, err := s.CreateExport(t.Context(), pending("exp_1"), c.idem, nil)
			if err != nil || !created || c.idem != nil && rec.ResourceID != "exp_1" {
				t.Errorf("CreateExport = %q, created %v, %v", rec.ResourceID, created, err)
			}
			l.check(t, 1)
			if _, err := s.Export(t.Context(), "acct", "exp_1"); err != nil {
				t.Errorf("the created export: %v", err)
			}
		})
	}
}

func TestConnectorCallsWhoseReplyIsLostSucceed(t *testing.T) {
	c := store.Connector{ID: "conn_1", AccountID: "acct"}
	under := &store.Idempotency{
		IdempotencyKey: store.IdempotencyKey{AccountID: "acct", Route: "aa", Key: "bb"},
		ResourceID:     c.ID, Reply: []byte("{}"), ExpiresAt: t0.Add(time.Hour), Now: t0,
	}
	create := func(s *dynamostore.Store, i *store.Idempotency) error {
		_, created, err := s.CreateConnector(t.Context(), c, i)
		if err == nil && !created {
			err = errors.New("it was not created")
		}
		return err
	}
	for name, call := range map[string]struct {
		operation string
		first, do func(*dynamostore.Store) error
	}{
		"create alone":     {"PutItem", nil, func(s *dynamostore.Store) error { return create(s, nil) }},
		"create under key": {"TransactWriteItems", nil, func(s *dynamostore.Store) error { return create(s, under) }},
		"save": {"PutItem", func(s *dynamostore.Store) error { return create(s, nil) }, func(s *dynamostore.Store) error {
			_, err := s.SaveConnector(t.Context(), c, 0)
			return err
		}},
		"delete": {"TransactWriteItems", func(s *dynamostore.Store) error { return create(s, nil) }, func(s *dynamostore.Store) error {
			return s.DeleteConnector(t.Context(), "acct", c.ID)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			l := &lossy{operation: call.operation}
			s := l.open(t)
			if call.first != nil {
				if err := call.first(s); err != nil {
					t.Fatal(err)
				}
			}
			l.lose.Store(1)
			if err := call.do(s); err != nil {
				t.Errorf("%v", err)
			}
			l.check(t, 1)
		})
	}
}

func TestPutRunWhoseReplyIsLostSucceeds(t *testing.T) {
	l := &lossy{operation: "TransactWriteItems"}
	s := l.open(t)
	l.lose.Store(1)
	if err := s.PutRun(t.Context(), export.Run{ID: "run_1", AccountID: "acct", IndexID: "idx"}, []export.Part{{Number: 1}}); err != nil {
		t.Errorf("PutRun: %v", err)
	}
	l.check(t, 1)
}

func TestEveryReplyLostIsUnavailable(t *testing.T) {
	l := &lossy{operation: "PutItem"}
	s := l.open(t)
	l.lose.Store(100)
	_, created, err := s.CreateExport(t.Context(), pending("exp_1"), nil, nil)
	if !fault.Is(err, fault.Unavailable) || created {
		t.Errorf("CreateExport = created %v, %v; want unavailable", created, err)
	}
	if f := fault.As(err); f.RetryAfter < time.Second || strings.Contains(f.Message, "127.0.0.1") {
		t.Errorf("the failure says %q, retry after %s", f.Message, f.RetryAfter)
	}
}
