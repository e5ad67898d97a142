package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

// secrets is what the local service makes up once and keeps, readable by its owner only, so that keys, links and
// connectors survive a restart.
type secrets struct {
	APIKeys     apiKeys `json:"api_keys"`
	S3AccessKey string  `json:"s3_access_key_id"`
	S3SecretKey string  `json:"s3_secret_access_key"`
	TokenSecret string  `json:"token_secret"`
	S3Port      int     `json:"s3_port"`    // kept, so that a presigned link outlives a restart
	StepsPort   int     `json:"steps_port"` // of the local Step Functions endpoint
}

// apiKeys are one key per scope of the demo account, and an administrator's of another account.
type apiKeys struct {
	Admin        string `json:"admin"`
	Write        string `json:"write"`
	Read         string `json:"read"`
	Search       string `json:"search"`
	OtherAccount string `json:"other_account"`
}

// openSecrets loads DIR/secrets.json or makes it.
func openSecrets(dir string) (*secrets, error) {
	file := filepath.Join(dir, "secrets.json")
	raw, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		s := newSecrets()
		return s, s.save(dir)
	}
	if err != nil {
		return nil, err
	}
	var s secrets
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, fmt.Errorf("%s can't be read (remove the data folder to start afresh): %w", file, err)
	}
	return &s, nil
}

func newSecrets() *secrets {
	return &secrets{
		APIKeys:     apiKeys{newAPIKey(), newAPIKey(), newAPIKey(), newAPIKey(), newAPIKey()},
		S3AccessKey: "LOCAL" + randomHex(8),
		S3SecretKey: randomHex(20),
		TokenSecret: randomHex(32),
	}
}

func (s *secrets) save(dir string) error {
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(dir, "secrets.json"), append(raw, '\n'), 0o600)
}

// replaceFile writes the file whole or not at all, through a neighbour that is renamed over it.
func replaceFile(name string, content []byte, mode os.FileMode) error {
	tmp := name + ".new"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	if _, err := f.Write(content); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(tmp, name)
}

func newAPIKey() string { return "sk_live_" + randomHex(24) }

func randomHex(n int) string {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		panic("the system's random source failed: " + err.Error())
	}
	return hex.EncodeToString(b)
}

// freePort is the wanted loopback port if nothing listens on it, else any free one.
func freePort(ctx context.Context, wanted int) (int, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", wanted))
	if err != nil && wanted != 0 {
		return freePort(ctx, 0)
	}
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
