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
		a = s.admission(account)
		return nil
	})
	return a, err
}

func (s *Store) admission(account string) admission.Account {
	a, ok := s.admissions[account]
	if !ok {
		return admission.Account{AccountID: account}
	}
	return listed(a)
}

// listed is the admission with lists that no other one has.
func listed(a admission.Account) admission.Account {
	a.Running, a.Waiting = slices.Clone(a.Running), slices.Clone(a.Waiting)
	return a
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
	if s.admissions[place.AccountID].Revision != place.Revision {
		return store.ErrAdmissionMoved
	}
	next := listed(*place)
	next.Revision++
	s.admissions[next.AccountID] = next
	return nil
}

// DueAdmissions implements store.Admissions.
func (s *Store) DueAdmissions(ctx context.Context, now time.Time, limit int) (accounts []string, err error) {
	err = s.do(ctx, func() error {
		for account, a := range s.admissions {
			if !a.DueAt.IsZero() && !a.DueAt.After(now) {
				accounts = append(accounts, account)
			}
		}
		slices.SortFunc(accounts, func(a, b string) int {
			return cmp.Or(s.admissions[a].DueAt.Compare(s.admissions[b].DueAt), cmp.Compare(a, b))
		})
		accounts = accounts[:min(limit, len(accounts))]
		return nil
	})
	return accounts, err
}
