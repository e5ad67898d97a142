package api

import (
	"net/http"
	"strings"
	"time"

	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// idempotencyLife is how long a first reply is remembered. Callers are promised a day; the hour more covers clocks
// that disagree.
const idempotencyLife = 25 * time.Hour

// maxIdempotencyKey is the longest key, in characters.
const maxIdempotencyKey = 255

// idempotencyKey parses the header: blanks around it are ignored, and it stands for itself or, in the quoted form of
// the IETF draft, for what is inside the quotes. No header is "".
func idempotencyKey(values []string) (string, error) {
	if len(values) == 0 {
		return "", nil
	}
	if len(values) > 1 {
		return "", errIdempotencyKey
	}
	key := strings.Trim(values[0], " \t")
	if strings.HasPrefix(key, `"`) {
		var ok bool
		if key, ok = unquote(key); !ok {
			return "", errIdempotencyKey
		}
	}
	if key == "" || len(key) > maxIdempotencyKey || strings.ContainsFunc(key, notVisible) {
		return "", errIdempotencyKey
	}
	return key, nil
}

var errIdempotencyKey = fault.Newf(fault.Invalid, "idempotency_key_invalid",
	"Send one Idempotency-Key of 1 to %d visible ASCII characters.", maxIdempotencyKey)

func notVisible(r rune) bool { return r < 0x21 || r > 0x7e }

// unquote reads a string of RFC 9651: quotes at both ends, and inside them a backslash only before a quote or a
// backslash.
func unquote(s string) (string, bool) {
	var plain strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return plain.String(), i == len(s)-1
		case '\\':
			i++
			if i == len(s) || s[i] != '"' && s[i] != '\\' {
				return "", false
			}
		}
		plain.WriteByte(s[i])
	}
	return "", false
}

// keyed is a request that may come again under its key.
type keyed interface {
	route() string     // the method and path that it came by, with ids decoded
	canonical() string // the text that equal requests share
}

// memo is the idempotency record that the request would leave; nil when it has no key.
func memo(keys *auth.Keyring, account string, r keyed, key string, now time.Time) *store.Idempotency {
	if key == "" {
		return nil
	}
	return &store.Idempotency{
		IdempotencyKey: store.IdempotencyKey{AccountID: account, Route: auth.Digest(r.route()), Key: auth.Digest(key)},
		Fingerprint:    keys.Fingerprint(r.canonical()),
		ExpiresAt:      export.Stamp(now.Add(idempotencyLife)),
		Now:            now,
	}
}

// route implements keyed.
func (o order) route() string {
	if o.Type == export.TypeIndex {
		return "POST /api/v2/exports/index/" + o.TargetID
	}
	return "POST /api/v2/exports/prompt-run/" + o.TargetID
}

// sameRequest fails unless the request is the one that left the record.
func sameRequest(keys *auth.Keyring, first store.Idempotency, r keyed) error {
	if keys.SameRequest(first.Fingerprint, r.canonical()) {
		return nil
	}
	return fault.New(fault.Invalid, "idempotency_request_mismatch",
		"This Idempotency-Key was used for a different request. Use a new key for a new request.")
}

// tellReplayed says in the reply's header that it is of an earlier request under the key.
func tellReplayed(w http.ResponseWriter, replayed bool) {
	if replayed {
		w.Header().Set("Idempotency-Replayed", "true")
	}
}
