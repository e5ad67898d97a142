package embeds3_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/blob/embeds3"
	"github.com/videovector/exports/internal/blob/s3blob"
	"github.com/videovector/exports/internal/fault"
)

// childDir is set in the process that a test starts to kill it: the folder to serve.
const childDir = "EMBEDS3_TEST_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		serve(dir)
		return
	}
	os.Exit(m.Run())
}

// serve says its endpoint on standard error and ends when standard input does, with its parent at the latest.
func serve(dir string) {
	srv, err := embeds3.Start(context.Background(), config(dir))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Fprintln(os.Stderr, srv.Endpoint())
	bufio.NewReader(os.Stdin).ReadByte()
	srv.Close()
}

// child is a server in a process of its own.
type child struct {
	*exec.Cmd
	bucket *s3blob.Bucket
	stdout bytes.Buffer
}

func startChild(t *testing.T, dir string) *child {
	t.Helper()
	c := &child{Cmd: exec.Command(os.Args[0])}
	c.Env = append(os.Environ(), childDir+"="+dir)
	c.Stdout = &c.stdout
	stderr, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdin, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdin.Close(); c.kill() })
	line, err := bufio.NewReader(stderr).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "http://") {
		t.Fatalf("the child said %q, %v", line, err)
	}
	c.bucket = bucket(strings.TrimSpace(line), "secretsecret")
	return c
}

// kill ends the child without a warning; a second call does nothing.
func (c *child) kill() {
	if c.ProcessState == nil {
		c.Process.Kill()
		c.Wait()
	}
}

// TestKill kills the server at some moment of a completion, again and again. After each restart the object is absent
// or whole, and an absent one can still be completed.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(7, 11))
	interrupted := 0
	for round := range 8 {
		key := fmt.Sprintf("dir/doc-%d.json", round)
		c := startChild(t, dir)
		id, parts, whole := uploaded(t, c.bucket, key)
		reply := make(chan error, 1)
		go func() {
			_, err := c.bucket.CompleteUpload(context.Background(), key, id, parts, true)
			reply <- err
		}()
		time.Sleep(time.Duration(random.IntN(20_000)) * time.Microsecond)
		c.kill()
		if err := <-reply; err != nil {
			interrupted++
		}

		c = startChild(t, dir)
		if _, err := c.bucket.Head(t.Context(), key); fault.Is(err, fault.NotFound) {
			if _, err := c.bucket.CompleteUpload(t.Context(), key, id, parts, true); err != nil {
				t.Errorf("round %d: completing after the restart: %v", round, err)
			}
		} else if err != nil {
			t.Fatal(err)
		}
		wantObject(t, c.bucket, key, whole)
		c.kill()
		if c.stdout.Len() > 0 {
			t.Errorf("standard output is the program's, not the server's: %s", c.stdout.String())
		}
	}
	t.Logf("%d of 8 completions were interrupted", interrupted)
}

// TestKillBetweenWrites kills a server under conditional writes: what was answered stands, what was not is absent or
// whole and can be written.
func TestKillBetweenWrites(t *testing.T) {
	dir := t.TempDir()
	for round := range 3 {
		c := startChild(t, dir)
		answered := make(chan int, 1)
		content := func(n int) []byte { return bytes.Repeat([]byte{byte('a' + n%26)}, 64<<10) }
		key := func(n int) string { return fmt.Sprintf("round-%d/%06d", round, n) }
		go func() {
			for n := 0; ; n++ {
				if _, err := c.bucket.Put(context.Background(), key(n), content(n), blob.PutOptions{IfAbsent: true}); err != nil {
					answered <- n
					return
				}
			}
		}()
		time.Sleep(150 * time.Millisecond)
		c.kill()
		last := <-answered

		c = startChild(t, dir)
		_, err := c.bucket.Put(t.Context(), key(last), content(last), blob.PutOptions{IfAbsent: true})
		if err != nil && !fault.Is(err, fault.Conflict) {
			t.Errorf("round %d: %v", round, err)
		}
		for n := max(0, last-20); n <= last; n++ {
			wantObject(t, c.bucket, key(n), content(n))
		}
		c.kill()
		if last == 0 {
			t.Fatal("nothing was written before the kill: the test is blind")
		}
	}
}
