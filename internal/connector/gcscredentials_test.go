package connector

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"strings"
	"sync"
	"testing"
)

// rsaKeys are made once: a key of 4,096 bits takes its time.
var rsaKeys = sync.OnceValue(func() map[string]string {
	keys := map[string]string{}
	for name, bits := range map[string]int{"1024": 1024, "2048": 2048} {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			panic(err)
		}
		pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			panic(err)
		}
		keys[name] = inPEM("PRIVATE KEY", pkcs8)
		keys[name+" in PKCS #1"] = inPEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(curve)
	if err != nil {
		panic(err)
	}
	keys["elliptic"] = inPEM("PRIVATE KEY", pkcs8)
	return keys
})

func inPEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// accountFile is a file as Google's console makes it, but for the changes; a nil value takes a member away.
func accountFile(changes map[string]any) []byte {
	file := map[string]any{
		"type": "service_account", "project_id": "my-project", "private_key_id": "0123456789abcdef0123456789abcdef01234567",
		"private_key": rsaKeys()["2048"], "client_email": "exports@my-project.iam.gserviceaccount.com", "client_id": "123456789012345678901",
		"auth_uri": "https://accounts.google.com/o/oauth2/auth", "token_uri": GoogleTokenURL,
		"auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs", "client_x509_cert_url": "https://www.googleapis.com/robot/v1/metadata/x509/exports",
		"universe_domain": "googleapis.com",
	}
	for name, v := range changes {
		file[name] = v
		if v == nil {
			delete(file, name)
		}
	}
	text, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		panic(err)
	}
	return text
}

