package auth

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/fault"
)

var (
	now   = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	grant = Grant{AccountID: "acct_1", ExportID: "exp_1", Artifact: strings.Repeat("ab", 32), KeyHash: HashKey(writeKey)}
)

func ring(t testing.TB, current, previous byte) *Keyring {
	t.Helper()
	k := Keys{Current: bytes.Repeat([]byte{current}, MinKeyBytes)}
	if previous != 0 {
		k.Previous = bytes.Repeat([]byte{previous}, MinKeyBytes)
	}
	r, err := NewKeyring(k)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func mint(t testing.TB, r *Keyring) string {
	t.Helper()
	token, err := r.MintToken(grant, now)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestKeyringRefusesShortMaterial(t *testing.T) {
	long, short := bytes.Repeat([]byte{7}, MinKeyBytes), []byte("secret-material")
	for _, k := range []Keys{{}, {Current: short}, {Current: long, Previous: short}} {
		_, err := NewKeyring(k)
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("NewKeyring = %v, want a refusal that doesn't show the key", err)
		}
	}
}

func TestTokenOpensWhatItWasMintedFor(t *testing.T) {
	r := ring(t, 1, 0)
	token := mint(t, r)
	got, err := r.OpenToken(token, now.Add(TokenLife-time.Second))
	if d := cmp.Diff(grant, got); d != "" || err != nil {
		t.Errorf("OpenToken: %v (-want +got):\n%s", err, d)
	}
	if n := len(token); n < 32 || n > 2048 || !strings.HasPrefix(token, "v1.") || strings.Count(token, ".") != 2 || strings.Contains(token, "=") {
		t.Errorf("token of %d characters: %s", n, token)
	}
	if mint(t, r) == token {
		t.Error("two tokens are equal")
	}
}

// TestTokenHidesItsMinter: who has a token finds neither the key nor its hash in it, and no two tokens of one key have
// anything in common that another key's doesn't.
func TestTokenHidesItsMinter(t *testing.T) {
	r := ring(t, 1, 0)
	hash, err := hex.DecodeString(grant.KeyHash)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for range 2 {
		payload, ok := decode(strings.Split(mint(t, r), ".")[1])
		var c claims
		if err := json.Unmarshal(payload, &c); err != nil || !ok || len(c.Nonce) != nonceBytes+len(hash) {
			t.Fatalf("%d bytes of nonce, %v", len(c.Nonce), err)
		}
		if bytes.Contains(c.Nonce, hash) || bytes.Contains(payload, []byte(grant.KeyHash)) || seen[string(c.Nonce[nonceBytes:])] {
			t.Errorf("the token tells of its key: %s", payload)
		}
		seen[string(c.Nonce[nonceBytes:])] = true
	}
}

// TestTokenOfTheReleaseBefore: it names no key, opens for the rest of its life, and says so. What that release makes of
// today's tokens is held by their form: the members are the same.
func TestTokenOfTheReleaseBefore(t *testing.T) {
	r := ring(t, 1, 0)
	signed := "v1." + encode(fmt.Appendf(nil, `{"a":"acct_1","e":"exp_1","s":"ab","k":"key_1","x":%d,"n":"AAAAAAAAAAAAAAAAAAAAAA=="}`, now.Unix()+60))
	got, err := r.OpenToken(signed+"."+encode(r.live.Load().tokens.sign(signed)), now)
	if want := (Grant{AccountID: "acct_1", ExportID: "exp_1", Artifact: "ab", KeyID: "key_1"}); got != want || err != nil {
		t.Errorf("OpenToken = %+v, %v", got, err)
	}
	payload, _ := decode(strings.Split(mint(t, r), ".")[1])
	var members map[string]any
	if err := json.Unmarshal(payload, &members); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "e", "k", "n", "s", "x"}, slices.Sorted(maps.Keys(members))); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
}

func TestTokenNeedsItsKey(t *testing.T) {
	for _, hash := range []string{"", "ab", "zz" + grant.KeyHash[2:], grant.KeyHash + "00"} {
		g := grant
		g.KeyHash = hash
		if token, err := ring(t, 1, 0).MintToken(g, now); err == nil {
			t.Errorf("minted %s for the key %q", token, hash)
		}
	}
}

func TestTokenEnds(t *testing.T) {
	r := ring(t, 1, 0)
	if _, err := r.OpenToken(mint(t, r), now.Add(TokenLife)); !fault.Is(err, fault.Forbidden) {
		t.Errorf("after its life: %v, want fault.Forbidden", err)
	}
}

func TestKeysCanBeReplaced(t *testing.T) {
	old, both, next := ring(t, 1, 0), ring(t, 2, 1), ring(t, 2, 0)
	token := mint(t, old)
	cursor := old.SealCursor(Cursor{AccountID: "acct_1", BeforeID: "exp_1"})
	print := old.Fingerprint("order")
	for name, c := range map[string]struct {
		ring *Keyring
		want bool
	}{"while both live": {both, true}, "after the old one is gone": {next, false}} {
		_, tokenErr := c.ring.OpenToken(token, now)
		_, cursorErr := c.ring.OpenCursor(cursor, "acct_1", nil)
		got := []bool{tokenErr == nil, cursorErr == nil, c.ring.SameRequest(print, "order")}
		if d := cmp.Diff([]bool{c.want, c.want, c.want}, got); d != "" {
			t.Errorf("%s: token, cursor, fingerprint (-want +got):\n%s", name, d)
		}
	}
	if _, err := next.OpenToken(mint(t, both), now); err != nil {
		t.Errorf("the current key must sign: %v", err)
	}
}

