package gcsconn_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/videovector/exports/internal/connector"
)

const (
	email = "exports@my-project.iam.gserviceaccount.com"
	keyID = "0123456789abcdef0123456789abcdef01234567"
)

// accountKey is the service account's, made once.
var accountKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// accountFile is the account's key file.
func accountFile(t *testing.T, key *rsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": email, "private_key_id": keyID, "token_uri": connector.GoogleTokenURL,
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// tokenServer gives tokens as Google does: for an assertion that the account has signed, for this audience, this scope
// and this hour.
type tokenServer struct {
	*httptest.Server
	now func() time.Time

	mu      sync.Mutex
	life    int64 // seconds
	refuse  func(w http.ResponseWriter) bool
	asked   int
	granted map[string]bool
}

func newTokenServer(t *testing.T) *tokenServer {
	t.Helper()
	s := &tokenServer{now: time.Now, life: 3600, granted: map[string]bool{}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

// valid reports whether the request carries a token of this server.
func (s *tokenServer) valid(r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.granted[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
}

func (s *tokenServer) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	w.Header().Set("Content-Type", "application/json")
	if s.refuse != nil && s.refuse(w) {
		return
	}
	if reason := check(r, s.now().Unix()); reason != "" {
		refuseToken(w, http.StatusBadRequest, "invalid_grant", reason)
		return
	}
	token := fmt.Sprintf("ya29.token-%d", s.asked)
	s.granted[token] = true
	fmt.Fprintf(w, `{"access_token":%q,"expires_in":%d,"token_type":"Bearer"}`, token, s.life)
}

func refuseToken(w http.ResponseWriter, status int, code, description string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"error":%q,"error_description":%q}`, code, description)
}

// check is why the assertion is refused, "" if it isn't.
func check(r *http.Request, now int64) string {
	if r.Method != http.MethodPost || r.PostFormValue("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" || r.URL.RawQuery != "" {
		return "Bad request"
	}
	parts := strings.Split(r.PostFormValue("assertion"), ".")
	if len(parts) != 3 {
		return "Not a JWT"
	}
	var header struct{ Alg, Typ, Kid string }
	var claims struct {
		Iss, Scope, Aud string
		Iat, Exp        int64
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || decode(parts[0], &header) != nil || decode(parts[1], &claims) != nil {
		return "Not a JWT"
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if rsa.VerifyPKCS1v15(&accountKey().PublicKey, crypto.SHA256, digest[:], signature) != nil || header.Alg != "RS256" || header.Typ != "JWT" || header.Kid != keyID {
		return "Invalid JWT Signature."
	}
	if claims.Iat > now+60 || claims.Exp < now || claims.Exp > claims.Iat+3600 {
		return "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim."
	}
	if claims.Iss != email || claims.Aud != "https://oauth2.googleapis.com/token" || claims.Scope != "https://www.googleapis.com/auth/devstorage.read_write" {
		return "Wrong claims"
	}
	return ""
}

func decode(part string, v any) error {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, v)
}
