package dynamostore

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/store"
)

// admissionRow is the admission of an account. OpenShard and DueAt are there as long as it is due at some time, and put the
// item into the index of what is due, in partitions of its own.
type admissionRow struct {
	AccountID string    `dynamodbav:"account_id"`
	Running   []string  `dynamodbav:"running,omitempty"`
	Waiting   []string  `dynamodbav:"waiting,omitempty"`
	Minute    time.Time `dynamodbav:"minute,omitempty"`
	Accepted  int       `dynamodbav:"accepted"`
	DueAt     millis    `dynamodbav:"due_at,omitempty"`
	Revision  int64     `dynamodbav:"revision"`
}

type admissionItem struct {
	admissionRow
	OpenShard string `dynamodbav:"open_shard,omitempty"`
}

func rowOfAdmission(a admission.Account) admissionRow {
	return admissionRow{
		AccountID: a.AccountID, Running: a.Running, Waiting: a.Waiting, Minute: a.Minute, Accepted: a.Accepted,
		DueAt: millis(a.DueAt), Revision: a.Revision,
	}
}

func (r admissionRow) admission() admission.Account {
	return admission.Account{
		AccountID: r.AccountID, Running: r.Running, Waiting: r.Waiting, Minute: r.Minute, Accepted: r.Accepted,
		DueAt: time.Time(r.DueAt), Revision: r.Revision,
	}
}

// Admission is the account's.
func (s *Store) Admission(ctx context.Context, account string) (admission.Account, error) {
	none := admission.Account{AccountID: account}
	if !valid(account) {
		return none, nil
	}
	i, err := s.item(ctx, admissionKey(account))
	if err != nil || i == nil {
		return none, err
	}
	row, err := decode[admissionRow](i)
	return row.admission(), err
}

// admissionWrite is the item of the admission's next revision, and when it may be written.
func admissionWrite(next admission.Account) (item, condition, error) {
	when := absentItem
	if next.Revision > 0 {
		when = ofRevision(next.Revision)
	}
	next.Revision++
	if err := writable(next.AccountID); err != nil {
		return nil, when, err
	}
	row := admissionItem{admissionRow: rowOfAdmission(next)}
	if !next.DueAt.IsZero() {
		row.OpenShard = admissionShard(hashOf(next.AccountID))
	}
	i, err := encode(admissionKey(next.AccountID), row)
	return i, when, err
}

// SaveAdmission is one conditional write. The SDK repeats it when a reply is lost, and the repetition finds that the record has
// moved on.
func (s *Store) SaveAdmission(ctx context.Context, next admission.Account) (admission.Account, error) {
	i, when, err := admissionWrite(next)
	if err != nil {
		return admission.Account{}, err
	}
	_, saved, err := s.putIf(ctx, i, when)
	var conflict *types.TransactionConflictException // someone else is writing it just now
	switch {
	case errors.As(err, &conflict), err == nil && !saved:
		return admission.Account{}, store.ErrAdmissionMoved
	case err != nil:
		return admission.Account{}, err
	}
	next.Revision++
	return next, nil
}

// DueAdmissions asks the admissions' partitions of the index of what is due. It lags behind the table.
func (s *Store) DueAdmissions(ctx context.Context, now time.Time, limit int) ([]string, error) {
	due, err := s.dueAmong(ctx, admissionShards, admissionShard, now, limit)
	var accounts []string
	for _, r := range refs(due[:min(limit, len(due))]) {
		accounts = append(accounts, r.AccountID)
	}
	return accounts, err
}
