package auth

import (
	"crypto/sha256"
	"encoding/hex"
)

// Fingerprint is a keyed hash, in hex, of a canonical request. It tells equal requests from different ones and
// nothing about what they held.
func (r *Keyring) Fingerprint(canonical string) string {
	return hex.EncodeToString(r.live.Load().fingerprints.sign(canonical))
}

// SameRequest reports whether the fingerprint was made of the canonical request, under a live key.
func (r *Keyring) SameRequest(fingerprint, canonical string) bool {
	sum, err := hex.DecodeString(fingerprint)
	return err == nil && r.live.Load().fingerprints.verify(sum, canonical)
}

// Digest is the plain SHA-256 in hex, for names that a store keeps instead of a caller's text.
func Digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
