package steps

import (
	"context"
	"io"
	"sync/atomic"
	"time"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
)

// meter counts what is sent to a destination and read back there, each byte half. When the export is lost meanwhile, it
// ends the delivery.
type meter struct {
	ctx      context.Context // of the delivery
	end      context.CancelCauseFunc
	progress *progress
	halves   atomic.Int64
}

func newMeter(ctx context.Context, p *progress) *meter {
	m := &meter{progress: p}
	m.ctx, m.end = context.WithCancelCause(ctx)
	return m
}

func (m *meter) count(n int) {
	bytes := m.halves.Add(int64(n)) / 2
	err := m.progress.note(m.ctx, func(e export.Export, now time.Time) export.Export { return e.Sent(bytes, now) })
	if err != nil {
		m.end(err)
	}
}

// failure is why the delivery ended: because the export was lost, if that is what ended it.
func (m *meter) failure(err error) error {
	if cause := context.Cause(m.ctx); err != nil && fault.Is(cause, fault.Superseded) {
		return cause
	}
	return err
}

// sent counts what is read of the object, which is then sent.
func (m *meter) sent(o connector.Object) connector.Object {
	open := o.Open
	o.Open = func(ctx context.Context, offset, length int64) (io.ReadCloser, error) {
		body, err := open(ctx, offset, length)
		if err != nil {
			return nil, err
		}
		return metered{body, m}, nil
	}
	return o
}

// readBack is the target, with what is read there counted.
func (m *meter) readBack(t connector.Target) connector.Target { return meteredTarget{t, m} }

type meteredTarget struct {
	connector.Target
	meter *meter
}

func (t meteredTarget) Open(ctx context.Context, key string) (io.ReadCloser, connector.Info, error) {
	body, info, err := t.Target.Open(ctx, key)
	if err != nil {
		return nil, info, err
	}
	return metered{body, t.meter}, info, nil
}

type metered struct {
	io.ReadCloser
	meter *meter
}

// Read fails once the delivery has ended: not every reader of it looks at the context.
func (m metered) Read(p []byte) (int, error) {
	if m.meter.ctx.Err() != nil {
		return 0, context.Cause(m.meter.ctx)
	}
	n, err := m.ReadCloser.Read(p)
	m.meter.count(n)
	return n, err
}
