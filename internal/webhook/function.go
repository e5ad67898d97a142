package webhook

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/videovector/exports/internal/changes"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// Function sends events. Two call it: the pipe, with a batch of exports that have ended, and a schedule, for what is due:
// again, or still.
type Function struct {
	Publisher Publisher
	Sender    Sender
	Holds     *Holds // of the pipe's calls
	Due       Due
	Clock     func() time.Time
	Log       *slog.Logger
}

// Due is what the schedule needs of the record store.
type Due interface {
	DueDeliveries(ctx context.Context, now time.Time, limit int) ([]store.DeliveryRef, error)
}

const (
	// pipeTime is for how long a call of the pipe begins attempts. It ends once these have, a receiver's Patience later at most.
	pipeTime = 500 * time.Millisecond
	// dueBatch is how many deliveries the schedule finds at once, and dueShare how many of them it tries that are one account's.
	// roundTime is for how long it begins attempts at them, and dueRounds how often it does so in a call; the rest is due a
	// minute later.
	dueBatch  = 8000
	dueShare  = 400
	roundTime = 15 * time.Second
	dueRounds = 4
)

// Handle writes the batch's deliveries down and then makes an attempt at each there is time for; a receiver that fails, or is
// slow, is no failure of the batch's, since the schedule comes to its events.
func (f Function) Handle(ctx context.Context, in changes.Event) (changes.Result, error) {
	if in.Scheduled {
		err := f.sendDue(ctx)
		if err == nil {
			f.Sender.Metrics.EventsRun(ctx)
		}
		return changes.Result{Failures: []changes.Failure{}}, err
	}
	if len(in.Batch) == 0 {
		return changes.Result{}, fault.New(fault.Invalid, "event_unreadable", "The event is neither a batch of changes nor the schedule's.")
	}
	var refs []store.DeliveryRef
	out, err := changes.Subscriber{
		Export: func(ctx context.Context, c changes.Export) error {
			made, err := f.Publisher.Publish(ctx, c)
			refs = append(refs, made...)
			return err
		},
		Log: f.Log,
	}.Handle(ctx, in.Batch)
	refs = slices.DeleteFunc(refs, func(r store.DeliveryRef) bool { return !f.Holds.free(receiverOf(r), f.Clock()) })
	round := f.Sender.SendAll(ctx, store.InTurns(refs, store.DeliveryRef.Owner, len(refs)), pipeTime, f.Holds)
	f.Holds.noteHeld(round.Longest, f.Clock())
	return out, err
}

// sendDue makes attempts at what is due, batch after batch. What is beyond an account's share is put back, and what is left for
// receivers that were silent, so that it keeps nobody's from being found.
func (f Function) sendDue(ctx context.Context) error {
	for range dueRounds {
		refs, err := f.Due.DueDeliveries(ctx, f.Clock(), dueBatch)
		if err != nil {
			return err
		}
		f.sendRound(ctx, refs)
		if len(refs) == 0 || !timeFor(ctx, roundTime+2*Patience) {
			break
		}
	}
	return nil
}

func (f Function) sendRound(ctx context.Context, refs []store.DeliveryRef) {
	share, beyond := shares(refs)
	var all sync.WaitGroup
	all.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, roundTime)
		defer cancel()
		f.Sender.PutBack(ctx, beyond)
	})
	round := f.Sender.SendAll(ctx, share, roundTime, f.Holds)
	f.Holds.note(round.Longest, f.Clock())
	f.Sender.PutBack(ctx, round.Silent)
	all.Wait()
}

// shares parts what is due into what is tried, accounts in turns, and what is beyond its account's share. Within an account
// webhooks take turns, so one that has much due leaves the others their place.
func shares(refs []store.DeliveryRef) (share, beyond []store.DeliveryRef) {
	byWebhook := func(ref store.DeliveryRef) string { return ref.AccountID + " " + receiverOf(ref).Prefix }
	n := map[string]int{}
	for _, ref := range store.InTurns(refs, byWebhook, len(refs)) {
		if n[ref.AccountID]++; n[ref.AccountID] <= dueShare {
			share = append(share, ref)
		} else {
			beyond = append(beyond, ref)
		}
	}
	return store.InTurns(share, store.DeliveryRef.Owner, len(share)), beyond
}
