package dynamostore

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/fault"
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

// errNoAdmission is of an account that has no item yet.
var errNoAdmission = fault.New(fault.NotFound, "admission_not_found", "Nobody of this account was admitted yet.")

// Admission is the account's.
func (s *Store) Admission(ctx context.Context, account string) (admission.Account, error) {
	none := admission.Account{AccountID: account}
	if !valid(account) {
		return none, nil
	}
	row, err := get[admissionRow](ctx, s, admissionKey(account), errNoAdmission)
	if errors.Is(err, errNoAdmission) {
		return none, nil
	}
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

// DueAdmissions asks the admissions' partitions of the index at once and merges their answers. The index lags behind the
// table.
func (s *Store) DueAdmissions(ctx context.Context, now time.Time, limit int) ([]string, error) {
	var found [admissionShards][]dueItem
	var errs [admissionShards]error
	var all sync.WaitGroup
	for n := range found {
		all.Go(func() { found[n], errs[n] = s.dueIn(ctx, admissionShard(uint32(n)), now, limit) }) //nolint:gosec // G115: a few shards
	}
	all.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	accountOf := func(i dueItem) string { return strings.TrimPrefix(textOf(i.key["pk"]), accountPrefix) }
	merged := slices.Concat(found[:]...)
	slices.SortFunc(merged, func(a, b dueItem) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(accountOf(a), accountOf(b)))
	})
	var accounts []string
	for _, i := range merged[:min(limit, len(merged))] {
		accounts = append(accounts, accountOf(i))
	}
	return accounts, nil
}
