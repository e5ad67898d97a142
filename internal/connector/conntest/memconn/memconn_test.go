package memconn_test

import (
	"testing"
	"time"

	"github.com/videovector/exports/internal/connector/conntest"
	"github.com/videovector/exports/internal/connector/conntest/memconn"
	"github.com/videovector/exports/internal/fault"
)

func TestConformance(t *testing.T) {
	conntest.Run(t, func(*testing.T) conntest.Harness {
		target := memconn.New("bucket")
		l := &line{target: target}
		l.Mend()
		return conntest.Harness{
			Target: target, Line: l, LargeBytes: 100_000,
			Gone:    unusable("destination_bucket_missing"),
			Revoked: unusable("destination_credentials_refused"),
		}
	})
}

// unusable is a target whose every call is refused.
func unusable(code string) *memconn.Target {
	target := memconn.New("bucket")
	target.SetHook(func(memconn.Call) (before, after error) {
		return fault.New(fault.Invalid, code, "It can't be used."), nil
	})
	return target
}

// line breaks calls by the target's hook. A call takes the place of a request.
type line struct {
	target *memconn.Target
	calls  int
	broke  bool
}

func (l *line) Break(n int, f conntest.Fault) {
	l.broke = false
	seen := 0
	l.target.SetHook(func(c memconn.Call) (before, after error) {
		l.calls++
		if (f.Writes() || f.Cut) && c.Method != "Create" && c.Method != "Replace" {
			return nil, nil
		}
		if seen++; seen != n {
			return nil, nil
		}
		l.broke = true
		if f.Lost {
			return nil, memconn.ErrInjected
		}
		return injected(f), nil
	})
}

func injected(f conntest.Fault) error {
	if f.Writes() {
		return fault.New(fault.Conflict, "destination_exists", "An object stands there, or did.")
	}
	if f.RetryAfter == 0 {
		return memconn.ErrInjected
	}
	err := fault.New(fault.Throttled, "destination_busy", "The destination asks for fewer requests.")
	err.RetryAfter = time.Duration(f.RetryAfter) * time.Second
	return err
}

func (l *line) Mend() { l.Break(0, conntest.Fault{}) }

func (l *line) Broke() bool { return l.broke }

func (l *line) Requests() int { return l.calls }
