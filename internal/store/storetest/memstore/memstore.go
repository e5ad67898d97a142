// Package memstore is the record store in memory, for tests that open one a thousand times. It passes the suite that
// every store passes. Records are kept as text or as copies, so that nobody holds a pointer into one.
package memstore

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// Store implements store.Store.
type Store struct {
	mu         sync.Mutex
	exports    map[key]export.Export
	idem       map[store.IdempotencyKey]store.Idempotency
	indexes    drawer[export.Index]
	runs       drawer[run]
	parts      drawer[[]export.Part]
	keys       drawer[store.APIKey]
	connectors drawer[store.Connector]
	notes      map[generation]map[int]export.ShardNote
	webhooks   drawer[store.Webhook]
	deliveries drawer[store.Delivery]

	automations drawer[export.Automation]
	endings     drawer[string]
	admissions  map[string]admission.Account
}

var _ store.Store = (*Store)(nil)

// New is an empty store.
func New() *Store {
	return &Store{
		exports: map[key]export.Export{}, idem: map[store.IdempotencyKey]store.Idempotency{}, indexes: drawer[export.Index]{},
		runs: drawer[run]{}, parts: drawer[[]export.Part]{}, keys: drawer[store.APIKey]{}, connectors: drawer[store.Connector]{},
		notes:    map[generation]map[int]export.ShardNote{},
		webhooks: drawer[store.Webhook]{}, deliveries: drawer[store.Delivery]{},
		automations: drawer[export.Automation]{}, endings: drawer[string]{}, admissions: map[string]admission.Account{},
	}
}

// key is a record's place; the account is "" for records of no account.
type key struct{ account, id string }

// drawer keeps the records of one type.
type drawer[T any] map[key][]byte

func (d drawer[T]) put(k key, v T) error {
	text, err := json.Marshal(v)
	if err != nil {
		return store.Broken(err)
	}
	d[k] = text
	return nil
}

func (d drawer[T]) get(k key, absent *fault.Error) (v T, err error) {
	text, ok := d[k]
	if !ok {
		return v, absent
	}
	return d.open(text)
}

func (drawer[T]) open(text []byte) (v T, err error) {
	if err := json.Unmarshal(text, &v); err != nil {
		return v, store.Broken(err)
	}
	return v, nil
}

// all are the records, in no order.
func (d drawer[T]) all() (all []T, err error) {
	for _, text := range d {
		v, err := d.open(text)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// do makes a call: one at a time, and none once ctx has ended.
func (s *Store) do(ctx context.Context, call func() error) error {
	if err := ctx.Err(); err != nil {
		return store.Busy(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return call()
}

// read gets a record.
func read[T any](ctx context.Context, s *Store, d drawer[T], k key, absent *fault.Error) (v T, err error) {
	err = s.do(ctx, func() error {
		v, err = d.get(k, absent)
		return err
	})
	return v, err
}

// write puts a record.
func write[T any](ctx context.Context, s *Store, d drawer[T], k key, v T) error {
	return s.do(ctx, func() error { return d.put(k, v) })
}

// APIKey implements store.Credentials.
func (s *Store) APIKey(ctx context.Context, hash string) (store.APIKey, error) {
	return read(ctx, s, s.keys, key{"", hash}, store.ErrAPIKeyNotFound)
}

// PutAPIKey implements store.Credentials.
func (s *Store) PutAPIKey(ctx context.Context, k store.APIKey) error {
	return write(ctx, s, s.keys, key{"", k.Hash}, k)
}
