package seal_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/seal/sealtest"
)

// TestMain makes the test binary another process over the same key file when it is told the file's name: it seals a
// secret and prints it.
func TestMain(m *testing.M) {
	path := os.Getenv("SEAL_CHILD")
	if path == "" {
		os.Exit(m.Run())
	}
	sealed, err := sealed(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("%x", sealed)
}

func sealed(path string) ([]byte, error) {
	k, err := seal.NewKeyFile(path)
	if err != nil {
		return nil, err
	}
	return k.Seal(context.Background(), sealtest.Record, []byte("secret"))
}

func open(t testing.TB, path string) *seal.KeyFile {
	t.Helper()
	k, err := seal.NewKeyFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestContract(t *testing.T) {
	sealtest.Run(t, func(t *testing.T) seal.Sealer { return open(t, filepath.Join(t.TempDir(), "seal.key")) })
}

// FuzzOpen: what is not a sealed secret is refused, and opens nothing.
func FuzzOpen(f *testing.F) { sealtest.Fuzz(f, open(f, filepath.Join(f.TempDir(), "seal.key"))) }

// TestKeyFile: the key is made once, for its owner only, and nothing is left beside it.
func TestKeyFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "seal.key")
	first := open(t, path)
	info, err := os.Stat(path)
	if err != nil || info.Size() != 32 || info.Mode().Perm() != 0o600 {
		t.Errorf("the key file is %v, %v; want 32 bytes that only the owner reads", info, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v; want the key only", entries, err)
	}
	kept, err := first.Seal(t.Context(), sealtest.Record, []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := open(t, path).Open(t.Context(), sealtest.Record, kept)
	if err != nil || string(plain) != "secret" {
		t.Errorf("opened again, the file gives %q, %v", plain, err)
	}
}

// TestBrokenKeyFiles: a file of another size is no key; it is refused and left as it is.
func TestBrokenKeyFiles(t *testing.T) {
	for _, size := range []int{0, 1, 16, 31, 33, 64} {
		path := filepath.Join(t.TempDir(), "seal.key")
		content := bytes.Repeat([]byte{7}, size)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := seal.NewKeyFile(path); err == nil {
			t.Errorf("a file of %d bytes is taken for a key", size)
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, content) {
			t.Errorf("a file of %d bytes was changed to %d, %v", size, len(got), err)
		}
	}
	for name, path := range map[string]string{"a folder": t.TempDir(), "a folder that isn't there": filepath.Join(t.TempDir(), "none", "seal.key")} {
		if _, err := seal.NewKeyFile(path); err == nil {
			t.Errorf("%s is taken for a key", name)
		}
	}
}

// TestRacingGoroutines and TestRacingProcesses: whoever comes first makes the key, and all have the same one.
func TestRacingGoroutines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seal.key")
	all := make([][]byte, 32)
	var racing sync.WaitGroup
	for i := range all {
		racing.Go(func() {
			var err error
			if all[i], err = sealed(path); err != nil {
				t.Error(err)
			}
		})
	}
	racing.Wait()
	opensAll(t, path, all)
}

func TestRacingProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seal.key")
	children := make([]*exec.Cmd, 8)
	out := make([]bytes.Buffer, len(children))
	for i := range children {
		children[i] = exec.Command(os.Args[0])
		children[i].Env = append(os.Environ(), "SEAL_CHILD="+path)
		children[i].Stdout, children[i].Stderr = &out[i], os.Stderr
		if err := children[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	var all [][]byte
	for i, child := range children {
		var got []byte
		if err := child.Wait(); err != nil {
			t.Errorf("process %d: %v", i, err)
		} else if _, err := fmt.Sscanf(out[i].String(), "%x", &got); err != nil {
			t.Errorf("process %d printed %q: %v", i, out[i].String(), err)
		}
		all = append(all, got)
	}
	opensAll(t, path, all)
}

// opensAll opens what the racers sealed, and looks for what they left behind.
func opensAll(t *testing.T, path string, all [][]byte) {
	t.Helper()
	k := open(t, path)
	for i, sealed := range all {
		if plain, err := k.Open(t.Context(), sealtest.Record, sealed); err != nil || string(plain) != "secret" {
			t.Errorf("what racer %d sealed opens as %q, %v", i, plain, err)
		}
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v; want the key only", entries, err)
	}
}

// TestKeysOfAnotherSize: a master or data key that is not of 256 bits is none, though AES would take it.
func TestKeysOfAnotherSize(t *testing.T) {
	for _, size := range []int{0, 1, 16, 24, 31, 33} {
		key := make([]byte, size)
		if _, err := seal.NewAEAD(key); err == nil {
			t.Errorf("NewAEAD takes a key of %d bytes", size)
		}
		if _, err := seal.Join([]byte("wrapped"), key, sealtest.Record, []byte("secret")); err == nil {
			t.Errorf("Join takes a data key of %d bytes", size)
		}
	}
	if _, err := seal.Join(make([]byte, 1<<16), make([]byte, 32), sealtest.Record, nil); err == nil {
		t.Error("Join takes a wrapped key whose length doesn't fit into its head")
	}
}
