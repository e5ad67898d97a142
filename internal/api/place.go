package api

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/videovector/exports/internal/admission"
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

// placement is an export that is to get a place of its account's.
type placement struct {
	admissions Admissions
	limits     admission.Limits
	jitter     func() float64 // from 0 to 1; nil means random
	id         string
	now        time.Time
}

// write gives the export a place and lets write write both, until nobody of the account has come in between. Over the limits
// it fails with fault.Throttled, and nothing is written.
func (p placement) write(ctx context.Context, a admission.Account, write func(place admission.Account, waits bool) error) error {
	pause := firstTurn
	for turn := 1; ; turn++ {
		next, waits, err := a.Place(p.id, p.limits, p.now)
		if err != nil {
			return err
		}
		err = write(next, waits)
		if !errors.Is(err, store.ErrAdmissionMoved) {
			return err
		}
		if turn == turns {
			return errContended
		}
		if err := p.pause(ctx, pause); err != nil {
			return err
		}
		pause = min(2*pause, lastTurn)
		if a, err = p.admissions.Admission(ctx, a.AccountID); err != nil {
			return err
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
