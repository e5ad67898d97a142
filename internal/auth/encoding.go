package auth

import "encoding/base64"

// spelling is unpadded base64url that takes every byte string in exactly one spelling: no line breaks, no stray bits
// at the end.
var spelling = base64.RawURLEncoding.Strict()

func encode(b []byte) string { return spelling.EncodeToString(b) }

func decode(s string) ([]byte, bool) {
	b, err := spelling.DecodeString(s)
	if err != nil || encode(b) != s {
		return nil, false
	}
	return b, true
}
