package auth

import (
	"crypto/rand"
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
	KeyID     string `json:"k"` // key that minted the token, for logs
}

// claims is a grant as it stands in a token.
type claims struct {
	Grant
	Expires int64  `json:"x"` // Unix seconds
	Nonce   []byte `json:"n"` // makes every token a different one
}

// MintToken signs a token for the grant that ends TokenLife after now. The token is a bearer credential: it goes to
// its owner and into no log.
func (r *Keyring) MintToken(g Grant, now time.Time) (string, error) {
	nonce := make([]byte, 16)
	rand.Read(nonce) // never fails: the runtime stops the process instead
	payload, err := json.Marshal(claims{g, now.Add(TokenLife).Unix(), nonce})
	if err != nil {
		return "", fault.Wrap(err, fault.Internal, "internal_error", "The download link could not be made.")
	}
	signed := "v1." + encode(payload)
	return signed + "." + encode(r.live.Load().tokens.sign(signed)), nil
}

// OpenToken gives the grant of a token that a live key signed and that has not ended. Everything else is the same
// fault.Forbidden: the caller learns nothing about why.
func (r *Keyring) OpenToken(token string, now time.Time) (Grant, error) {
	payload, ok := r.tokenPayload(token)
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
	return c.Grant, nil
}

var errToken = fault.New(fault.Forbidden, "download_token_invalid",
	"This download link is wrong or has expired. Ask for a new one.")

// ErrToken is the failure of every download token that doesn't open its export.
func ErrToken() error { return errToken }

func (r *Keyring) tokenPayload(token string) ([]byte, bool) {
	if len(token) < minTokenLength || len(token) > maxTokenLength {
		return nil, false
	}
	cut := strings.LastIndexByte(token, '.')
	if cut < 0 {
		return nil, false
	}
	sum, ok := decode(token[cut+1:])
	if !ok || !r.live.Load().tokens.verify(sum, token[:cut]) {
		return nil, false
	}
	text, ok := strings.CutPrefix(token[:cut], "v1.")
	if !ok {
		return nil, false
	}
	return decode(text)
}
