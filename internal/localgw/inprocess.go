package localgw

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/videovector/exports/internal/fault"
)

// Function is one Lambda function that runs in this process.
type Function struct {
	// Handler is a function as lambda.Start takes it. One of the form func(context.Context, In) (Out, error) whose Out
	// is an io.Reader streams; every other reply is buffered.
	Handler any
	// Timeout is how long one invocation may take; zero means Lambda's default of 3 seconds.
	Timeout time.Duration
}

// defaultTimeout is Lambda's own.
const defaultTimeout = 3 * time.Second

// InProcessConfig is what an InProcess needs.
type InProcessConfig struct {
	Functions map[string]Function
	Region    string // of the functions' ARNs
	AccountID string
	NewID     func() string // request ids
	Log       *slog.Logger  // failures of functions, by type and message
}

// InProcess is an Invoker of handlers in this process. Handlers see what Lambda shows them: their own copy of the
// payload, a deadline and a request id. A handler that outlives its time limit cannot be killed: its invocation is
// answered as timed out, its context ends, and whatever it still does goes on as it would after a frozen sandbox woke.
type InProcess struct {
	cfg     InProcessConfig
	running context.Context // ends when the functions are to stop
	stop    context.CancelFunc

	mu     sync.Mutex // guards closed, and open.Add against open.Wait
	closed bool
	open   sync.WaitGroup
}

// NewInProcess checks that every handler is a function.
func NewInProcess(cfg InProcessConfig) (*InProcess, error) {
	for name, f := range cfg.Functions {
		if t := reflect.TypeOf(f.Handler); t == nil || t.Kind() != reflect.Func {
			return nil, fmt.Errorf("the handler of %s is a %T, not a function", name, f.Handler)
		}
	}
	running, stop := context.WithCancel(context.Background())
	return &InProcess{cfg: cfg, running: running, stop: stop}, nil
}

// Close takes no further invocation, ends the contexts of those that run and waits for them until ctx ends.
func (p *InProcess) Close(ctx context.Context) error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.stop()
	done := make(chan struct{})
	go func() { p.open.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Invoke runs one function.
func (p *InProcess) Invoke(ctx context.Context, name string, payload []byte) (Reply, error) {
	f, ok := p.cfg.Functions[name]
	if !ok {
		return Reply{}, unknownFunction(name)
	}
	if len(payload) > MaxPayload {
		return Reply{}, payloadTooLarge(len(payload))
	}
	inv, err := p.begin(ctx, name, f)
	if err != nil {
		return Reply{}, err
	}
	replies, gone := make(chan Reply), make(chan struct{})
	defer close(gone)
	go inv.run(bytes.Clone(payload), replies, gone)
	select {
	case r := <-replies:
		return p.logged(inv, r), nil
	case <-inv.ctx.Done():
		if !inv.late() {
			return Reply{}, stopped(inv.ctx.Err())
		}
		return p.logged(inv, timedOut(inv.id, inv.limit)), nil
	case <-ctx.Done():
		return Reply{}, ctx.Err()
	}
}

// stopped is the answer to an invocation that Close ended.
func stopped(err error) error {
	return fault.Wrap(err, fault.Unavailable, "functions_stopped", "The functions are being stopped.")
}

func (p *InProcess) logged(inv *invocation, r Reply) Reply {
	if r.FunctionError != "" {
		logFailure(inv.ctx, p.cfg.Log, inv.name, inv.id, r)
	}
	return r
}

// invocation is one run of a function.
type invocation struct {
	ctx      context.Context
	name, id string
	limit    time.Duration
	handler  any
	end      func() // once, when nothing of the invocation runs any more
}

// begin makes the invocation's context: the caller's values, but an end of its own.
func (p *InProcess) begin(caller context.Context, name string, f Function) (*invocation, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, stopped(p.running.Err())
	}
	p.open.Add(1)
	inv := &invocation{name: name, id: p.cfg.NewID(), limit: f.Timeout, handler: f.Handler}
	if inv.limit == 0 {
		inv.limit = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(caller), inv.limit)
	unlink := context.AfterFunc(p.running, cancel)
	inv.end = sync.OnceFunc(func() { unlink(); cancel(); p.open.Done() })
	inv.ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{
		AwsRequestID:       inv.id,
		InvokedFunctionArn: fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s", p.cfg.Region, p.cfg.AccountID, name),
	})
	return inv, nil
}

// late reports whether the time limit has passed.
func (inv *invocation) late() bool { return errors.Is(inv.ctx.Err(), context.DeadlineExceeded) }

// run calls the handler and hands its reply on, or drops it when the caller is gone.
func (inv *invocation) run(payload []byte, replies chan<- Reply, gone <-chan struct{}) {
	r := inv.call(payload)
	if inv.late() {
		discard(r)
		r = timedOut(inv.id, inv.limit)
	}
	if r.Stream == nil {
		defer inv.end() // a stream ends it itself
	}
	select {
	case replies <- r:
	case <-gone:
		discard(r)
	}
}

func discard(r Reply) {
	if r.Stream != nil {
		_ = r.Stream.Close() // nobody reads it
	}
}

// call runs the handler; a panic, and a handler that ends its goroutine, are function errors.
func (inv *invocation) call(payload []byte) (r Reply) {
	ended := false
	defer func() {
		if v := recover(); v != nil {
			r = failure(panicked(v))
		} else if !ended {
			r = exited(inv.id, "exit status 1")
		}
	}()
	body, contentType, err := handle(inv.ctx, inv.handler, payload)
	ended = true
	if err != nil {
		return failure(returned(err))
	}
	if whole, ok := body.(*bytes.Reader); ok {
		return limited(Reply{Payload: remaining(whole), ContentType: contentType})
	}
	return Reply{Stream: newStream(inv, body), ContentType: contentType}
}

func remaining(r *bytes.Reader) []byte {
	raw := make([]byte, r.Len())
	_, _ = io.ReadFull(r, raw) // a reader in memory gives what it said it holds
	return raw
}

// stream is a reply that is still being written. Its end, at the latest the function's time limit, ends the invocation.
type stream struct {
	io.Reader
	close func() error
}

func newStream(inv *invocation, body io.Reader) *stream {
	shut := sync.OnceValue(func() error {
		defer inv.end()
		if c, ok := body.(io.Closer); ok {
			return c.Close()
		}
		return nil
	})
	context.AfterFunc(inv.ctx, func() { _ = shut() }) // the reader sees the broken stream
	return &stream{body, shut}
}

func (s *stream) Close() error { return s.close() }
