package webhook

import (
	"sync"
	"time"
)

const (
	// prompt is how long an attempt may take without being counted.
	prompt = 250 * time.Millisecond
	// holdShare is the part of all time for which receivers may hold calls of the pipe up for good: what p99 doesn't see.
	holdShare = 0.004
	// heldByOne is how much one webhook may use of that beforehand, and heldByAll all of an account's together. A webhook that
	// never answers uses its own up with one attempt, and leaves the account's others theirs; two such use up the account's.
	heldByOne = Patience / 5
	heldByAll = Patience * 6 / 5
	// longestDebt is how much is remembered beyond that: it is paid in an hour.
	longestDebt = time.Duration(float64(time.Hour) * holdShare)
	// mostHolds is how many debts are remembered before those are forgotten that are paid.
	mostHolds = 1000
)

// Holds remembers how long receivers have taken, and held calls of the pipe up. Such a call holds up what comes after it in its
// lane, whosever it is; so it sends nothing to a webhook that has used up what it may take, or whose account has: the schedule
// does within a minute. What is remembered is this process's own, and lost with it. The zero value and nil are ready for use; nil
// remembers nothing.
type Holds struct {
	mu   sync.Mutex
	owed map[Receiver]debt // an account's own stands under an empty prefix
}

type debt struct {
	d  time.Duration // what was taken and isn't paid yet
	at time.Time     // when that was so
}

// paid is the debt by now.
func (d debt) paid(now time.Time) debt {
	return debt{max(0, d.d-time.Duration(float64(now.Sub(d.at))*holdShare)), now}
}

// slow reports whether the receiver has used up what it may take.
func (h *Holds) slow(r Receiver, now time.Time) bool {
	return h.owes(r, now) >= heldByOne
}

// free reports whether a call of the pipe may wait for the receiver.
func (h *Holds) free(r Receiver, now time.Time) bool {
	return !h.slow(r, now) && h.owes(Receiver{r.AccountID, ""}, now) < heldByAll
}

func (h *Holds) owes(r Receiver, now time.Time) time.Duration {
	if h == nil {
		return 0
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.owed[r].paid(now).d
}

// note adds what receivers have taken in a call of the schedule, which holds nobody up but tells of them.
func (h *Holds) note(longest map[Receiver]time.Duration, now time.Time) {
	for r, took := range longest {
		h.add(r, took-prompt, heldByOne, now)
	}
}

// noteHeld adds what they have taken in a call of the pipe. Those of an account were waited for at the same time.
func (h *Holds) noteHeld(longest map[Receiver]time.Duration, now time.Time) {
	h.note(longest, now)
	accounts := map[Receiver]time.Duration{}
	for r, took := range longest {
		account := Receiver{r.AccountID, ""}
		accounts[account] = max(accounts[account], took)
	}
	for account, took := range accounts {
		h.add(account, took-prompt, heldByAll, now)
	}
}

func (h *Holds) add(r Receiver, took, free time.Duration, now time.Time) {
	if h == nil || took <= 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.owed == nil {
		h.owed = map[Receiver]debt{}
	}
	if len(h.owed) >= mostHolds {
		for r, d := range h.owed {
			if d.paid(now).d == 0 {
				delete(h.owed, r)
			}
		}
	}
	d := h.owed[r].paid(now)
	d.d = min(d.d+took, free+longestDebt)
	h.owed[r] = d
}
