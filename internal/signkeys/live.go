package signkeys

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/videovector/exports/internal/auth"
)

const (
	// RefreshAfter is the age of a copy at which it is looked up anew, beside the request that notices.
	RefreshAfter = 5 * time.Minute
	// MaxAge is the age at which a request waits for that: a process that slept may have missed a rotation. Rotations must
	// be further apart than this and a token's life together.
	MaxAge = time.Hour
	// tryAgainAfter is the wait after a try that failed.
	tryAgainAfter = time.Minute
	// patience bounds a try.
	patience = 5 * time.Second
)

// Live keeps a keyring's keys fresh. Lambda lets nothing run between requests, so it is requests that keep it so.
type Live struct {
	ring  *auth.Keyring
	load  func(ctx context.Context) (auth.Keys, error)
	clock func() time.Time
	log   *slog.Logger

	mu     sync.Mutex
	loaded time.Time // when the copy was made
	tried  time.Time
}

// NewLive makes the keyring of the keys that load gives now, and keeps it fresh by it.
func NewLive(ctx context.Context, load func(context.Context) (auth.Keys, error), clock func() time.Time, log *slog.Logger) (*Live, error) {
	l := &Live{load: load, clock: clock, log: log, loaded: clock()}
	keys, err := load(ctx)
	if err != nil {
		return nil, err
	}
	l.ring, err = auth.NewKeyring(keys)
	return l, err
}

// Keyring is the one that is kept fresh.
func (l *Live) Keyring() *auth.Keyring { return l.ring }

// Refresh is called before each request. It waits only for a copy older than MaxAge. A copy that can't be made anew goes
// on being used: what it signs is accepted as long as there was not more than one rotation.
func (l *Live) Refresh(ctx context.Context) {
	age, due := l.due()
	switch {
	case !due:
	case age >= MaxAge:
		l.refresh(ctx)
	default:
		go l.refresh(context.WithoutCancel(ctx))
	}
}

// due reports the copy's age and whether it is this caller's turn to look.
func (l *Live) due() (age time.Duration, due bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock()
	age = now.Sub(l.loaded)
	if age < RefreshAfter || now.Sub(l.tried) < tryAgainAfter {
		return age, false
	}
	l.tried = now
	return age, true
}

func (l *Live) refresh(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	asked := l.clock()
	keys, err := l.load(ctx)
	if err == nil {
		err = l.ring.Replace(keys)
	}
	if err != nil {
		l.log.WarnContext(ctx, "the signing keys could not be looked up anew", "error", err.Error())
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.loaded = asked
}
