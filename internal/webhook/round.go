package webhook

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/logattr"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/tenant"
)

const (
	// together is how many attempts are made at the same time, and ofOneAccount how many of them are one account's.
	together     = 32
	ofOneAccount = together / 4
)

// SendAll makes an attempt at each, the first of them first, and begins none once the time is over or ctx leaves none for
// one. The rest stays due; of that it gives what belongs to accounts that had as many attempts under way as an account may.
func (s Sender) SendAll(ctx context.Context, refs []store.DeliveryRef, within time.Duration) (crowding []store.DeliveryRef) {
	q := newQueue(refs)
	begun := s.Clock()
	var all sync.WaitGroup
	for range min(together, len(refs)) {
		all.Go(func() {
			for {
				ref, ok := q.next(func() bool { return s.Clock().Sub(begun) <= within && timeFor(ctx, 2*Patience) })
				if !ok {
					return
				}
				s.attempt(ctx, ref)
				q.done(ref.AccountID)
			}
		})
	}
	all.Wait()
	return q.crowding()
}

// attempt is Send for one of many: its failure is logged.
func (s Sender) attempt(ctx context.Context, ref store.DeliveryRef) {
	ctx = about(ctx, ref)
	begun := s.Clock()
	if err := s.Send(ctx, ref); err != nil {
		s.Log.ErrorContext(ctx, "an attempt could not be made or noted", "code", fault.As(err).Code, "error", err.Error())
	}
	s.Holds.note(ref.AccountID, s.Clock().Sub(begun), s.Clock())
}

func about(ctx context.Context, ref store.DeliveryRef) context.Context {
	return logattr.With(tenant.With(ctx, ref.AccountID), slog.String("account_id", ref.AccountID), slog.String("delivery_id", ref.DeliveryID))
}

// timeFor reports whether ctx lasts that long.
func timeFor(ctx context.Context, d time.Duration) bool {
	if ctx.Err() != nil {
		return false
	}
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline) > d
}

// queue gives deliveries out to those who send them. Whoever asks while the accounts of all that is left have as many under
// way as they may waits for one of these to end.
type queue struct {
	mu     sync.Mutex
	moved  *sync.Cond
	left   []store.DeliveryRef
	under  map[string]int  // attempts under way, by account
	full   map[string]bool // accounts that once had no room
	closed bool
}

func newQueue(refs []store.DeliveryRef) *queue {
	q := &queue{left: slices.Clone(refs), under: map[string]int{}, full: map[string]bool{}}
	q.moved = sync.NewCond(&q.mu)
	return q
}

// next is the first delivery whose account has room, until nothing is left or it isn't open any more.
func (q *queue) next(open func() bool) (ref store.DeliveryRef, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.left) > 0 && !q.closed {
		if !open() {
			q.closed = true
			break
		}
		if n := slices.IndexFunc(q.left, q.hasRoom); n >= 0 {
			ref = q.left[n]
			q.left = slices.Delete(q.left, n, n+1)
			q.under[ref.AccountID]++
			return ref, true
		}
		q.moved.Wait()
	}
	q.moved.Broadcast()
	return ref, false
}

func (q *queue) hasRoom(ref store.DeliveryRef) bool {
	room := q.under[ref.AccountID] < ofOneAccount
	if !room {
		q.full[ref.AccountID] = true
	}
	return room
}

// crowding is what is left of accounts that once had no room.
func (q *queue) crowding() (refs []store.DeliveryRef) {
	for _, ref := range q.left {
		if q.full[ref.AccountID] {
			refs = append(refs, ref)
		}
	}
	return refs
}

func (q *queue) done(account string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.under[account]--
	q.moved.Broadcast()
}

// PutBack lets deliveries wait for which there is no room, the longer the older they are, so that they keep nobody's from
// being found. One whose day is over has failed.
func (s Sender) PutBack(ctx context.Context, refs []store.DeliveryRef) {
	next := make(chan store.DeliveryRef, len(refs))
	for _, ref := range refs {
		next <- ref
	}
	close(next)
	var all sync.WaitGroup
	for range min(together, len(refs)) {
		all.Go(func() {
			for ref := range next {
				ctx := about(ctx, ref)
				if err := s.putBack(ctx, ref); err != nil {
					s.Log.ErrorContext(ctx, "a delivery could not be put back", "code", fault.As(err).Code, "error", err.Error())
				}
			}
		})
	}
	all.Wait()
}

func (s Sender) putBack(ctx context.Context, ref store.DeliveryRef) error {
	now := s.Clock()
	d, err := s.Records.Delivery(ctx, ref.AccountID, ref.DeliveryID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil || d.DueAt.IsZero() || d.DueAt.After(now) {
		return err
	}
	next := d
	age := now.Sub(d.GiveUpAt.Add(-GiveUpAfter))
	next.DueAt = export.Stamp(now.Add(s.spread(min(max(age, cmp.Or(s.FirstRetry, FirstRetry)), lastRetry))))
	if now.After(d.GiveUpAt) {
		next = end(d, cmp.Or(d.ErrorMessage, "The account's receivers took too long for all of its events to be sent."), now)
	}
	if _, err = s.Records.SaveDelivery(ctx, next, d.Revision); err == nil && next.Status == Failed {
		s.Metrics.EventFailed(ctx)
	}
	return unlessOvertaken(err)
}
