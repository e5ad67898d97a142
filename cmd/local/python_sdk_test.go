package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/videovector/exports/internal/emulator"
)

// TestPythonSDK runs the published Python SDK, as it is, through everything that the service answers.
func TestPythonSDK(t *testing.T) {
	s := startService(t)
	cmd := exec.Command("../../scripts/python-sdk.sh", "run", "testdata/python_sdk.py", filepath.Join(s.dir, "local.json"), serviceAccount(t))
	cmd.Env = append(os.Environ(), "SSL_CERT_FILE="+s.local.CAFile)
	out, err := emulator.Output(t, "Python SDK", cmd)
	ran := regexp.MustCompile(`\nRan (\d+) tests`).FindSubmatch(out)
	if err != nil || ran == nil || string(ran[1]) == "0" {
		t.Fatalf("%v\n%s\n%s", err, out, s.tail())
	}
	t.Logf("%s tests of the SDK", ran[1])
}

// serviceAccount writes a file of a service account that exists nowhere.
func serviceAccount(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "project-1", "private_key_id": "0123456789abcdef0123456789abcdef01234567",
		"private_key":  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		"client_email": "exports@project-1.iam.gserviceaccount.com", "client_id": "100000000000000000001",
		"auth_uri": "https://accounts.google.com/o/oauth2/auth", "token_uri": "https://oauth2.googleapis.com/token",
		"universe_domain": "googleapis.com",
	})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "credentials.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
