package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/videovector/exports/internal/fault"
)

// TokenLife is how long a download token opens its export.
const TokenLife = 15 * time.Minute

// Lengths of a token's text; clients check them.
const (
	minTokenLength = 32
	maxTokenLength = 2048
)

// Grant is what a download token says: this account's export may be downloaded, as long as it holds this artifact.
type Grant struct {
	AccountID string `json:"a"`
	ExportID  string `json:"e"`
	Artifact  string `json:"s"` // digest of the artifact's manifest
	// KeyID is the public name of the key that minted the token, of tokens of the release before; others tell it nobody.
	KeyID string `json:"k"`
	// KeyHash is the key that minted the token as the store knows it: who revokes it ends the token. "" in tokens of the
	// release before.
	KeyHash string `json:"-"`
}

// claims is a grant as it stands in a token.
type claims struct {
	Grant
	Expires int64 `json:"x"` // Unix seconds
	// Nonce makes every token a different one: nonceBytes random bytes, and behind them the key's hash under a mask, of
	// which who has the token learns nothing. It is no member of its own, since the release before refuses tokens with
	// members that it doesn't know, and while a release is rolled out each opens the other's.
	Nonce []byte `json:"n"`
}

const nonceBytes = 16

// MintToken signs a token for the grant that ends TokenLife after now. The token is a bearer credential: it goes to
// its owner and into no log.
func (r *Keyring) MintToken(g Grant, now time.Time) (string, error) {
	live := r.live.Load()
	nonce := make([]byte, nonceBytes)
	rand.Read(nonce) // never fails: the runtime stops the process instead
	hash, err := hex.DecodeString(g.KeyHash)
	if err != nil || len(hash) != sha256.Size {
		return "", fault.New(fault.Internal, "internal_error", "The download link could not be made.")
	}
	g.KeyID = ""
	payload, err := json.Marshal(claims{g, now.Add(TokenLife).Unix(), append(nonce, live.minters.mask(0, nonce, hash)...)})
	if err != nil {
		return "", fault.Wrap(err, fault.Internal, "internal_error", "The download link could not be made.")
	}
	signed := "v1." + encode(payload)
	return signed + "." + encode(live.tokens.sign(signed)), nil
}

// OpenToken gives the grant of a token that a live key signed and that has not ended. Everything else is the same
// fault.Forbidden: the caller learns nothing about why. Whether the key that minted it still stands, only the store knows:
// Authenticator.Minter.
func (r *Keyring) OpenToken(token string, now time.Time) (Grant, error) {
	live := r.live.Load()
	payload, signer, ok := live.tokenPayload(token)
	if !ok {
		return Grant{}, errToken
	}
	var c claims
	if err := json.Unmarshal(payload, &c, json.RejectUnknownMembers(true)); err != nil {
		return Grant{}, errToken
	}
	if now.Unix() >= c.Expires {
		return Grant{}, errToken
	}
	if len(c.Nonce) == nonceBytes+sha256.Size {
		c.KeyHash = hex.EncodeToString(live.minters.mask(signer, c.Nonce[:nonceBytes], c.Nonce[nonceBytes:]))
	}
	return c.Grant, nil
}

var errToken = fault.New(fault.Forbidden, "download_token_invalid",
	"This download link is wrong or has expired. Ask for a new one.")

// ErrToken is the failure of every download token that doesn't open its export.
func ErrToken() error { return errToken }

// tokenPayload is what a token says, and which of the live keys signed it.
func (p *purposes) tokenPayload(token string) (payload []byte, signer int, ok bool) {
	if len(token) < minTokenLength || len(token) > maxTokenLength {
		return nil, 0, false
	}
	cut := strings.LastIndexByte(token, '.')
	if cut < 0 {
		return nil, 0, false
	}
	sum, ok := decode(token[cut+1:])
	if !ok {
		return nil, 0, false
	}
	signer = p.tokens.signer(sum, token[:cut])
	text, ok := strings.CutPrefix(token[:cut], "v1.")
	if signer < 0 || !ok {
		return nil, 0, false
	}
	payload, ok = decode(text)
	return payload, signer, ok
}
