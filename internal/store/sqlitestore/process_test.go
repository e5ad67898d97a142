package sqlitestore_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/sqlitestore"
)

// TestMain makes the test binary a second process over the same file when it is told the file's name.
func TestMain(m *testing.M) {
	if path := os.Getenv("SQLITESTORE_CHILD"); path != "" {
		if err := child(path, os.Getenv("SQLITESTORE_NAME")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

var t0 = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func pending(id string) export.Export {
	return export.New(id, "acct", "user", export.Request{Type: export.TypeIndex, TargetID: "idx", Scope: export.ScopeAll}, t0)
}

// child creates exports until its output is closed, each under a key that the other children use too, and prints what it
// was answered once it is accepted.
func child(path, name string) error {
	ctx := context.Background()
	s, err := sqlitestore.Open(ctx, path)
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		e := pending(fmt.Sprintf("exp_%s_%06d", name, n))
		rec, _, err := s.CreateExport(ctx, e, &store.Idempotency{
			IdempotencyKey: store.IdempotencyKey{AccountID: "acct", Route: "r", Key: fmt.Sprint(n)},
			ResourceID:     e.ID, ExpiresAt: t0.Add(time.Hour), Now: t0,
		}, nil)
		if err != nil {
			return err
		}
		fmt.Println(n, rec.ResourceID)
	}
}

// startChild starts a child over the file and gives what it prints.
func startChild(t *testing.T, path, name string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SQLITESTORE_CHILD="+path, "SQLITESTORE_NAME="+name)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill() // it may have ended
		cmd.Wait()
	})
	return cmd, bufio.NewScanner(out)
}

// accepted reads n answers; with n < 0 all until the output ends.
func accepted(t *testing.T, out *bufio.Scanner, n int) map[string]string {
	t.Helper()
	answers := map[string]string{}
	for len(answers) != n && out.Scan() {
		key, id, ok := strings.Cut(out.Text(), " ")
		if !ok {
			break // the line that the kill cut off
		}
		answers[key] = id
	}
	if n >= 0 && len(answers) < n {
		t.Fatalf("the child ended after %d answers, want %d", len(answers), n)
	}
	return answers
}

// TestProcesses opens one new file in four processes at once, and lets them race for the same keys.
func TestProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records.db")
	var outs []*bufio.Scanner
	for n := range 4 {
		_, out := startChild(t, path, fmt.Sprint(n))
		outs = append(outs, out)
	}
	const keys = 100
	first := accepted(t, outs[0], keys)
	for n, out := range outs[1:] {
		for key, id := range accepted(t, out, keys) {
			if id != first[key] {
				t.Errorf("key %s: process 0 was answered %s, process %d %s", key, first[key], n+1, id)
			}
		}
	}
	s := open(t, path)
	for key, id := range first {
		if _, err := s.Export(t.Context(), "acct", id); err != nil {
			t.Errorf("export %s of key %s: %v", id, key, err)
		}
	}
}

// TestAcceptedSurvivesKill kills a writer five times over, in the middle of its work. What it had accepted is there.
func TestAcceptedSurvivesKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records.db")
	for round := range 5 {
		cmd, out := startChild(t, path, fmt.Sprint(round))
		answers := accepted(t, out, 20+17*round)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for key, id := range accepted(t, out, -1) {
			if len(id) == len("exp_0_000000") {
				answers[key] = id
			}
		}
		s, err := sqlitestore.Open(t.Context(), path)
		if err != nil {
			t.Fatalf("Open after kill %d: %v", round, err)
		}
		for _, id := range answers {
			if _, err := s.Export(t.Context(), "acct", id); err != nil {
				t.Errorf("accepted export %s after kill %d: %v", id, round, err)
			}
		}
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
}
