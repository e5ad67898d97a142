package auth

import (
	"net/http"
	"strings"
	"testing"

	"github.com/videovector/exports/internal/fault"
)

// FuzzCredential: whatever stands in the headers is refused, or it is one known key in its own spelling, once, of the
// header that goes first.
func FuzzCredential(f *testing.F) {
	for _, v := range []string{"", writeKey, " " + writeKey + "\t", "Bearer " + testKey, "bearer  " + testKey, "Basic " + testKey, "Bearer", testKey + ", " + testKey, strings.ToUpper(writeKey), endedKey, "Bearer\u00a0" + testKey} {
		f.Add(v, v, byte(1))
		f.Add(v, "Bearer "+testKey, byte(0))
		f.Add(writeKey, v, byte(2))
	}
	a := NewAuthenticator(known(), clock)
	stands := map[string]string{"key_1": writeKey, "key_2": testKey, "key_5": endingKey}
	f.Fuzz(func(t *testing.T, key, authorization string, times byte) {
		h := http.Header{"Authorization": {authorization}}
		for range times % 3 {
			h.Add("X-API-Key", key)
		}
		p, err := a.Authenticate(t.Context(), h)
		if err != nil {
			if !fault.Is(err, fault.Unauthenticated) || err.Error() != errKey.Error() || p != (Principal{}) {
				t.Errorf("%q: %+v, %v", h, p, err)
			}
			return
		}
		given, used := stands[p.KeyID], authorization
		if times%3 > 0 {
			used = key
		}
		if given == "" || !strings.HasSuffix(strings.TrimSpace(used), given) || times%3 == 2 || CredentialHash(h) != HashKey(given) {
			t.Errorf("%q is taken for %s", h, p.KeyID)
		}
		if times%3 == 1 && strings.TrimSpace(key) != given {
			t.Errorf("%q is taken for %q", key, given)
		}
	})
}
