package kill

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// service is the local service, started again whenever it has died.
type service struct {
	program string
	dir     string // of its data
	flags   []string
	onDeath func() // called while it is dead; nil does nothing

	mu     sync.Mutex
	cmd    *exec.Cmd
	closed bool
	failed error // it can't be started
	ended  chan struct{}
}

// localJSON is what the service tells of itself.
type localJSON struct {
	BaseURL           string                              `json:"base_url"`
	S3Endpoint        string                              `json:"s3_endpoint"`
	S3AccessKeyID     string                              `json:"s3_access_key_id"`
	S3SecretAccessKey string                              `json:"s3_secret_access_key"`
	PID               int                                 `json:"pid"`
	APIKeys           struct{ Admin, Read, Write string } `json:"api_keys"`
}

// patience is how long anything may take that a schedule waits for. Nothing does, unless something is broken.
const patience = 60 * time.Second

func (s *service) start() error {
	s.ended = make(chan struct{})
	started := make(chan error)
	go s.keepUp(started)
	if err := <-started; err != nil {
		return err
	}
	_, err := s.up()
	return err
}

// keepUp starts the service, and starts it again whenever it has died. The thread that starts it waits for it: where a
// process dies with its parent, that parent is the thread.
func (s *service) keepUp(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(s.ended)
	err := s.launch()
	started <- err
	for err == nil {
		_ = s.cmd.Wait() // its state tells how it ended
		if s.isOver() {
			return
		}
		if s.onDeath != nil {
			s.onDeath()
		}
		err = s.launch()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = err
}

func (s *service) launch() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errors.New("the service is closed")
	}
	out, err := os.OpenFile(filepath.Join(s.dir, "output"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := exec.Command(s.program, append([]string{"-addr", "127.0.0.1:0", "-tls-addr", "127.0.0.1:0", "-data", s.dir}, s.flags...)...)
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = out, out, withParent()
	if err = cmd.Start(); err == nil {
		s.cmd = cmd
	}
	return err
}

// isOver reports whether the service that has just ended is not to be started again: it was closed, or can't go on.
func (s *service) isOver() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if code := s.cmd.ProcessState.ExitCode(); code > 0 && !s.closed {
		s.failed = fmt.Errorf("the service ended by itself, with status %d: %s", code, s.tail())
	}
	return s.closed || s.failed != nil
}

// close is the end of the service.
func (s *service) close() {
	s.mu.Lock()
	s.closed = true
	_ = s.cmd.Process.Kill() // it may be dead already
	s.mu.Unlock()
	<-s.ended
}

// up waits until the service that runs now is ready, and says where.
func (s *service) up() (localJSON, error) {
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		s.mu.Lock()
		pid, failed := s.cmd.Process.Pid, s.failed
		s.mu.Unlock()
		var l localJSON
		raw, err := os.ReadFile(filepath.Join(s.dir, "local.json"))
		if err == nil && json.Unmarshal(raw, &l) == nil && l.PID == pid {
			return l, nil
		}
		if failed != nil {
			return l, failed
		}
		if time.Now().After(deadline) {
			return l, fmt.Errorf("the service did not get ready: %s", s.tail())
		}
	}
}

// tail is the end of what the service has said.
func (s *service) tail() string {
	var all string
	for _, name := range []string{"output", "local.log"} {
		raw, _ := os.ReadFile(filepath.Join(s.dir, name)) // for people
		all += string(raw[max(0, len(raw)-3000):])
	}
	return all
}

// reply is an HTTP answer, read whole.
type reply struct {
	status int
	body   []byte
}

func (r reply) String() string { return fmt.Sprintf("%d %s", r.status, bytes.TrimSpace(r.body)) }

// call is a request to the API.
type call struct {
	method, path, body, key string // key is the Idempotency-Key, "" for none
	as                      func(localJSON) string
}

var web = &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}

func (c call) once(l localJSON) (reply, error) {
	req, err := http.NewRequestWithContext(context.Background(), c.method, l.BaseURL+c.path, strings.NewReader(c.body))
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("X-API-Key", c.as(l))
	if c.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.key != "" {
		req.Header.Set("Idempotency-Key", c.key)
	}
	res, err := web.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	return reply{res.StatusCode, raw}, err
}

// insist makes the request until it is answered; tries is how often. A reply of a broken service is none.
func (s *service) insist(c call) (r reply, tries int, err error) {
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		l, err := s.up()
		if err != nil {
			return reply{}, tries, err
		}
		tries++
		if r, err = c.once(l); err == nil && r.status < 500 {
			return r, tries, nil
		}
		if time.Now().After(deadline) {
			return r, tries, fmt.Errorf("%s %s was not answered: %v, %w", c.method, c.path, r, err)
		}
	}
}
