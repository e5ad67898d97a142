package store

import (
	"context"
	"slices"
	"time"

	"github.com/videovector/exports/internal/admission"
)

// Admissions keeps the admission of each account. CreateExport and SaveExportOnce write it as well, together with an export
// that takes a place.
type Admissions interface {
	// Admission is the account's; one of revision 0 that nobody is in if none was written yet.
	Admission(ctx context.Context, account string) (admission.Account, error)
	// SaveAdmission replaces the admission if the stored one is of next's Revision, and returns it with its new one. Another
	// revision fails with fault.Unavailable: read it and try again. A lost reply may make it fail so although it was done.
	SaveAdmission(ctx context.Context, next admission.Account) (admission.Account, error)
	// DueAdmissions lists accounts whose admission's DueAt is not after now, soonest first. It may lag behind writes, so its
	// reader loads a record before acting on it.
	DueAdmissions(ctx context.Context, now time.Time, limit int) (accounts []string, err error)
}

// ErrAdmissionMoved is why an export was not written whose place was decided on an admission that someone else has written
// since: nothing was written, and the place is to be decided anew.
var ErrAdmissionMoved = Overtaken("admission")

// InTurns gives what is due, which is listed soonest first, in the order in which accounts take turns: each account's soonest,
// then each one's second, and so on, limit at most. So nobody who has much due keeps others from their turn.
func InTurns[T any](due []T, account func(T) string, limit int) []T {
	type place struct {
		due  T
		turn int
	}
	turns := map[string]int{}
	places := make([]place, len(due))
	for n, d := range due {
		places[n] = place{d, turns[account(d)]}
		turns[account(d)]++
	}
	slices.SortStableFunc(places, func(a, b place) int { return a.turn - b.turn })
	var first []T
	for _, p := range places[:min(limit, len(places))] {
		first = append(first, p.due)
	}
	return first
}
