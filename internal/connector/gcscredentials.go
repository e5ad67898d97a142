package connector

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/videovector/exports/internal/seal"
)

// MaxCredentialsBytes bounds a service account file.
const MaxCredentialsBytes = 64 << 10

// GoogleTokenURL is the only place where tokens are asked for. A file that names another one is refused: the service
// would sign assertions for whoever is there.
const GoogleTokenURL = "https://oauth2.googleapis.com/token" //nolint:gosec // G101: a public address

// googleUniverse is the only cloud of Google's that is spoken to.
const googleUniverse = "googleapis.com"

// Sizes of the key: 2,048 bits are what Google makes, and beyond 4,096 a signature takes long enough to be a burden.
const (
	minKeyBits     = 2048
	maxKeyBits     = 4096
	maxKeyDERBytes = 4 << 10
)

// serviceAccount is what is used of a file. Members that Google adds for other programs (auth_uri,
// client_x509_cert_url, …) are never read.
type serviceAccount struct {
	Type           string  `json:"type"`
	ClientEmail    string  `json:"client_email"`
	PrivateKey     string  `json:"private_key"`
	PrivateKeyID   string  `json:"private_key_id"`
	TokenURI       *string `json:"token_uri"`
	UniverseDomain *string `json:"universe_domain"`
}

var (
	accountEmail = pattern(`\A[a-z0-9](?:[a-z0-9.-]{0,98}[a-z0-9])?@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+gserviceaccount\.com\z`)
	accountKeyID = pattern(`\A[0-9A-Za-z_-]{0,128}\z`)
)

// ParseGCSCredentials reads a service account's key file, as Google's console makes it, and gives the secrets that a
// GCS connector is opened with, under Google's names for them. Its errors say what is wrong and never quote the file.
func ParseGCSCredentials(file []byte) (seal.Secrets, error) {
	account, err := decodeAccount(file)
	if err != nil {
		return nil, err
	}
	if err := account.check(); err != nil {
		return nil, err
	}
	if _, err := ParseRSAKey(account.PrivateKey); err != nil {
		return nil, err
	}
	return seal.Secrets{
		GCSClientEmail:  seal.NewSecret(account.ClientEmail),
		GCSPrivateKey:   seal.NewSecret(account.PrivateKey),
		GCSPrivateKeyID: seal.NewSecret(account.PrivateKeyID),
	}, nil
}

func decodeAccount(file []byte) (serviceAccount, error) {
	var account serviceAccount
	if len(file) < 1 || len(file) > MaxCredentialsBytes {
		return account, errors.New("must have 1 to 65,536 bytes")
	}
	text := jsontext.Value(file)
	if !text.IsValid() { // UTF-8, one value, every name once
		return account, errors.New("must be JSON, whole and with every name once")
	}
	if text.Kind() != '{' {
		return account, errors.New("must be a JSON object")
	}
	if json.Unmarshal(text, &account) != nil { // its error quotes values
		return account, errors.New("must have strings for type, client_email, private_key, private_key_id, token_uri and universe_domain")
	}
	return account, nil
}

func (a serviceAccount) check() error {
	switch {
	case a.Type != "service_account":
		return errors.New(`must be a service account's key: its type is not "service_account"`)
	case a.TokenURI != nil && *a.TokenURI != GoogleTokenURL:
		return errors.New("must have no token_uri but " + GoogleTokenURL)
	case a.UniverseDomain != nil && *a.UniverseDomain != googleUniverse:
		return errors.New("must have no universe_domain but " + googleUniverse)
	case len(a.ClientEmail) > 254 || !accountEmail().MatchString(a.ClientEmail):
		return errors.New("must have the client_email of a service account, which ends in .gserviceaccount.com")
	case !accountKeyID().MatchString(a.PrivateKeyID):
		return errors.New("must have a private_key_id of letters and digits")
	}
	return nil
}

// ParseRSAKey reads a private key in PEM, of PKCS #8 or PKCS #1, that is nothing else and neither short nor huge. Its
// errors never quote it.
func ParseRSAKey(text string) (*rsa.PrivateKey, error) {
	block, rest := pem.Decode([]byte(text))
	if block == nil || strings.TrimSpace(string(rest)) != "" || len(block.Headers) > 0 {
		return nil, errors.New("must have one private key in PEM as private_key")
	}
	if len(block.Bytes) > maxKeyDERBytes { // before its numbers are computed with
		return nil, errKeySize
	}
	key, err := decodeKey(block)
	if err != nil {
		return nil, errors.New("must have a private_key that can be read as an RSA key")
	}
	if bits := key.N.BitLen(); bits < minKeyBits || bits > maxKeyBits {
		return nil, errKeySize
	}
	return key, nil
}

var errKeySize = errors.New("must have a private_key of 2,048 to 4,096 bits")

var errNotRSA = errors.New("not an RSA key")

func decodeKey(block *pem.Block) (*rsa.PrivateKey, error) {
	switch block.Type {
	case "RSA PRIVATE KEY":
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	case "PRIVATE KEY":
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, err
		}
		if key, ok := key.(*rsa.PrivateKey); ok {
			return key, nil
		}
	}
	return nil, errNotRSA
}
