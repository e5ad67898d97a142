package auth

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"sync/atomic"
)

// MinKeyBytes is the least length of signing key material.
const MinKeyBytes = 32

// Keys is the service's signing secret: the key in use, the one before it, and the one that comes after it. What any of
// them signed is valid as long as it is given. The next one is given before anybody signs with it, so that who has not
// heard of a rotation yet accepts what those sign who have.
type Keys struct {
	Current  []byte
	Previous []byte // nil for none
	Next     []byte // nil for none
}

// Keyring signs and verifies. Each purpose has sub-keys of its own, so that nothing signed for one passes for
// another. It is safe for concurrent use.
type Keyring struct{ live atomic.Pointer[purposes] }

// purposes are the sub-keys of every use.
type purposes struct{ tokens, minters, cursors, fingerprints purpose }

// purpose holds the sub-keys of one use, current first.
type purpose [][]byte

// NewKeyring derives the sub-keys. Material shorter than MinKeyBytes is refused; the error never holds any of it.
func NewKeyring(k Keys) (*Keyring, error) {
	var r Keyring
	return &r, r.Replace(k)
}

// Replace makes the keyring go on with other keys. Refused ones change nothing.
func (r *Keyring) Replace(k Keys) error {
	secrets := [][]byte{k.Current}
	for _, s := range [][]byte{k.Previous, k.Next} {
		if len(s) > 0 {
			secrets = append(secrets, s)
		}
	}
	for _, s := range secrets {
		if len(s) < MinKeyBytes {
			return fmt.Errorf("a signing key needs at least %d bytes", MinKeyBytes)
		}
	}
	var p purposes
	err := errors.Join(
		p.tokens.derive(secrets, "videovector exports: download token v1"),
		p.minters.derive(secrets, "videovector exports: minting key v1"),
		p.cursors.derive(secrets, "videovector exports: list cursor v1"),
		p.fingerprints.derive(secrets, "videovector exports: request fingerprint v1"),
	)
	if err == nil {
		r.live.Store(&p)
	}
	return err
}

func (p *purpose) derive(secrets [][]byte, info string) error {
	for _, s := range secrets {
		key, err := hkdf.Key(sha256.New, s, nil, info, sha256.Size)
		if err != nil {
			return err
		}
		*p = append(*p, key)
	}
	return nil
}

// sign is the MAC of the fields under the current key. Every field is preceded by its length, so no two lists of
// fields are signed alike.
func (p purpose) sign(fields ...string) []byte { return mac(p[0], fields) }

// verify reports whether sum is the fields' MAC under a live key, in constant time.
func (p purpose) verify(sum []byte, fields ...string) bool { return p.signer(sum, fields...) >= 0 }

// signer is which live key sum is the fields' MAC under, -1 for none. It takes the same time for each.
func (p purpose) signer(sum []byte, fields ...string) int {
	by := -1
	for n, key := range p {
		if hmac.Equal(sum, mac(key, fields)) {
			by = n
		}
	}
	return by
}

// mask hides a digest under the n-th key, or brings a hidden one back: it is added to what the key makes of the nonce,
// bit by bit. A nonce must never serve twice.
func (p purpose) mask(n int, nonce, digest []byte) []byte {
	masked := mac(p[n], []string{string(nonce)})
	subtle.XORBytes(masked, masked, digest)
	return masked
}

func mac(key []byte, fields []string) []byte {
	h := hmac.New(sha256.New, key)
	for _, f := range fields {
		fmt.Fprintf(h, "%d:%s,", len(f), f)
	}
	return h.Sum(nil)
}
