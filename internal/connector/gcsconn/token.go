package gcsconn

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/connector/bearer"
	"github.com/videovector/exports/internal/connector/guard"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/seal"
)

// scope is what a token may do: objects, and nothing about who may do what with them.
const scope = "https://www.googleapis.com/auth/devstorage.read_write"

// assertionLife is the most that Google takes.
const assertionLife = time.Hour

// account signs for a service account.
type account struct {
	client       *http.Client
	url          string // of tokens
	email, keyID string
	key          *rsa.PrivateKey
}

// tokens gives the account's access tokens.
func (o Opener) tokens(secrets seal.Secrets) (*bearer.Source, error) {
	key, err := connector.ParseRSAKey(secrets[connector.GCSPrivateKey].Reveal())
	if err != nil {
		return nil, fault.New(fault.Invalid, "destination_credentials_refused", "The connector's service account key can't be read.") // the cause stays out
	}
	a := account{client: o.Client, url: connector.GoogleTokenURL, email: secrets[connector.GCSClientEmail].Reveal(), keyID: secrets[connector.GCSPrivateKeyID].Reveal(), key: key}
	if o.TokenURL != "" {
		a.url = o.TokenURL
	}
	s := &bearer.Source{Ask: a.ask, Clock: time.Now}
	if o.Clock != nil {
		s.Clock = o.Clock
	}
	return s, nil
}

// ask trades a signed claim for a token.
func (a account) ask(ctx context.Context, now time.Time) (bearer.Grant, error) {
	assertion, err := a.assertion(now)
	if err != nil {
		return bearer.Grant{}, err
	}
	reply, err := bearer.Post(ctx, a.client, a.url, url.Values{
		"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion},
	})
	if err != nil {
		return bearer.Grant{}, err
	}
	if reply.Status != http.StatusOK {
		return bearer.Grant{}, tokenRefusal(reply, now)
	}
	return bearer.ReadGrant(reply.Text)
}

// assertion is the signed claim that is traded for a token.
func (a account) assertion(now time.Time) (string, error) {
	header := map[string]string{"alg": "RS256", "typ": "JWT"}
	if a.keyID != "" {
		header["kid"] = a.keyID
	}
	head, err := encode(header)
	if err != nil {
		return "", err
	}
	claims, err := encode(map[string]any{
		"iss": a.email, "scope": scope, "aud": connector.GoogleTokenURL, "iat": now.Unix(), "exp": now.Add(assertionLife).Unix(),
	})
	if err != nil {
		return "", err
	}
	digest := sha256.Sum256([]byte(head + "." + claims))
	signature, err := rsa.SignPKCS1v15(rand.Reader, a.key, crypto.SHA256, digest[:])
	if err != nil {
		return "", fault.New(fault.Invalid, "destination_credentials_refused", "The connector's service account key can't sign.")
	}
	return head + "." + claims + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

func encode(v any) (string, error) {
	text, err := json.Marshal(v)
	return base64.RawURLEncoding.EncodeToString(text), err
}

// tokenRefusal says why Google gives no token. Its description is looked at in one case, since a clock that is wrong and
// a key that is have the same code.
func tokenRefusal(reply bearer.Reply, now time.Time) error {
	var said struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(reply.Text, &said) != nil { // what can't be read says nothing
		said.Error, said.Description = "", ""
	}
	wait, busy := guard.AsksToWait(reply.Status, reply.Header, now)
	cause := fmt.Errorf("token: status %d, %s", reply.Status, word(said.Error))
	switch {
	case busy:
		return guard.Busy(cause, wait)
	case reply.Status >= 500 || reply.Status < 400:
		return fault.Wrap(cause, fault.Unavailable, "destination_unavailable", "Google's sign-in did not answer, or failed.")
	case strings.Contains(said.Description, "reasonable timeframe"):
		return fault.Wrap(cause, fault.Unavailable, "clock_skewed", "Google's clock and ours differ too much.")
	}
	return fault.Wrap(cause, fault.Invalid, "destination_credentials_refused",
		"Google refuses the connector's service account ("+word(said.Error)+"): its key was deleted or disabled, or the account was.")
}
