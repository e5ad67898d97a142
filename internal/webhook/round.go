package webhook

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/logattr"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/tenant"
)

const (
	// together is how many attempts a round makes at the same time, ofOneAccount how many of them are one account's, and
	// ofOneWebhook how many go to one webhook.
	together     = 32
	ofOneAccount = together / 4
	ofOneWebhook = ofOneAccount / 2
	// slowness is how long a receiver takes that gets one attempt at a time, and ofSlow how many attempts all such have.
	slowness = 2 * time.Second
	ofSlow   = together / 2
	// silence is how long one takes that gets no other attempt in the round, unless another one of it ended sooner.
	silence = Patience * 9 / 10
)

// Round is what became of deliveries that were sent together.
type Round struct {
	// Silent is what was left for receivers that were silent.
	Silent []store.DeliveryRef
	// Longest is how long the receivers of each webhook took at most.
	Longest map[Receiver]time.Duration
}

// Receiver names a webhook by what the ids of its deliveries begin with.
type Receiver struct{ AccountID, Prefix string }

func receiverOf(ref store.DeliveryRef) Receiver {
	prefix, _, _ := strings.Cut(strings.TrimPrefix(ref.DeliveryID, "dlv_"), "_")
	return Receiver{ref.AccountID, prefix}
}

// SendAll makes an attempt at each, the first of them first, and begins none once the time is over or ctx leaves none for
// one. The rest stays due. Holds tell which receivers have been slow lately.
func (s Sender) SendAll(ctx context.Context, refs []store.DeliveryRef, within time.Duration, holds *Holds) Round {
	q := newQueue(refs, func(r Receiver) bool { return holds.slow(r, s.Clock()) })
	begun := s.Clock()
	var all sync.WaitGroup
	for range min(together, len(refs)) {
		all.Go(func() {
			for {
				ref, ok := q.next(func() bool { return s.Clock().Sub(begun) <= within && timeFor(ctx, 2*Patience) })
				if !ok {
					return
				}
				q.done(ref, s.attempt(ctx, ref))
			}
		})
	}
	all.Wait()
	return q.round
}

// attempt is Send for one of many: its failure is logged. It says how long the receiver took.
func (s Sender) attempt(ctx context.Context, ref store.DeliveryRef) time.Duration {
	ctx = about(ctx, ref)
	took, err := s.Send(ctx, ref)
	if err != nil {
		s.Log.ErrorContext(ctx, "an attempt could not be made or noted", "code", fault.As(err).Code, "error", err.Error())
	}
	return took
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

// queue gives deliveries out to those who send them. Whoever asks while there is no room for any that is left waits for an
// attempt to end.
type queue struct {
	mu     sync.Mutex
	moved  *sync.Cond
	left   []store.DeliveryRef
	closed bool
	round  Round

	accounts map[string]int   // attempts under way
	hooks    map[Receiver]int // attempts under way
	slow     map[Receiver]bool
	alive    map[Receiver]bool          // that have ended an attempt before they were silent
	slowly   map[store.DeliveryRef]bool // attempts under way at slow receivers
}

// newQueue asks once of each receiver whether it has been slow lately.
func newQueue(refs []store.DeliveryRef, wasSlow func(Receiver) bool) *queue {
	q := &queue{
		left: slices.Clone(refs), round: Round{Longest: map[Receiver]time.Duration{}}, accounts: map[string]int{}, hooks: map[Receiver]int{},
		slow: map[Receiver]bool{}, alive: map[Receiver]bool{}, slowly: map[store.DeliveryRef]bool{},
	}
	for _, ref := range refs {
		if to := receiverOf(ref); !q.slow[to] {
			q.slow[to] = wasSlow(to)
		}
	}
	q.moved = sync.NewCond(&q.mu)
	return q
}

// next is the first delivery that there is room for, until nothing is left or it isn't open any more.
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
			q.begin(ref)
			return ref, true
		}
		q.moved.Wait()
	}
	q.moved.Broadcast()
	return ref, false
}

func (q *queue) hasRoom(ref store.DeliveryRef) bool {
	to := receiverOf(ref)
	if q.slow[to] && (q.hooks[to] > 0 || len(q.slowly) >= ofSlow) {
		return false
	}
	return q.accounts[ref.AccountID] < ofOneAccount && q.hooks[to] < ofOneWebhook
}

func (q *queue) begin(ref store.DeliveryRef) {
	to := receiverOf(ref)
	q.accounts[ref.AccountID]++
	q.hooks[to]++
	if q.slow[to] {
		q.slowly[ref] = true
	}
}

// done ends an attempt. What is left for a receiver that was silent is not tried in this round.
func (q *queue) done(ref store.DeliveryRef, took time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	to := receiverOf(ref)
	q.accounts[ref.AccountID]--
	q.hooks[to]--
	delete(q.slowly, ref)
	q.round.Longest[to] = max(q.round.Longest[to], took)
	q.slow[to] = q.slow[to] || took >= slowness
	q.alive[to] = q.alive[to] || took < silence
	if !q.alive[to] {
		q.left = slices.DeleteFunc(q.left, func(other store.DeliveryRef) bool {
			if receiverOf(other) != to {
				return false
			}
			q.round.Silent = append(q.round.Silent, other)
			return true
		})
	}
	q.moved.Broadcast()
}

// PutBack lets deliveries wait that there is no room for, the longer the older they are, so that they keep nobody's from being
// found. One that comes here again long after its day has failed; nobody is to blame for that but the day, so it doesn't count
// against the webhook.
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
	if now.After(d.GiveUpAt.Add(lastRetry)) && d.DueAt.After(d.GiveUpAt) {
		next := end(d, cmp.Or(d.ErrorMessage, "The webhook took too long for all of its events to be sent."), now)
		if _, err = s.Records.SaveDelivery(ctx, next, d.Revision); err == nil {
			s.Metrics.EventFailed(ctx)
		}
		return unlessOvertaken(err)
	}
	next := d
	if next.Status == Processing { // its process died
		next.Status = Retrying
	}
	age := now.Sub(d.GiveUpAt.Add(-GiveUpAfter))
	next.DueAt = export.Stamp(now.Add(s.spread(min(max(age, cmp.Or(s.FirstRetry, FirstRetry)), lastRetry))))
	_, err = s.Records.SaveDelivery(ctx, next, d.Revision)
	return unlessOvertaken(err)
}
