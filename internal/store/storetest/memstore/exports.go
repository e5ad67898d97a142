package memstore

import (
	"cmp"
	"context"

	"slices"
	"strings"
	"time"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

// CreateExport implements store.Exports.
func (s *Store) CreateExport(ctx context.Context, e export.Export, idem *store.Idempotency, place *admission.Account) (store.Idempotency, bool, error) {
	return s.create(ctx, e.ID, idem, func() error {
		k := key{e.AccountID, e.ID}
		if _, taken := s.exports[k]; taken {
			return store.ErrExportExists
		}
		if err := s.takePlace(place); err != nil {
			return err
		}
		s.exports[k] = copied(e)
		return nil
	})
}

// create inserts the resource of the id with its idempotency record, or answers with the live record of the key.
func (s *Store) create(ctx context.Context, id string, idem *store.Idempotency, insert func() error) (rec store.Idempotency, created bool, err error) {
	err = s.do(ctx, func() error {
		if idem != nil {
			if there, ok := s.live(idem.IdempotencyKey, idem.Now); ok {
				rec, created = there, there.ResourceID == id
				return nil
			}
		}
		if err := insert(); err != nil {
			return err
		}
		if idem != nil {
			rec = *idem
			rec.ExpiresAt, rec.Now = export.Stamp(rec.ExpiresAt), time.Time{}
			s.idem[rec.IdempotencyKey] = rec
		}
		created = true
		return nil
	})
	return rec, created, err
}

// live is the record of the key if it has not expired.
func (s *Store) live(k store.IdempotencyKey, now time.Time) (store.Idempotency, bool) {
	rec, ok := s.idem[k]
	return rec, ok && rec.ExpiresAt.After(now)
}

// Idempotency implements store.Exports.
func (s *Store) Idempotency(ctx context.Context, k store.IdempotencyKey, now time.Time) (rec store.Idempotency, err error) {
	err = s.do(ctx, func() error {
		there, ok := s.live(k, now)
		if !ok {
			return store.ErrIdempotencyNotFound
		}
		rec = there
		return nil
	})
	return rec, err
}

// Export implements store.Exports.
func (s *Store) Export(ctx context.Context, account, id string) (export.Export, error) {
	e, err := s.AnyExport(ctx, account, id)
	if err == nil && e.Deleted() {
		return export.Export{}, store.ErrExportDeleted
	}
	return e, err
}

// AnyExport implements store.Exports.
func (s *Store) AnyExport(ctx context.Context, account, id string) (e export.Export, err error) {
	err = s.do(ctx, func() error {
		there, ok := s.exports[key{account, id}]
		if !ok {
			return store.ErrExportNotFound
		}
		e = copied(there)
		return nil
	})
	return e, err
}

// copied is the export without a pointer that another one has.
func copied(e export.Export) export.Export {
	e.Request.RunIDs, e.Ended = slices.Clone(e.Request.RunIDs), slices.Clone(e.Ended)
	e.Request.Destination = fresh(e.Request.Destination)
	e.Artifact, e.Link, e.Receipt = fresh(e.Artifact), fresh(e.Link), fresh(e.Receipt)
	return e
}

func fresh[T any](p *T) *T {
	if p == nil {
		return nil
	}
	return new(*p)
}

// SaveExport implements store.Exports.
func (s *Store) SaveExport(ctx context.Context, next export.Export, fence export.Fence) (export.Export, error) {
	next.Revision = fence.Revision + 1
	err := s.do(ctx, func() error {
		k := key{next.AccountID, next.ID}
		stored, ok := s.exports[k]
		if !ok {
			return store.ErrExportNotFound
		}
		if !fence.Holds(stored) {
			return store.Refused(stored, fence)
		}
		s.exports[k] = copied(next)
		return nil
	})
	if err != nil {
		return export.Export{}, err
	}
	return next, nil
}

// DueExports implements store.Exports. It doesn't lag.
func (s *Store) DueExports(ctx context.Context, now time.Time, limit int) (refs []store.Ref, err error) {
	err = s.do(ctx, func() error {
		refs = store.InTurns(s.dueBy(now, len(s.exports), export.Export.Open), store.Ref.Owner, limit)
		return nil
	})
	return refs, err
}

// dueBy are those of some exports that are due at the time, soonest first.
func (s *Store) dueBy(now time.Time, limit int, which func(export.Export) bool) (refs []store.Ref) {
	for k, e := range s.exports {
		if !e.DueAt.IsZero() && !e.DueAt.After(now) && which(e) {
			refs = append(refs, store.Ref{AccountID: k.account, ExportID: k.id})
		}
	}
	due := func(r store.Ref) time.Time { return s.exports[key{r.AccountID, r.ExportID}].DueAt }
	slices.SortFunc(refs, func(a, b store.Ref) int {
		return cmp.Or(due(a).Compare(due(b)), strings.Compare(a.AccountID, b.AccountID), strings.Compare(a.ExportID, b.ExportID))
	})
	return refs[:min(limit, len(refs))]
}

// OpenExports implements store.Exports. It doesn't lag.
func (s *Store) OpenExports(ctx context.Context) (open store.Open, err error) {
	err = s.do(ctx, func() error {
		for _, e := range s.exports {
			if e.Open() && !e.DueAt.IsZero() {
				open = open.Add(e.Begun())
			}
		}
		return nil
	})
	return open, err
}

// ListExports implements store.Exports. Its pages are full but for the last.
func (s *Store) ListExports(ctx context.Context, account string, q store.ListQuery) (page store.Page, err error) {
	err = s.do(ctx, func() error {
		for _, k := range s.newestFirst(account, q.BeforeID) {
			e := copied(s.exports[k])
			if e.Deleted() || !matches(e, q) {
				continue
			}
			if len(page.Exports) == q.Limit {
				page.NextBefore = page.Exports[q.Limit-1].ID
				return nil
			}
			page.Exports = append(page.Exports, e)
		}
		return nil
	})
	return page, err
}

// newestFirst are the places of the account's exports below an id, "" for all of them.
func (s *Store) newestFirst(account, before string) (keys []key) {
	for k := range s.exports {
		if k.account == account && (before == "" || k.id < before) {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b key) int { return strings.Compare(b.id, a.id) })
	return keys
}

func matches(e export.Export, q store.ListQuery) bool {
	return (q.Status == "" || e.Status == q.Status) && (q.Type == "" || e.Request.Type == q.Type) &&
		(q.TargetID == "" || e.Request.TargetID == q.TargetID)
}
