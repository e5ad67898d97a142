// Package sealtest is the conformance suite of sealing: what is sealed opens under its own context, unchanged, and in no
// other way.
package sealtest

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/seal"
)

// Record is the context of the suite's secrets.
var Record = seal.Context{AccountID: "acct_1", ConnectorID: "conn_1"}

const secret = `{"secret_access_key":"wJalrXUtnFEMI/K7MDENG"}`

// Run passes the sealers that open makes through the suite. Each call of open gives a sealer under a master key of its
// own.
func Run(t *testing.T, open func(t *testing.T) seal.Sealer) {
	for name, test := range map[string]func(*testing.T, seal.Sealer){
		"round trip":    testRoundTrip,
		"other record":  testOtherRecord,
		"flipped bit":   testFlippedBit,
		"cut and grown": testCut,
		"mixed":         testMixed,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
	t.Run("other master key", func(t *testing.T) {
		sealed := mustSeal(t, open(t), secret)
		Refuses(t, open(t), Record, sealed, "a secret under another master key")
	})
}

func mustSeal(t *testing.T, s seal.Sealer, plain string) []byte {
	t.Helper()
	sealed, err := s.Seal(t.Context(), Record, []byte(plain))
	if err != nil {
		t.Fatalf("Seal: %v", err)
	}
	return sealed
}

// Refuses checks that the sealed form does not open, and that the failure says nothing of it.
func Refuses(t *testing.T, s seal.Sealer, c seal.Context, sealed []byte, what string) {
	t.Helper()
	plain, err := s.Open(t.Context(), c, sealed)
	if err == nil || len(plain) > 0 {
		t.Errorf("%s opens: %q", what, plain)
		return
	}
	if f := fault.As(err); f.Kind != fault.Internal || f.Code != "secret_unreadable" || f.Message == "" || strings.Contains(f.Message, "acct_") {
		t.Errorf("%s fails with kind %d, %s: %q", what, f.Kind, f.Code, f.Message)
	}
}

func testRoundTrip(t *testing.T, s seal.Sealer) {
	for _, plain := range []string{"", "x", secret, strings.Repeat("long ", 100_000)} {
		sealed := mustSeal(t, s, plain)
		got, err := s.Open(t.Context(), Record, sealed)
		if err != nil || string(got) != plain {
			t.Errorf("a secret of %d bytes comes back with %d, %v", len(plain), len(got), err)
		}
		if plain != "" && bytes.Contains(sealed, []byte(plain)) && len(plain) > 1 {
			t.Error("the sealed form holds the secret in clear")
		}
	}
	if bytes.Equal(mustSeal(t, s, secret), mustSeal(t, s, secret)) {
		t.Error("the same secret is sealed to the same bytes twice")
	}
}

// testOtherRecord moves a secret to other records; some of them are spelt alike once account and connector are joined.
func testOtherRecord(t *testing.T, s seal.Sealer) {
	sealed := mustSeal(t, s, secret)
	for _, c := range []seal.Context{
		{AccountID: "acct_2", ConnectorID: "conn_1"}, {AccountID: "acct_1", ConnectorID: "conn_2"}, {AccountID: "conn_1", ConnectorID: "acct_1"},
		{AccountID: "acct_1c", ConnectorID: "onn_1"}, {AccountID: "acct_", ConnectorID: "1conn_1"}, {AccountID: "acct_1conn_1"},
		{ConnectorID: "acct_1conn_1"}, {AccountID: "acct_1"}, {ConnectorID: "conn_1"}, {}, {AccountID: "ACCT_1", ConnectorID: "conn_1"},
	} {
		Refuses(t, s, c, sealed, "the secret of another record")
	}
}

func testFlippedBit(t *testing.T, s seal.Sealer) {
	sealed := mustSeal(t, s, "a secret")
	for bit := range 8 * len(sealed) {
		changed := slices.Clone(sealed)
		changed[bit/8] ^= 1 << (bit % 8)
		Refuses(t, s, Record, changed, "a secret with a flipped bit")
	}
}

func testCut(t *testing.T, s seal.Sealer) {
	sealed := mustSeal(t, s, secret)
	for n := range sealed {
		Refuses(t, s, Record, sealed[:n], "a secret that was cut")
		Refuses(t, s, Record, sealed[len(sealed)-n:], "the end of a secret")
	}
	Refuses(t, s, Record, nil, "nothing")
	Refuses(t, s, Record, append(slices.Clone(sealed), 0), "a secret that grew")
	Refuses(t, s, Record, append(slices.Clone(sealed), sealed...), "a secret twice")
}

// testMixed joins the halves of two secrets: a data key opens its own secret only.
func testMixed(t *testing.T, s seal.Sealer) {
	a, b := mustSeal(t, s, "secret a"), mustSeal(t, s, "secret b")
	_, body, err := seal.Split(b)
	if err != nil || len(a) != len(b) {
		t.Fatalf("two secrets of a length are sealed to %d and %d bytes, %v", len(a), len(b), err)
	}
	Refuses(t, s, Record, append(slices.Clone(a[:len(a)-len(body)]), body...), "the secret of another data key")
}

// Fuzz adds the seeds, and fuzzes Open: it never panics, and opens nothing but what was sealed.
func Fuzz(f *testing.F, s seal.Sealer) {
	genuine, err := s.Seal(context.Background(), Record, []byte(secret))
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{genuine, genuine[:len(genuine)/2], nil, {1}, {1, 0, 0}, {1, 255, 255}, {2, 0, 0}, bytes.Repeat([]byte{1}, 64)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sealed []byte) {
		plain, err := s.Open(t.Context(), Record, sealed)
		if err == nil && (!bytes.Equal(sealed, genuine) || string(plain) != secret) {
			t.Errorf("%x opens as %q", sealed, plain)
		}
		if err != nil && !fault.Is(err, fault.Internal) {
			t.Errorf("%x fails with %v", sealed, err)
		}
	})
}
