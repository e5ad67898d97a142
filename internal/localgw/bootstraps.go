package localgw

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Bootstrap is one Lambda function that runs as processes of its own.
type Bootstrap struct {
	Program  string        // an executable that speaks the Lambda Runtime API
	Env      []string      // the function's own variables, NAME=value, beside those that Lambda sets
	Timeout  time.Duration // how long one invocation may take; zero means Lambda's default of 3 seconds
	MemoryMB int           // what the function is told it has; nothing holds it to that
}

// BootstrapsConfig is what a Bootstraps needs.
type BootstrapsConfig struct {
	Functions map[string]Bootstrap
	Region    string // of the functions' ARNs, and theirs to call
	AccountID string
	NewID     func() string // request ids
	Log       *slog.Logger  // failures of functions, and the lines that they print

	Processes  int           // of one function at the same time; zero means 10
	StartLimit time.Duration // what a start may take beyond the function's own limit; zero means Lambda's 10 seconds
}

// Lambda's limit on a start, and how many processes of a function one machine should carry.
const (
	startLimit   = 10 * time.Second
	maxProcesses = 10
)

// Bootstraps is an Invoker of compiled functions, each a process behind a Lambda Runtime API of its own on loopback. A
// function's first process starts with its first invocation. A process takes one invocation at a time; more at once
// start more processes, up to the limit, and then wait for one. A process that outlives an invocation's time limit is
// killed; one that ends is replaced at the next invocation. No process inherits anything of this one's environment but
// PATH and TMPDIR.
type Bootstraps struct {
	cfg     BootstrapsConfig
	pools   map[string]*pool
	running context.Context // ends when the functions are to stop
	stop    context.CancelFunc

	mu     sync.Mutex // guards closed, and open.Add against open.Wait
	closed bool
	open   sync.WaitGroup // invocations and processes
}

// NewBootstraps makes an Invoker; nothing is started yet.
func NewBootstraps(cfg BootstrapsConfig) *Bootstraps {
	cfg.Processes = cmp.Or(cfg.Processes, maxProcesses)
	cfg.StartLimit = cmp.Or(cfg.StartLimit, startLimit)
	b := &Bootstraps{cfg: cfg, pools: map[string]*pool{}}
	b.running, b.stop = context.WithCancel(context.Background())
	for name, f := range cfg.Functions {
		f.Timeout = cmp.Or(f.Timeout, defaultTimeout)
		f.MemoryMB = cmp.Or(f.MemoryMB, defaultMemoryMB)
		b.pools[name] = &pool{Bootstrap: f, name: name, owner: b, turns: make(chan struct{}, cfg.Processes)}
	}
	return b
}

// Invoke runs one function.
func (b *Bootstraps) Invoke(ctx context.Context, name string, payload []byte) (Reply, error) {
	p, ok := b.pools[name]
	if !ok {
		return Reply{}, unknownFunction(name)
	}
	if len(payload) > MaxPayload {
		return Reply{}, payloadTooLarge(len(payload))
	}
	if !b.enter() {
		return Reply{}, stopped(b.running.Err())
	}
	c := newCall(b.cfg.NewID(), payload)
	go func() { // it goes on when the caller doesn't wait
		defer b.open.Done()
		p.carryOut(c)
	}()
	defer close(c.gone)
	select {
	case o := <-c.outcome:
		if o.reply.FunctionError != "" {
			logFailure(ctx, b.cfg.Log, name, c.id, o.reply)
		}
		return o.reply, o.err
	case <-ctx.Done():
		return Reply{}, ctx.Err()
	}
}

// enter counts something that Close is to wait for; the caller ends it with open.Done.
func (b *Bootstraps) enter() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.open.Add(1)
	}
	return !b.closed
}

// Close takes no further invocation, asks every process to end and waits for it until ctx ends. A process that has not
// ended two seconds later is killed. Invocations under way fail as fault.Unavailable.
func (b *Bootstraps) Close(ctx context.Context) error {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.stop()
	done := make(chan struct{})
	go func() { b.open.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// arn is a function's.
func (b *Bootstraps) arn(name string) string {
	return fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s", b.cfg.Region, b.cfg.AccountID, name)
}

// outcome is what an invocation comes to.
type outcome struct {
	reply Reply
	err   error // the function was not run to its end
}

// call is one invocation on its way through a process.
type call struct {
	id      string
	payload []byte
	outcome chan outcome
	gone    chan struct{} // closed when nobody waits for the outcome any more

	mu       sync.Mutex
	answered bool // the outcome is decided
	whole    bool // the function has said all it says; set with or after answered
}

func newCall(id string, payload []byte) *call {
	return &call{id: id, payload: payload, outcome: make(chan outcome), gone: make(chan struct{})}
}

// claim gives the right to decide the outcome, once.
func (c *call) claim() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := !c.answered
	c.answered = true
	return first
}

// finish notes that the function has said all it says.
func (c *call) finish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.whole = true
}

// finished reports whether the process may ask for more work.
func (c *call) finished() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.whole
}

// send hands the outcome over, or drops it when the caller is gone. Only who claimed the call sends.
func (c *call) send(o outcome) {
	select {
	case c.outcome <- o:
	case <-c.gone:
		discard(o.reply)
	}
}

// end decides the outcome unless it is decided.
func (c *call) end(o outcome) {
	if c.claim() {
		c.send(o)
	}
}
