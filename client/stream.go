package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// stallTimeout is how long a download may bring nothing. The service itself gives up after 5 minutes.
const stallTimeout = 2 * time.Minute

// stream makes the call, with retries, and gives the reply with its body to be read. It ends when nothing arrives for
// the caller's patience, and with the context.
func (c *caller) stream(ctx context.Context, r request) (res *http.Response, err error) {
	err = c.retry(ctx, r, func() error {
		res, err = c.watch(ctx, r) //nolint:bodyclose // the body is stream's caller's
		return err
	})
	return res, err
}

func (c *caller) watch(ctx context.Context, r request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(c.patience, func() { cancel(fmt.Errorf("nothing arrived for %s", c.patience)) })
	res, err := c.send(ctx, r)
	if err != nil {
		timer.Stop()
		cancel(nil)
		return nil, err
	}
	res.Body = &watched{body: res.Body, timer: timer, patience: c.patience, cancel: cancel}
	return res, nil
}

// watched is a body that has to bring something now and then.
type watched struct {
	body     io.ReadCloser
	timer    *time.Timer
	patience time.Duration
	cancel   context.CancelCauseFunc
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.body.Read(p)
	if n > 0 {
		w.timer.Reset(w.patience)
	}
	return n, err
}

func (w *watched) Close() error {
	w.timer.Stop()
	w.cancel(nil)
	return w.body.Close()
}
