package pack

import (
	"context"
	"sync"
)

// inline reads, encodes and appends one block after the other.
func (a *appender) inline(ctx context.Context, f *feed) error {
	defer f.close()
	e, b := newEncoder(f), a.newBlock(f)
	for f.fill(ctx, b) {
		e.encode(b)
		if err := a.take(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// line is a pipeline: a reader fills blocks, workers encode them, and whoever started it takes them in order. Every
// block goes around: free, work and order, taken, free.
type line struct {
	free, work, order chan *block
	all               sync.WaitGroup
}

// parallel does what inline does with several workers.
func (a *appender) parallel(ctx context.Context, f *feed, threads int) error {
	reading, stop := context.WithCancel(ctx)
	defer stop()
	n := threads + 2
	l := &line{free: make(chan *block, n), work: make(chan *block, n), order: make(chan *block, n)}
	for range n {
		l.free <- a.newBlock(f)
	}
	l.all.Go(func() { l.read(reading, f) })
	for range threads {
		l.all.Go(func() { l.encode(newEncoder(f)) })
	}
	defer l.all.Wait()
	return a.appendAll(ctx, l, stop)
}

// appendAll takes blocks until there is no further one. After a failure it makes the reader stop and lets the blocks
// under way go.
func (a *appender) appendAll(ctx context.Context, l *line, stop func()) (err error) {
	for b := range l.order {
		<-b.done
		if err == nil {
			if err = a.take(ctx, b); err != nil {
				stop()
			}
		}
		l.free <- b
	}
	if err == nil {
		err = ctx.Err() // the reader stops when the context ends
	}
	return err
}

func (l *line) read(ctx context.Context, f *feed) {
	defer f.close()
	defer close(l.order)
	defer close(l.work)
	for {
		select {
		case <-ctx.Done():
			return
		case b := <-l.free:
			if ctx.Err() != nil || !f.fill(ctx, b) {
				return
			}
			failed := b.err != nil
			l.work <- b
			l.order <- b
			if failed {
				return
			}
		}
	}
}

func (l *line) encode(e *encoder) {
	for b := range l.work {
		e.encode(b)
		b.done <- struct{}{}
	}
}
