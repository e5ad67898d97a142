package localgw

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// pool is one function's processes.
type pool struct {
	Bootstrap
	name  string
	owner *Bootstraps
	turns chan struct{} // holds one token per invocation under way

	mu   sync.Mutex
	idle []*sandbox // the last one parked is the first one used
}

// carryOut brings a call to its outcome.
func (p *pool) carryOut(c *call) {
	select {
	case p.turns <- struct{}{}:
		defer func() { <-p.turns }()
	case <-c.gone:
		return
	case <-p.owner.running.Done():
		c.end(p.stopped())
		return
	}
	if s := p.assign(c); s != nil && s.await(c) {
		p.park(s)
	}
}

// assign gives the call to a process that waits for work, or to a new one; nil when neither can be had, and then the
// call has its outcome.
func (p *pool) assign(c *call) *sandbox {
	for s := p.unpark(); s != nil; s = p.unpark() {
		if s.give(c) {
			return s
		}
	}
	s, err := p.start()
	if err != nil {
		c.end(p.unlessStopped(failed("Runtime.InvalidEntrypoint", fmt.Sprintf("RequestId: %s Error: %v", c.id, err))))
		return nil
	}
	if !s.ready(c) {
		return nil
	}
	if !s.give(c) {
		c.end(p.unlessStopped(s.ended(c)))
		return nil
	}
	return s
}

func (p *pool) park(s *sandbox) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, s)
}

func (p *pool) unpark() *sandbox {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return nil
	}
	s := p.idle[n-1]
	p.idle = p.idle[:n-1]
	return s
}

func (p *pool) stopped() outcome { return outcome{err: stopped(p.owner.running.Err())} }

// unlessStopped is a failure of the function, unless Close is what it failed by.
func (p *pool) unlessStopped(r Reply) outcome {
	if p.owner.running.Err() != nil {
		return p.stopped()
	}
	return outcome{reply: r}
}

// environment is what Lambda gives to a function, and what the function was deployed with.
func (p *pool) environment(api string, started time.Time) []string {
	env := []string{
		"AWS_LAMBDA_RUNTIME_API=" + api,
		"AWS_LAMBDA_FUNCTION_NAME=" + p.name,
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + strconv.Itoa(p.MemoryMB),
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/" + p.name,
		"AWS_LAMBDA_LOG_STREAM_NAME=" + started.UTC().Format("2006/01/02") + "/[$LATEST]" + p.owner.cfg.NewID(),
		"AWS_REGION=" + p.owner.cfg.Region,
		"AWS_DEFAULT_REGION=" + p.owner.cfg.Region,
		"LAMBDA_TASK_ROOT=" + filepath.Dir(p.Program),
		"_HANDLER=" + filepath.Base(p.Program),
		"LANG=en_US.UTF-8",
		"TZ=:UTC",
	}
	for _, name := range []string{"PATH", "TMPDIR"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return append(env, p.Env...)
}
