// Package azurite gives tests Azurite, the emulator of Azure's Blob Storage, with what it needs to look at tokens: a
// certificate, and tokens as it wants them.
package azurite

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"time"

	"github.com/videovector/exports/internal/emulator"
	"github.com/videovector/exports/internal/localca"
)

// Emulator is Azurite. It serves https once Certify has given it a certificate, and without one looks at no token.
var Emulator = emulator.Emulator{Name: "Azurite", Script: "azurite.sh"}

// Certify gives the emulator, before it is started, a certificate for loopback below dir. Clients trust the authority whose
// certificate is in the file.
func Certify(dir string) (authority string, pair tls.Certificate, err error) {
	a, err := localca.Open(dir, time.Now())
	if err != nil {
		return "", pair, err
	}
	if pair, err = a.ServerCertificate("127.0.0.1", time.Now()); err != nil {
		return "", pair, err
	}
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		return "", pair, err
	}
	var chain []byte
	for _, der := range pair.Certificate {
		chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	chainFile, keyFile := filepath.Join(dir, "azurite-chain.pem"), filepath.Join(dir, "azurite-key.pem")
	Emulator.Args = []string{chainFile, keyFile}
	if err := os.WriteFile(chainFile, chain, 0o600); err != nil {
		return "", pair, err
	}
	return a.File, pair, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600)
}

// Tenant is whose the tokens are.
const Tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47"

// Token is one that the emulator takes for an hour: it looks at the claims and not at the signature.
func Token(signature string) string {
	now := time.Now().Unix()
	claims, err := json.Marshal(map[string]any{
		"aud": "https://storage.azure.com", "iss": "https://sts.windows-ppe.net/" + Tenant + "/", "iat": now - 60, "nbf": now - 60, "exp": now + 3600,
	})
	if err != nil {
		panic(err) // texts and numbers always encode
	}
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"typ":"JWT","alg":"RS256"}`)) + "." + part(claims) + "." + part([]byte(signature))
}
