package api

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// firstTurn and lastTurn frame the pauses of requests of one account that take turns: 10 ms, doubling, ten of them and some
// 2 s at most.
const (
	firstTurn = 10 * time.Millisecond
	lastTurn  = 320 * time.Millisecond
	turns     = 10
)

// errContended refuses a request that others of its account have overtaken again and again.
var errContended = fault.New(fault.Throttled, "create_contended", "Too many requests of this account want to create exports at this moment.")

// Admissions is what gives exports their places.
type Admissions interface {
	Admission(ctx context.Context, account string) (admission.Account, error)
}

// Remembered is what tells of earlier requests.
type Remembered interface {
	Idempotency(ctx context.Context, key store.IdempotencyKey, now time.Time) (store.Idempotency, error)
}

// remembered is the record that an earlier request with the key has left; fault.NotFound without one, or without a key.
func remembered(ctx context.Context, records Remembered, memo *store.Idempotency, now time.Time) (store.Idempotency, error) {
	if memo == nil {
		return store.Idempotency{}, store.ErrIdempotencyNotFound
	}
	return records.Idempotency(ctx, memo.IdempotencyKey, now)
}

// placement is an export that is to get a place of its account's, at the wish of a request under a key or, with memo nil, of
// one without.
type placement struct {
	records interface {
		Admissions
		Remembered
	}
	limits admission.Limits
	jitter func() float64 // from 0 to 1; nil means random
	export export.Export
	memo   *store.Idempotency
	now    time.Time
}

// write gives the export a place, which is in a or in what has become of it, and lets write write both, until nobody of the
// account has come in between. Unless write is done, an earlier request's record is given: also where the limits would refuse
// this one, since that one may have taken the last place. Over the limits it fails with fault.Throttled else, or, if it can't
// be known whether there was an earlier one, with that failure, and nothing is written.
func (p placement) write(ctx context.Context, a admission.Account, write placedWrite) (first store.Idempotency, done bool, err error) {
	first, done, err = p.inTurn(ctx, a, write)
	if fault.Is(err, fault.Throttled) {
		switch earlier, failed := remembered(ctx, p.records, p.memo, p.now); {
		case failed == nil:
			return earlier, false, nil
		case !fault.Is(failed, fault.NotFound): // nobody knows whether the limits are for this request
			return first, false, failed
		}
	}
	return first, done, err
}

// placedWrite writes an export and its place. Unless it is done, an earlier request's record stands there.
type placedWrite func(e export.Export, place admission.Account) (first store.Idempotency, done bool, err error)

func (p placement) inTurn(ctx context.Context, a admission.Account, write placedWrite) (first store.Idempotency, done bool, err error) {
	pause := firstTurn
	for turn := 1; ; turn++ {
		next, waits, err := a.Place(p.export.ID, p.limits, p.now)
		if err != nil {
			return first, false, err
		}
		e := p.export
		if waits {
			e = e.AwaitSlot()
		}
		first, done, err = write(e, next)
		if !errors.Is(err, store.ErrAdmissionMoved) {
			return first, done, err
		}
		if turn == turns {
			return first, false, errContended
		}
		if err := p.pause(ctx, pause); err != nil {
			return first, false, err
		}
		pause = min(2*pause, lastTurn)
		if a, err = p.records.Admission(ctx, a.AccountID); err != nil {
			return first, false, err
		}
	}
}

// pause waits between half of d and d, so that those who met don't meet again.
func (p placement) pause(ctx context.Context, d time.Duration) error {
	jitter := p.jitter
	if jitter == nil {
		jitter = rand.Float64
	}
	select {
	case <-ctx.Done():
		return store.Busy(ctx.Err())
	case <-time.After(d/2 + time.Duration(jitter()*float64(d/2))):
		return nil
	}
}
