package webhook

import (
	"sync"
	"time"
)

const (
	// prompt is how long an attempt may take without being counted.
	prompt = 250 * time.Millisecond
	// holdAtOnce is how much an account's receivers may take beyond that before its events are left to the schedule, and
	// holdShare the part of all time that they may take for good: what p99 doesn't see.
	holdAtOnce = Patience / 2
	holdShare  = 0.005
	// longestDebt is how much is remembered: it is paid in an hour.
	longestDebt = time.Duration(float64(time.Hour) * holdShare)
	// mostHolds is how many accounts are remembered before those are forgotten that owe nothing any more.
	mostHolds = 1000
)

// Holds remembers how long each account's receivers keep their caller waiting. A call of the pipe holds up what comes after
// it in its lane, whosever it is; so it sends nothing of an account whose receivers have used up what they may take, and the
// schedule does within a minute. What is remembered is this process's own, and lost with it. The zero value and nil are
// ready for use; nil remembers nothing.
type Holds struct {
	mu   sync.Mutex
	owed map[string]debt // by account
}

type debt struct {
	d  time.Duration // what was taken and isn't paid yet
	at time.Time     // when that was so
}

// paid is the debt by now.
func (d debt) paid(now time.Time) debt {
	return debt{max(0, d.d-time.Duration(float64(now.Sub(d.at))*holdShare)), now}
}

// free reports whether the account may have a call of the pipe wait for its receivers.
func (h *Holds) free(account string, now time.Time) bool {
	if h == nil {
		return true
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.owed[account].paid(now).d < holdAtOnce
}

// note adds what an attempt has taken.
func (h *Holds) note(account string, took time.Duration, now time.Time) {
	if h == nil || took <= prompt {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.owed == nil {
		h.owed = map[string]debt{}
	}
	if len(h.owed) >= mostHolds {
		for a, d := range h.owed {
			if d.paid(now).d == 0 {
				delete(h.owed, a)
			}
		}
	}
	d := h.owed[account].paid(now)
	d.d = min(d.d+took-prompt, holdAtOnce+longestDebt)
	h.owed[account] = d
}
