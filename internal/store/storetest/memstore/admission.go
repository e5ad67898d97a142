package memstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/store"
)

// Admission implements store.Admissions.
func (s *Store) Admission(ctx context.Context, account string) (a admission.Account, err error) {
	err = s.do(ctx, func() error {
		a, err = s.admission(account)
		return err
	})
	return a, err
}

func (s *Store) admission(account string) (admission.Account, error) {
	text, ok := s.admissions[key{account, ""}]
	if !ok {
		return admission.Account{AccountID: account}, nil
	}
	return s.admissions.open(text)
}

// SaveAdmission implements store.Admissions.
func (s *Store) SaveAdmission(ctx context.Context, next admission.Account) (admission.Account, error) {
	err := s.do(ctx, func() error { return s.takePlace(&next) })
	if err != nil {
		return admission.Account{}, err
	}
	next.Revision++
	return next, nil
}

// takePlace writes the admission, nil for none, if nobody has since it was read.
func (s *Store) takePlace(place *admission.Account) error {
	if place == nil {
		return nil
	}
	stored, err := s.admission(place.AccountID)
	if err != nil {
		return err
	}
	if stored.Revision != place.Revision {
		return store.ErrAdmissionMoved
	}
	next := *place
	next.Revision++
	return s.admissions.put(key{next.AccountID, ""}, next)
}

// DueAdmissions implements store.Admissions.
func (s *Store) DueAdmissions(ctx context.Context, now time.Time, limit int) (accounts []string, err error) {
	err = s.do(ctx, func() error {
		all, err := s.admissions.all()
		all = slices.DeleteFunc(all, func(a admission.Account) bool { return a.DueAt.IsZero() || a.DueAt.After(now) })
		slices.SortFunc(all, func(a, b admission.Account) int {
			return cmp.Or(a.DueAt.Compare(b.DueAt), cmp.Compare(a.AccountID, b.AccountID))
		})
		for _, a := range all[:min(limit, len(all))] {
			accounts = append(accounts, a.AccountID)
		}
		return err
	})
	return accounts, err
}
