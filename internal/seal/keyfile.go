package seal

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/videovector/exports/internal/fault"
)

const keyBytes = 32

// KeyFile seals under a master key that is kept in a file.
type KeyFile struct{ master cipher.AEAD }

var _ Sealer = (*KeyFile)(nil)

// NewKeyFile reads the master key, or makes one in a file that only its owner can read.
func NewKeyFile(path string) (*KeyFile, error) {
	key, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		key, err = createKey(path)
	}
	if err != nil {
		return nil, err
	}
	if len(key) != keyBytes {
		return nil, fmt.Errorf("%s is not a key file: it has %d bytes, not %d", path, len(key), keyBytes)
	}
	master, err := NewAEAD(key)
	return &KeyFile{master}, err
}

// createKey writes a fresh key under another name and links it into place, so that two processes agree on one.
func createKey(path string) ([]byte, error) {
	key := make([]byte, keyBytes)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "key") // mode 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(key)
	if err := errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	return os.ReadFile(path)
}

// Seal implements Sealer.
func (k *KeyFile) Seal(_ context.Context, c Context, plain []byte) ([]byte, error) {
	data := make([]byte, keyBytes)
	if _, err := rand.Read(data); err != nil {
		return nil, err
	}
	wrapped := encrypt(k.master, c, data)
	return Join(wrapped, data, c, plain)
}

// Open implements Sealer.
func (k *KeyFile) Open(_ context.Context, c Context, sealed []byte) ([]byte, error) {
	wrapped, body, err := Split(sealed)
	if err != nil {
		return nil, err
	}
	data, err := decrypt(k.master, c, wrapped)
	if err != nil {
		return nil, err
	}
	return Unjoin(data, c, body)
}

var errSealed = fault.New(fault.Internal, "secret_unreadable", "The connector's credentials can't be opened.")

// NewAEAD is AES-256-GCM under the key. AES takes shorter keys too; here they are an error.
func NewAEAD(key []byte) (cipher.AEAD, error) {
	if len(key) != keyBytes {
		return nil, fmt.Errorf("a key has %d bytes, not %d", keyBytes, len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func encrypt(a cipher.AEAD, c Context, plain []byte) []byte {
	return a.Seal(nil, nil, plain, c.bytes()) //nolint:gosec // G407: the nonce is random and made by the AEAD, which takes none
}

func decrypt(a cipher.AEAD, c Context, sealed []byte) ([]byte, error) {
	if len(sealed) < a.Overhead() {
		return nil, errSealed
	}
	plain, err := a.Open(nil, nil, sealed, c.bytes())
	if err != nil {
		return nil, errSealed
	}
	return plain, nil
}
