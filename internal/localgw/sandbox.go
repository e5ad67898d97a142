package localgw

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// killDelay is how long a process has to end after it was asked to.
const killDelay = 2 * time.Second

// sandbox is one process of a function, with the Runtime API that it talks to.
type sandbox struct {
	pool  *pool
	cmd   *exec.Cmd
	out   *printed
	asks  chan struct{} // the process asks for work
	calls chan *call    // and gets it
	done  chan struct{} // closed when the process has ended
	state *os.ProcessState

	mu      sync.Mutex
	current *call  // the last one that the process was given
	failed  *Reply // what it reported of a failed start
}

// start runs a new process. It dies with this one: where the system can tell it, at once; elsewhere when its
// connection to the Runtime API breaks.
func (p *pool) start() (*sandbox, error) {
	if !p.owner.enter() {
		return nil, errors.New("the functions are being stopped")
	}
	l, err := new(net.ListenConfig).Listen(p.owner.running, "tcp", "127.0.0.1:0")
	if err != nil {
		p.owner.open.Done()
		return nil, err
	}
	s := &sandbox{pool: p, asks: make(chan struct{}), calls: make(chan *call), done: make(chan struct{})}
	s.cmd = s.command(l.Addr().String())
	started := make(chan error)
	go s.live(l, started)
	return s, <-started
}

func (s *sandbox) command(api string) *exec.Cmd {
	cmd := exec.CommandContext(s.pool.owner.running, s.pool.Program) //nolint:gosec // G204: the function's own program
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = killDelay
	cmd.Env = s.pool.environment(api, time.Now())
	cmd.Dir = filepath.Dir(s.pool.Program)
	cmd.SysProcAttr = ofSandbox()
	s.out = &printed{log: s.pool.owner.cfg.Log, function: s.pool.name}
	cmd.Stdout, cmd.Stderr = s.out, s.out
	return cmd
}

// live is the life of the process. The thread that starts it waits for it: where a process dies with its parent, that
// parent is the thread.
func (s *sandbox) live(l net.Listener, started chan<- error) {
	defer s.pool.owner.open.Done()
	srv := &http.Server{Handler: s.runtimeAPI(), ReadHeaderTimeout: startLimit}
	defer func() { _ = srv.Close() }() // nobody is left to talk to
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := s.cmd.Start(); err != nil {
		_ = l.Close()
		started <- err
		return
	}
	go func() { _ = srv.Serve(l) }() // it ends with Close
	started <- nil
	_ = s.cmd.Wait() // the state tells how it ended
	s.state = s.cmd.ProcessState
	s.out.end()
	close(s.done)
}

// ready waits until the process asks for its first work. Otherwise the call gets the failed start for its outcome, as
// Lambda reports it.
func (s *sandbox) ready(c *call) bool {
	late := time.NewTimer(s.pool.owner.cfg.StartLimit + s.pool.Timeout)
	defer late.Stop()
	select {
	case <-s.asks:
		return true
	case <-s.done:
		c.end(s.pool.unlessStopped(s.ended(c)))
	case <-late.C:
		s.kill()
		c.end(outcome{reply: timedOut(c.id, s.pool.Timeout)})
		<-s.done
	}
	return false
}

// give hands a call to a process that has asked for work; it reports false when the process has ended instead.
func (s *sandbox) give(c *call) bool {
	for {
		select {
		case <-s.done: // first of all: its connection may look open a moment longer
			return false
		default:
		}
		select {
		case s.calls <- c:
			return true
		case <-s.asks: // once more, over another connection
		case <-s.done:
			return false
		}
	}
}

// await sees the call through: it reports true when the process asks for more, false when it is gone. Either way the
// call has its outcome.
func (s *sandbox) await(c *call) bool {
	late := time.NewTimer(s.pool.Timeout)
	defer late.Stop()
	select {
	case <-s.asks:
		return true
	case <-s.done:
		c.end(s.pool.unlessStopped(s.ended(c)))
	case <-late.C:
		s.kill()
		c.end(outcome{reply: timedOut(c.id, s.pool.Timeout)})
		<-s.done
	}
	return false
}

// kill ends the process without asking; one that has ended already is fine.
func (s *sandbox) kill() { _ = s.cmd.Process.Kill() }

// ended is the failure of a call whose process ended before it had answered.
func (s *sandbox) ended(c *call) Reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed != nil {
		return *s.failed
	}
	if s.state.Success() {
		return failed("Runtime.ExitError", fmt.Sprintf("RequestId: %s Error: Runtime exited without providing a reason", c.id))
	}
	return exited(c.id, s.state.String())
}
