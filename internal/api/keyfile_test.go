package api_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"sync"
	"testing"
)

// rsaPEM is a key that can sign; making one takes a while.
var rsaPEM = sync.OnceValue(func() string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
})

// googleToken is where service accounts get their tokens.
const googleToken = "https://oauth2.googleapis.com/token"

// keyFile is the key file of a service account.
func keyFile(t testing.TB, tokenURI, keyID string) []byte {
	t.Helper()
	raw, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "review-team-1", "private_key_id": keyID, "private_key": rsaPEM(),
		"client_email": "exports@review-team-1.iam.gserviceaccount.com", "token_uri": tokenURI,
	})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