func TestCredentialsThatAreTaken(t *testing.T) {
	for name, changes := range map[string]map[string]any{
		"as Google makes it": nil, "without token_uri": {"token_uri": nil}, "without universe": {"universe_domain": nil}, "without key id": {"private_key_id": nil},
		"PKCS #1": {"private_key": rsaKeys()["2048 in PKCS #1"]}, "blanks after the key": {"private_key": rsaKeys()["2048"] + "\n \n"},
		"App Engine's":       {"client_email": "my-project@appspot.gserviceaccount.com"},
		"of a domain":        {"client_email": "a@my-project.example.com.iam.gserviceaccount.com"},
		"a member of others": {"something": map[string]any{"new": 1}},
	} {
		got, err := ParseGCSCredentials(accountFile(changes))
		if err != nil || len(got) != 3 || got["private_key"].Reveal() == "" || !strings.HasSuffix(got["client_email"].Reveal(), "gserviceaccount.com") {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// TestCredentialsThatAreRefused also holds that no refusal quotes the file: every value that is wrong has a canary.
func TestCredentialsThatAreRefused(t *testing.T) {
	key := rsaKeys()["2048"]
	der, _ := pem.Decode([]byte(key))
	whole := accountFile(nil)
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"nothing":              {nil, "1 to 65,536 bytes"},
		"too much":             {append(whole, bytes.Repeat([]byte(" "), MaxCredentialsBytes)...), "1 to 65,536 bytes"},
		"not JSON":             {[]byte("canary"), "must be JSON"},
		"cut short":            {whole[:len(whole)-1], "must be JSON"},
		"two values":           {append(whole, "{}"...), "must be JSON"},
		"a name twice":         {[]byte(`{"type":"service_account","type":"canary"}`), "must be JSON"},
		"not UTF-8":            {[]byte("{\"type\":\"canary\xff\"}"), "must be JSON"},
		"a BOM":                {append([]byte("\xef\xbb\xbf"), whole...), "must be JSON"},
		"an array":             {[]byte(`["canary"]`), "JSON object"},
		"a string":             {[]byte(`"canary"`), "JSON object"},
		"null":                 {[]byte(`null`), "JSON object"},
		"nothing in it":        {[]byte(`{}`), "type"},
		"type of another type": {accountFile(map[string]any{"type": 1}), "strings"},
		"a key that is a list": {accountFile(map[string]any{"private_key": []string{"canary"}}), "strings"},
		"no type":              {accountFile(map[string]any{"type": nil}), "type"},
		"a user's":             {accountFile(map[string]any{"type": "authorized_user"}), "type"},
		"an external account":  {accountFile(map[string]any{"type": "external_account", "credential_source": map[string]any{"url": "http://169.254.169.254/canary"}}), "type"},
		"type with a blank":    {accountFile(map[string]any{"type": "service_account "}), "type"},
		"type in capitals":     {accountFile(map[string]any{"TYPE": "service_account", "type": nil}), "type"},
		"another token_uri":    {accountFile(map[string]any{"token_uri": "https://canary.example/token"}), "token_uri"},
		"token_uri, metadata":  {accountFile(map[string]any{"token_uri": "http://169.254.169.254/token?canary"}), "token_uri"},
		"token_uri, no TLS":    {accountFile(map[string]any{"token_uri": "http://oauth2.googleapis.com/token"}), "token_uri"},
		"token_uri, a user":    {accountFile(map[string]any{"token_uri": "https://oauth2.googleapis.com@canary.example/token"}), "token_uri"},
		"token_uri, a port":    {accountFile(map[string]any{"token_uri": "https://oauth2.googleapis.com:8443/token"}), "token_uri"},
		"token_uri, a suffix":  {accountFile(map[string]any{"token_uri": "https://oauth2.googleapis.com/token/../canary"}), "token_uri"},
		"token_uri, empty":     {accountFile(map[string]any{"token_uri": ""}), "token_uri"},
		"another universe":     {accountFile(map[string]any{"universe_domain": "canary.example"}), "universe_domain"},
		"no email":             {accountFile(map[string]any{"client_email": nil}), "client_email"},
		"a person's email":     {accountFile(map[string]any{"client_email": "canary@example.com"}), "client_email"},
		"email, a suffix":      {accountFile(map[string]any{"client_email": "canary@gserviceaccount.com.example"}), "client_email"},
		"email, a line":        {accountFile(map[string]any{"client_email": "canary@a.iam.gserviceaccount.com\n"}), "client_email"},
		"email, two":           {accountFile(map[string]any{"client_email": "canary@b@a.iam.gserviceaccount.com"}), "client_email"},
		"key id, a quote":      {accountFile(map[string]any{"private_key_id": `canary"`}), "private_key_id"},
		"no key":               {accountFile(map[string]any{"private_key": nil}), "PEM"},
		"key, no PEM":          {accountFile(map[string]any{"private_key": "canary"}), "PEM"},
		"key, something after": {accountFile(map[string]any{"private_key": key + "canary"}), "PEM"},
		"key, two":             {accountFile(map[string]any{"private_key": key + key}), "PEM"},
		"key, with headers":    {accountFile(map[string]any{"private_key": strings.Replace(key, "KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\n\n", 1)}), "PEM"},
		"key, not a key":       {accountFile(map[string]any{"private_key": inPEM("PRIVATE KEY", []byte("canary"))}), "RSA"},
		"key, a certificate":   {accountFile(map[string]any{"private_key": inPEM("CERTIFICATE", der.Bytes)}), "RSA"},
		"key, a public one":    {accountFile(map[string]any{"private_key": inPEM("PUBLIC KEY", der.Bytes)}), "RSA"},
		"key, cut short":       {accountFile(map[string]any{"private_key": inPEM("PRIVATE KEY", der.Bytes[:len(der.Bytes)-9])}), "RSA"},
		"key, elliptic":        {accountFile(map[string]any{"private_key": rsaKeys()["elliptic"]}), "RSA"},
		"key, short":           {accountFile(map[string]any{"private_key": rsaKeys()["1024"]}), "2,048"},
		"key, huge":            {accountFile(map[string]any{"private_key": inPEM("PRIVATE KEY", make([]byte, 40_000))}), "4,096"},
	} {
		got, err := ParseGCSCredentials(c.file)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "must ") {
			t.Errorf("%s: %v, %v, want %q", name, got, err, c.want)
			continue
		}
		for _, quoted := range []string{"canary", "169.254", key[40:80]} {
			if strings.Contains(err.Error(), quoted) {
				t.Errorf("%s: the refusal quotes the file: %v", name, err)
			}
		}
	}
}

// FuzzGCSCredentials: a key file that is taken holds a key that can be used.
func FuzzGCSCredentials(f *testing.F) {
	f.Add(accountFile(nil))
	f.Add(accountFile(map[string]any{"private_key": rsaKeys()["2048 in PKCS #1"]}))
	f.Add([]byte(`{"type":"service_account","private_key":"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----"}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		secrets, err := ParseGCSCredentials(file)
		if err != nil {
			return
		}
		if _, err := ParseRSAKey(secrets["private_key"].Reveal()); err != nil {
			t.Errorf("a key that can't be used was taken: %v", err)
		}
	})
}
