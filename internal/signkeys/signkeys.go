// Package signkeys looks after the service's signing keys: how they stand in their secret, how they are replaced without
// anybody noticing, and how those who have a copy keep it fresh.
package signkeys

import (
	"encoding/hex"
	"errors"

	"github.com/go-json-experiment/json"

	"github.com/videovector/exports/internal/auth"
)

// text is the secret: a JSON object. A secret that was never rotated has "current" alone.
type text struct {
	Previous string `json:"previous,omitempty"`
	Current  string `json:"current"`
	Next     string `json:"next,omitempty"`
}

// Parse reads the secret, which is strict JSON: a key that stood there twice could be taken for another one. Members that a
// later release may add are passed over. The error shows nothing of it.
func Parse(secret string) (auth.Keys, error) {
	var t text
	if json.Unmarshal([]byte(secret), &t) != nil || t.Current == "" {
		return auth.Keys{}, errors.New(`signing keys: the secret is not a JSON object with "current"`)
	}
	return auth.Keys{Previous: []byte(t.Previous), Current: []byte(t.Current), Next: []byte(t.Next)}, nil
}

// Format is the reverse of Parse.
func Format(k auth.Keys) (string, error) {
	raw, err := json.Marshal(text{string(k.Previous), string(k.Current), string(k.Next)})
	return string(raw), err
}

// Advance gives the keys after a rotation: what was next signs, and what signed is still accepted. A secret without a
// next key only gets one: nothing is signed with a key that readers of the old secret have not seen.
func Advance(k auth.Keys, fresh []byte) auth.Keys {
	key := []byte(hex.EncodeToString(fresh))
	if len(k.Next) == 0 {
		return auth.Keys{Previous: k.Previous, Current: k.Current, Next: key}
	}
	return auth.Keys{Previous: k.Current, Current: k.Next, Next: key}
}
