package memstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

// Automation implements store.Automations.
func (s *Store) Automation(ctx context.Context, account, indexID string) (export.Automation, error) {
	return read(ctx, s, s.automations, key{account, indexID}, store.ErrAutomationNotFound)
}

// Ending implements store.Automations.
func (s *Store) Ending(ctx context.Context, account, indexID, runID string) (string, error) {
	return read(ctx, s, s.endings, key{account, indexID + "#" + runID}, store.ErrEndingNotFound)
}

// SaveAutomation implements store.Automations.
func (s *Store) SaveAutomation(ctx context.Context, next export.Automation, revision int64, noted *store.Ending) (export.Automation, error) {
	next.Revision = revision + 1
	err := s.do(ctx, func() error {
		k := key{next.AccountID, next.IndexID}
		stored, err := s.automations.get(k, store.ErrAutomationNotFound)
		if err != nil && s.automations[k] != nil {
			return err
		}
		if stored.Revision != revision {
			return store.Overtaken("automation")
		}
		if err := s.automations.put(k, next); err != nil || noted == nil {
			return err
		}
		return s.endings.put(key{next.AccountID, next.IndexID + "#" + noted.RunID}, noted.Text)
	})
	if err != nil {
		return export.Automation{}, err
	}
	return next, nil
}

// DueAutomations implements store.Automations.
func (s *Store) DueAutomations(ctx context.Context, now time.Time, limit int) (refs []store.AutomationRef, err error) {
	err = s.do(ctx, func() error {
		all, err := s.automations.all()
		all = slices.DeleteFunc(all, func(a export.Automation) bool { return !a.Due(now) })
		slices.SortFunc(all, func(a, b export.Automation) int {
			return cmp.Or(a.DueAt().Compare(b.DueAt()), cmp.Compare(a.AccountID, b.AccountID), cmp.Compare(a.IndexID, b.IndexID))
		})
		for _, a := range all[:min(limit, len(all))] {
			refs = append(refs, store.AutomationRef{AccountID: a.AccountID, IndexID: a.IndexID})
		}
		return err
	})
	return refs, err
}