// TestOneSpelling changes every character of a token and of a cursor, in every way that stays in the alphabet, and adds
// what lenient decoders skip.
func TestOneSpelling(t *testing.T) {
	r := ring(t, 1, 0)
	token, cursor := mint(t, r), r.SealCursor(Cursor{AccountID: "acct_1", BeforeID: "exp_1"})
	for _, s := range misspelt(token) {
		if _, err := r.OpenToken(s, now); !fault.Is(err, fault.Forbidden) {
			t.Fatalf("a misspelt token opens: %q", s)
		}
	}
	for _, s := range misspelt(cursor) {
		if _, err := r.OpenCursor(s, "acct_1", nil); !fault.Is(err, fault.Malformed) {
			t.Fatalf("a misspelt cursor opens: %q", s)
		}
	}
}

func misspelt(s string) []string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
	all := []string{"", s + "=", s + "\n", "\n" + s, " " + s, s + ".", s[:len(s)-1], s + "A", strings.ReplaceAll(s, ".", "\r\n."), strings.ToUpper(s)}
	for i := range s {
		for _, c := range alphabet {
			if changed := s[:i] + string(c) + s[i+1:]; changed != s {
				all = append(all, changed)
			}
		}
	}
	return all
}

func TestCursorIsBoundToItsListing(t *testing.T) {
	r := ring(t, 1, 0)
	cursor := r.SealCursor(Cursor{AccountID: "acct_1", Filters: []string{"failed", "", "idx"}, BeforeID: "exp_1"})
	if got, err := r.OpenCursor(cursor, "acct_1", []string{"failed", "", "idx"}); got != "exp_1" || err != nil {
		t.Errorf("OpenCursor = %q, %v", got, err)
	}
	for _, c := range []struct {
		account string
		filters []string
	}{
		{"acct_2", []string{"failed", "", "idx"}},
		{"acct_1", []string{"", "failed", "idx"}},
		{"acct_1", []string{"failed", "idx", ""}},
		{"acct_1", nil},
	} {
		if _, err := r.OpenCursor(cursor, c.account, c.filters); !fault.Is(err, fault.Malformed) {
			t.Errorf("opens for %v: %v", c, err)
		}
	}
}

func TestWhatIsSignedForOnePurposePassesForNoOther(t *testing.T) {
	r := ring(t, 1, 0)
	signed := "v1." + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"a":"acct_1","e":"exp_1","s":"","k":"","x":%d,"n":""}`, now.Unix()+60))
	if _, err := r.OpenToken(signed+"."+encode(r.live.Load().tokens.sign(signed)), now); err != nil {
		t.Fatalf("the forgery itself must be well made: %v", err)
	}
	for _, p := range []purpose{r.live.Load().cursors, r.live.Load().fingerprints} {
		if _, err := r.OpenToken(signed+"."+encode(p.sign(signed)), now); err == nil {
			t.Error("a token opens that was signed for another purpose")
		}
	}
}

func TestFingerprint(t *testing.T) {
	r := ring(t, 1, 0)
	print := r.Fingerprint("one")
	if !r.SameRequest(print, "one") || r.SameRequest(print, "two") || r.SameRequest("", "one") || r.SameRequest("zz", "one") {
		t.Error("a fingerprint must fit its request only")
	}
}

// FuzzToken: a text opens nothing but what was minted, and in its one spelling.
func FuzzToken(f *testing.F) {
	r := ring(f, 1, 2)
	token := mint(f, r)
	f.Add(token)
	f.Add("v1..")
	f.Add("v1.e30." + token[len(token)-43:])
	f.Fuzz(func(t *testing.T, s string) {
		g, err := r.OpenToken(s, now) // every process of a fuzzing run mints one of its own, so whose it is says the signed part
		if err != nil {
			return
		}
		signed, sum, _ := strings.Cut(strings.TrimPrefix(s, "v1."), ".")
		claims, _ := decode(signed)
		mac, _ := decode(sum)
		if g != grant || s != "v1."+encode(claims)+"."+encode(mac) {
			t.Errorf("%q opens %v", s, g)
		}
	})
}

// FuzzCursor: a text opens nothing but the one cursor.
func FuzzCursor(f *testing.F) {
	r := ring(f, 1, 2)
	cursor := r.SealCursor(Cursor{AccountID: "acct_1", BeforeID: "exp_1"})
	f.Add(cursor)
	f.Add(".")
	f.Fuzz(func(t *testing.T, s string) {
		if id, err := r.OpenCursor(s, "acct_1", nil); err == nil && (s != cursor || id != "exp_1") {
			t.Errorf("%q opens %q", s, id)
		}
	})
}
