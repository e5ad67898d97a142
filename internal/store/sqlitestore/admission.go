package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/store"
)

// Admission is the account's.
func (s *Store) Admission(ctx context.Context, account string) (admission.Account, error) {
	a, err := one[admission.Account](ctx, s.read, sql.ErrNoRows, `SELECT record FROM admissions WHERE account = ?`, account)
	if errors.Is(err, sql.ErrNoRows) {
		return admission.Account{AccountID: account}, nil
	}
	return a, err
}

// SaveAdmission is one conditional statement.
func (s *Store) SaveAdmission(ctx context.Context, next admission.Account) (admission.Account, error) {
	if err := takePlace(ctx, s.write, &next); err != nil {
		return admission.Account{}, failure(err)
	}
	next.Revision++
	return next, nil
}

// takePlace writes the admission, nil for none, if nobody has since it was read.
func takePlace(ctx context.Context, x executor, place *admission.Account) error {
	if place == nil {
		return nil
	}
	next := *place
	next.Revision++
	record, err := encode(next)
	if err != nil {
		return err
	}
	due := sql.NullInt64{Int64: next.DueAt.UnixMilli(), Valid: !next.DueAt.IsZero()}
	var done sql.Result
	if place.Revision == 0 {
		done, err = x.ExecContext(ctx, `INSERT INTO admissions (revision, due_ms, record, account) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			next.Revision, due, record, next.AccountID)
	} else {
		done, err = x.ExecContext(ctx, `UPDATE admissions SET revision = ?, due_ms = ?, record = ? WHERE account = ? AND revision = ?`,
			next.Revision, due, record, next.AccountID, place.Revision)
	}
	if err != nil {
		return err
	}
	return changedOne(done, store.ErrAdmissionMoved)
}

// DueAdmissions lists the accounts whose admission is due, soonest first. It doesn't lag.
func (s *Store) DueAdmissions(ctx context.Context, now time.Time, limit int) ([]string, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT account FROM admissions WHERE due_ms <= ? ORDER BY due_ms, account LIMIT ?`, now.UnixMilli(), limit)
	if err != nil {
		return nil, failure(err)
	}
	return collect(rows, func(rows *sql.Rows) (account string, err error) {
		err = rows.Scan(&account)
		return account, err
	})
}
