package signkeys_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/signkeys"
	"github.com/videovector/exports/internal/signkeys/memvault"
)

const secretID = "arn:secret"

// steps are a rotation's, in the order in which Secrets Manager calls them.
var steps = []string{"createSecret", "setSecret", "testSecret", "finishSecret"}

var first = strings.Repeat("k", auth.MinKeyBytes)

func newVault() *memvault.Vault { return memvault.New("v0", `{"current":"`+first+`"}`) }

func keysOf(t *testing.T, v *memvault.Vault) auth.Keys {
	t.Helper()
	k, err := signkeys.Parse(v.Secret())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func event(step, version string) signkeys.Event {
	return signkeys.Event{Step: step, SecretID: secretID, Version: version}
}

// rotate begins a version and does every step, so many times each.
func rotate(t *testing.T, v *memvault.Vault, version string, times int) {
	t.Helper()
	v.Begin(version)
	r := signkeys.Rotation{SecretID: secretID, Vault: v}
	for _, step := range steps {
		for range times {
			if _, err := r.Handle(t.Context(), event(step, version)); err != nil {
				t.Fatalf("%s of %s: %v", step, version, err)
			}
		}
	}
}

// TestRotation: the first one only adds a key; from then on the next one becomes current, and the current one previous.
func TestRotation(t *testing.T) {
	for _, times := range []int{1, 2} {
		v := newVault()
		rotate(t, v, "v1", times)
		one := keysOf(t, v)
		if string(one.Current) != first || len(one.Previous) > 0 || len(one.Next) != 64 {
			t.Errorf("after the first rotation, with every step done %d times: %d, %d and %d bytes", times, len(one.Previous), len(one.Current), len(one.Next))
		}
		rotate(t, v, "v2", times)
		two := keysOf(t, v)
		if !bytes.Equal(two.Current, one.Next) || !bytes.Equal(two.Previous, one.Current) || bytes.Equal(two.Next, one.Next) || len(two.Next) != 64 {
			t.Errorf("after the second one, with every step done %d times, the keys are not one further", times)
		}
	}
}

// TestInterruptedAnywhere fails after each effect, and goes on as Secrets Manager does: from the start, with the same
// version. The outcome is that of one undisturbed rotation.
func TestInterruptedAnywhere(t *testing.T) {
	for at := 1; ; at++ {
		v := newVault()
		rotate(t, v, "v1", 1)
		before := keysOf(t, v)
		effects := 0
		v.After = func(string) error {
			if effects++; effects == at {
				return fault.New(fault.Unavailable, "lost", "The reply was lost.")
			}
			return nil
		}
		v.Begin("v2")
		r := signkeys.Rotation{SecretID: secretID, Vault: v}
		failures := 0
		for begun := 0; begun < len(steps); begun++ {
			if _, err := r.Handle(t.Context(), event(steps[begun], "v2")); err != nil {
				failures++
				begun = -1
			}
		}
		after := keysOf(t, v)
		if !bytes.Equal(after.Current, before.Next) || !bytes.Equal(after.Previous, before.Current) {
			t.Errorf("interrupted after effect %d, the keys are not one further", at)
		}
		if failures == 0 {
			if at < 8 {
				t.Errorf("only %d effects", at)
			}
			return
		}
	}
}

// TestTwins: of two that run the same rotation at once, both end well, and the keys are one further.
func TestTwins(t *testing.T) {
	v := newVault()
	rotate(t, v, "v1", 1)
	before := keysOf(t, v)
	v.Begin("v2")
	r := signkeys.Rotation{SecretID: secretID, Vault: v}
	for _, step := range steps {
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() {
				_, err := r.Handle(t.Context(), event(step, "v2"))
				if err != nil && step != "finishSecret" { // the second one may find the label gone, and is repeated
					t.Errorf("%s: %v", step, err)
				}
			})
		}
		both.Wait()
	}
	if after := keysOf(t, v); !bytes.Equal(after.Current, before.Next) || !bytes.Equal(after.Previous, before.Current) {
		t.Error("the keys are not one further")
	}
}

