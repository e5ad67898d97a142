package auth

import (
	"math/rand/v2"
	"testing"
)

// TestAMillionForgeries changes a token and a cursor in 1,000,000 random ways, half of them each: bytes replaced, put in,
// taken out, and halves of two of them joined. None opens. The seed is fixed, so a failure stays.
func TestAMillionForgeries(t *testing.T) {
	r := ring(t, 1, 2)
	tokens := [2]string{mint(t, r), mint(t, r)}
	cursors := [2]string{r.SealCursor(Cursor{AccountID: "acct_1", BeforeID: "exp_1"}), r.SealCursor(Cursor{AccountID: "acct_1", BeforeID: "exp_2"})}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 500_000 {
		if s := forge(rng, tokens); s != tokens[0] && s != tokens[1] {
			if _, err := r.OpenToken(s, now); err == nil {
				t.Fatalf("a forged token opens: %q", s)
			}
		}
		if s := forge(rng, cursors); s != cursors[0] && s != cursors[1] {
			if _, err := r.OpenCursor(s, "acct_1", nil); err == nil {
				t.Fatalf("a forged cursor opens: %q", s)
			}
		}
	}
}

// forge changes one of the two in one to three places.
func forge(rng *rand.Rand, genuine [2]string) string {
	s := []byte(genuine[rng.IntN(2)])
	for range 1 + rng.IntN(3) {
		at := rng.IntN(len(s))
		switch rng.IntN(5) {
		case 0: // one bit
			s[at] ^= 1 << rng.IntN(8)
		case 1: // another character
			s[at] = spellings[rng.IntN(len(spellings))]
		case 2: // one more
			s = append(s[:at], append([]byte{spellings[rng.IntN(len(spellings))]}, s[at:]...)...)
		case 3: // one less
			if len(s) > 1 {
				s = append(s[:at], s[at+1:]...)
			}
		case 4: // the other's end
			if other := genuine[rng.IntN(2)]; at < len(other) {
				s = append(s[:at], other[at:]...)
			}
		}
	}
	return string(s)
}

const spellings = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/\x00\n %"
