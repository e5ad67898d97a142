package gcsconn

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/connector/guard"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/seal"
)

// scope is what a token may do: objects, and nothing about who may do what with them.
const scope = "https://www.googleapis.com/auth/devstorage.read_write"

const (
	assertionLife = time.Hour       // the most that Google takes
	expiryMargin  = 5 * time.Minute // a token is asked for again that long before its end
	maxTokenBytes = 8 << 10
)

// tokens gives access tokens for the account, and keeps one until near its end.
type tokens struct {
	client       *http.Client
	url          string
	email, keyID string
	key          *rsa.PrivateKey
	clock        func() time.Time

	mu    sync.Mutex
	token string
	until time.Time
}

func (o Opener) tokens(secrets seal.Secrets) (*tokens, error) {
	key, err := connector.ParseRSAKey(secrets[PrivateKey].Reveal())
	if err != nil {
		return nil, fault.New(fault.Invalid, "destination_credentials_refused", "The connector's service account key can't be read.") // the cause stays out
	}
	t := &tokens{
		client: o.Client, url: connector.GoogleTokenURL, email: secrets[ClientEmail].Reveal(), keyID: secrets[PrivateKeyID].Reveal(),
		key: key, clock: time.Now,
	}
	if o.TokenURL != "" {
		t.url = o.TokenURL
	}
	if o.Clock != nil {
		t.clock = o.Clock
	}
	return t, nil
}

// get is a token with some life left in it.
func (t *tokens) get(ctx context.Context) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token != "" && t.clock().Before(t.until) {
		return t.token, nil
	}
	now := t.clock()
	grant, err := t.ask(ctx, now)
	if err != nil {
		return "", err
	}
	t.token, t.until = grant.AccessToken, now.Add(time.Duration(grant.ExpiresIn)*time.Second-expiryMargin)
	return t.token, nil
}

// drop forgets a token that was refused.
func (t *tokens) drop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.token = ""
}

type grant struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int64  `json:"expires_in"` // seconds
}

func (t *tokens) ask(ctx context.Context, now time.Time) (grant, error) {
	assertion, err := t.assertion(now)
	if err != nil {
		return grant{}, err
	}
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url, strings.NewReader(form.Encode()))
	if err != nil {
		return grant{}, fault.New(fault.Internal, "internal_error", "The token's address can't be used.")
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("User-Agent", guard.UserAgent)
	reply, err := t.client.Do(request)
	if err != nil {
		return grant{}, guard.Unanswered(err)
	}
	text, err := guard.ReadReply(reply, guard.MaxRefusal)
	if err != nil {
		return grant{}, err
	}
	if reply.StatusCode != http.StatusOK {
		return grant{}, tokenRefusal(reply, text, now)
	}
	return readGrant(text)
}

func readGrant(text []byte) (grant, error) {
	var g grant
	if json.Unmarshal(text, &g) != nil || g.AccessToken == "" || len(g.AccessToken) > maxTokenBytes || g.ExpiresIn < 1 || strings.ContainsFunc(g.AccessToken, notVisible) {
		return grant{}, fault.New(fault.Unavailable, "destination_unavailable", "Google gave a token that can't be read.")
	}
	return g, nil
}

func notVisible(r rune) bool { return r <= ' ' || r > '~' }

// assertion is the signed claim that is traded for a token.
func (t *tokens) assertion(now time.Time) (string, error) {
	header := map[string]string{"alg": "RS256", "typ": "JWT"}
	if t.keyID != "" {
		header["kid"] = t.keyID
	}
	head, err := encode(header)
	if err != nil {
		return "", err
	}
	claims, err := encode(map[string]any{
		"iss": t.email, "scope": scope, "aud": connector.GoogleTokenURL, "iat": now.Unix(), "exp": now.Add(assertionLife).Unix(),
	})
	if err != nil {
		return "", err
	}
	digest := sha256.Sum256([]byte(head + "." + claims))
	signature, err := rsa.SignPKCS1v15(rand.Reader, t.key, crypto.SHA256, digest[:])
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
func tokenRefusal(reply *http.Response, text []byte, now time.Time) error {
	var said struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	_ = json.Unmarshal(text, &said) // what can't be read says nothing
	wait, busy := guard.AsksToWait(reply, now)
	cause := fmt.Errorf("token: status %d, %s", reply.StatusCode, word(said.Error))
	switch {
	case busy:
		return guard.Busy(cause, wait)
	case reply.StatusCode >= 500 || reply.StatusCode < 400:
		return fault.Wrap(cause, fault.Unavailable, "destination_unavailable", "Google's sign-in did not answer, or failed.")
	case strings.Contains(said.Description, "reasonable timeframe"):
		return fault.Wrap(cause, fault.Unavailable, "clock_skewed", "Google's clock and ours differ too much.")
	}
	return fault.Wrap(cause, fault.Invalid, "destination_credentials_refused",
		"Google refuses the connector's service account ("+word(said.Error)+"): its key was deleted or disabled, or the account was.")
}