// TestRefusals: what isn't a step of a rotation that is going on changes nothing.
func TestRefusals(t *testing.T) {
	for name, in := range map[string]signkeys.Event{
		"no step":               event("", "v1"),
		"unknown step":          event("deleteSecret", "v1"),
		"another secret":        {Step: "createSecret", SecretID: "arn:other", Version: "v1"},
		"unknown version":       event("createSecret", "v9"),
		"test before create":    event("testSecret", "v1"),
		"finish before create":  event("finishSecret", "v1"),
		"a version with no tag": event("createSecret", ""),
	} {
		v := newVault()
		v.Begin("v1")
		before := v.Secret()
		if _, err := (signkeys.Rotation{SecretID: secretID, Vault: v}).Handle(t.Context(), in); err == nil {
			t.Errorf("%s: accepted", name)
		}
		if v.Secret() != before {
			t.Errorf("%s: changed the keys", name)
		}
	}
}

// TestTestFindsKeysThatSplitReaders: a pending version that doesn't know the current key is never made current.
func TestTestFindsKeysThatSplitReaders(t *testing.T) {
	for _, value := range []string{`{"current":"` + strings.Repeat("x", 40) + `"}`, `{"current":"short"}`, `nonsense`, `{}`} {
		v := newVault()
		v.Begin("v1")
		if err := v.Put(t.Context(), "v1", value); err != nil {
			t.Fatal(err)
		}
		r := signkeys.Rotation{SecretID: secretID, Vault: v}
		for _, step := range []string{"testSecret", "finishSecret"} {
			_, err := r.Handle(t.Context(), event(step, "v1"))
			if !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), strings.Repeat("x", 8)) {
				t.Errorf("%s of %.20s…: %v", step, value, err)
			}
		}
		if string(keysOf(t, v).Current) != first {
			t.Errorf("%.20s… was made current", value)
		}
	}
}

func TestParseFormat(t *testing.T) {
	for _, k := range []auth.Keys{
		{Current: []byte("a")}, {Previous: []byte("a"), Current: []byte("b")}, {Previous: []byte("a"), Current: []byte("b"), Next: []byte("c")},
	} {
		text, err := signkeys.Format(k)
		if err != nil {
			t.Fatal(err)
		}
		got, err := signkeys.Parse(text)
		if err != nil || !slices.EqualFunc([][]byte{k.Previous, k.Current, k.Next}, [][]byte{got.Previous, got.Current, got.Next}, bytes.Equal) {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{"", "canary", "[]", `{"previous":"canary"}`, `{"current":1,"next":"canary"}`} {
		if _, err := signkeys.Parse(text); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestFailuresOfTheVaultAreTheCallers, so that Secrets Manager tries again.
func TestFailuresOfTheVaultAreTheCallers(t *testing.T) {
	v := newVault()
	v.Begin("v1")
	lost := errors.New("no reply")
	v.After = func(string) error { return lost }
	if _, err := (signkeys.Rotation{SecretID: secretID, Vault: v}).Handle(t.Context(), event("createSecret", "v1")); !errors.Is(err, lost) {
		t.Errorf("got %v", err)
	}
}

func version(n int) string { return fmt.Sprintf("v%d", n) }

// TestThreeRotationsEndEveryKey: after three rotations, and no fewer, none of the keys that were there is accepted.
func TestThreeRotationsEndEveryKey(t *testing.T) {
	before := auth.Keys{Previous: []byte("previous"), Current: []byte("current"), Next: []byte("next")}
	k := before
	for n := 1; n <= 3; n++ {
		k = signkeys.Advance(k, []byte{byte(n)})
		left := 0
		for _, old := range [][]byte{before.Previous, before.Current, before.Next} {
			for _, key := range [][]byte{k.Previous, k.Current, k.Next} {
				if bytes.Equal(old, key) {
					left++
				}
			}
		}
		if left != 3-n {
			t.Errorf("after %d rotations %d of the keys are accepted, want %d", n, left, 3-n)
		}
	}
}
