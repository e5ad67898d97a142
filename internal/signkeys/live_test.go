package signkeys_test

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/signkeys"
	"github.com/videovector/exports/internal/signkeys/memvault"
)

// reader is a process that has a copy of the keys.
func reader(t *testing.T, v *memvault.Vault) *signkeys.Live {
	t.Helper()
	l, err := signkeys.NewLive(t.Context(), func(context.Context) (auth.Keys, error) { return signkeys.Parse(v.Secret()) }, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestEveryValidTokenIsAccepted lets many processes sign and verify through many rotations, some of them asleep for long
// in between. Whichever signs and whichever verifies, and whenever they last looked, a token opens until it ends.
func TestEveryValidTokenIsAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(1, 2))
		v := newVault()
		processes := make([]*signkeys.Live, 20)
		for n := range processes {
			processes[n] = reader(t, v)
		}
		type minted struct {
			token string
			at    time.Time
		}
		var tokens []minted
		opened, nextRotation, rotations := 0, time.Now().Add(time.Hour), 0
		for rotations < 12 {
			time.Sleep(time.Duration(random.IntN(120)) * time.Second)
			if now := time.Now(); now.After(nextRotation) {
				rotations++
				rotate(t, v, version(rotations), 1)
				nextRotation = now.Add(signkeys.MaxAge + auth.TokenLife + time.Minute) // as close as they may be
			}
			signer := processes[random.IntN(len(processes)/2)] // half of them sleep much
			signer.Refresh(t.Context())
			token, err := signer.Keyring().MintToken(auth.Grant{AccountID: "acct", ExportID: "exp", KeyHash: auth.Digest("key")}, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			tokens = append(tokens, minted{token, time.Now()})
			for len(tokens) > 0 && time.Since(tokens[0].at) >= auth.TokenLife {
				tokens = tokens[1:]
			}
			for _, m := range tokens {
				opener := processes[random.IntN(len(processes))]
				if random.IntN(20) > 0 {
					opener = processes[random.IntN(3)]
				}
				opener.Refresh(t.Context())
				if _, err := opener.Keyring().OpenToken(m.token, time.Now()); err != nil {
					t.Fatalf("a token of %v ago was refused, %d rotations in", time.Since(m.at), rotations)
				}
				opened++
			}
			synctest.Wait()
		}
		if opened < 1000 {
			t.Errorf("only %d tokens were opened", opened)
		}
	})
}

// TestWithoutNextAReaderWouldBeLost: what the third key is for. Signed with a key that was never shown before, a token
// reaches a reader of the old copy, and is refused.
func TestWithoutNextAReaderWouldBeLost(t *testing.T) {
	v := newVault()
	old := reader(t, v)
	fresh := strings.Repeat("f", auth.MinKeyBytes)
	ring, err := auth.NewKeyring(auth.Keys{Previous: []byte(first), Current: []byte(fresh)})
	if err != nil {
		t.Fatal(err)
	}
	token, err := ring.MintToken(auth.Grant{AccountID: "acct", KeyHash: auth.Digest("key")}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := old.Keyring().OpenToken(token, time.Now()); err == nil {
		t.Error("the copy knows a key that it was never given")
	}
}

// TestWhenACopyIsRefreshed: not before it is due, then beside the request, and before it when the copy is too old.
func TestWhenACopyIsRefreshed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var loads atomic.Int64
		var failure error
		load := func(context.Context) (auth.Keys, error) {
			loads.Add(1)
			time.Sleep(time.Second)
			return auth.Keys{Current: []byte(first)}, failure
		}
		l, err := signkeys.NewLive(t.Context(), load, time.Now, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			after  time.Duration
			fails  error
			loads  int64
			waited time.Duration
		}{
			{signkeys.RefreshAfter - 10*time.Second, nil, 1, 0}, // fresh
			{20 * time.Second, errors.New("no reply"), 2, 0},    // due, and refused
			{10 * time.Second, nil, 2, 0},                       // not again at once
			{time.Minute, nil, 3, 0},
			{time.Second, nil, 3, 0},
			{signkeys.MaxAge + time.Second, errors.New("no reply"), 4, time.Second}, // too old, and refused
			{2 * time.Second, nil, 4, 0},                                            // the old copy goes on
			{time.Minute, nil, 5, time.Second},
			{time.Second, nil, 5, 0},
		} {
			time.Sleep(c.after)
			failure = c.fails
			begun := time.Now()
			l.Refresh(t.Context())
			if waited := time.Since(begun); waited != c.waited {
				t.Errorf("after %v more a request waited %v, want %v", c.after, waited, c.waited)
			}
			time.Sleep(2 * time.Second)
			synctest.Wait()
			if got := loads.Load(); got != c.loads {
				t.Errorf("after %v more there were %d loads, want %d", c.after, got, c.loads)
			}
		}
	})
}

// TestABadCopyChangesNothing: keys that can't be used leave those that can.
func TestABadCopyChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys := auth.Keys{Current: []byte(first)}
		l, err := signkeys.NewLive(t.Context(), func(context.Context) (auth.Keys, error) { return keys, nil }, time.Now, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		token, err := l.Keyring().MintToken(auth.Grant{AccountID: "acct", KeyHash: auth.Digest("key")}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		keys = auth.Keys{Current: []byte("short")}
		time.Sleep(2 * signkeys.RefreshAfter)
		l.Refresh(t.Context())
		synctest.Wait()
		if _, err := l.Keyring().OpenToken(token, time.Now().Add(-2*signkeys.RefreshAfter)); err != nil {
			t.Errorf("the copy that worked is gone: %v", err)
		}
	})
}
