package memblob

import (
	"context"
	"sync"

	"github.com/videovector/exports/internal/fault"
)

// Method names a call of blob.Bucket.
type Method string

// The methods of blob.Bucket that can fail.
const (
	Head           Method = "Head"
	Open           Method = "Open"
	List           Method = "List"
	Put            Method = "Put"
	Delete         Method = "Delete"
	Presign        Method = "Presign"
	CreateUpload   Method = "CreateUpload"
	UploadPart     Method = "UploadPart"
	Parts          Method = "Parts"
	CompleteUpload Method = "CompleteUpload"
	AbortUpload    Method = "AbortUpload"
	Uploads        Method = "Uploads"

	// Any is every method, in SetFault's conditions.
	Any Method = ""
)

// Call is one call of the bucket. Both numbers start at 1 and count from the last Reset on.
type Call struct {
	Method Method
	Key    string // or prefix
	N      int    // among the calls of this method
	Total  int    // among all calls
}

// Hook decides a call's fate. An error of before is returned in place of the call. An error of after is returned
// when the call has had its effect, in place of its success.
type Hook func(Call) (before, after error)

// ErrInjected is the failure that FailBefore and FailAfter report: a reply that never came.
var ErrInjected = fault.New(fault.Unavailable, "storage_failed", "The object storage did not answer.")

// FailBefore is a Hook under which the n-th call of the method does nothing and fails with ErrInjected.
func FailBefore(m Method, n int) Hook {
	return func(c Call) (before, after error) {
		if c.is(m, n) {
			return ErrInjected, nil
		}
		return nil, nil
	}
}

// FailAfter is a Hook under which the n-th call of the method is done and still fails with ErrInjected.
func FailAfter(m Method, n int) Hook {
	return func(c Call) (before, after error) {
		if c.is(m, n) {
			return nil, ErrInjected
		}
		return nil, nil
	}
}

func (c Call) is(m Method, n int) bool {
	if m == Any {
		return c.Total == n
	}
	return c.Method == m && c.N == n
}

// faults counts calls and holds the hook.
type faults struct {
	mu    sync.Mutex
	hook  Hook
	calls []Call
}

// Reset counts calls from zero and asks h, which may be nil, about each of them.
func (b *Bucket) Reset(h Hook) {
	b.faults.mu.Lock()
	defer b.faults.mu.Unlock()
	b.faults.hook, b.faults.calls = h, nil
}

// Calls are the calls since the last Reset, failed ones included.
func (b *Bucket) Calls() []Call {
	b.faults.mu.Lock()
	defer b.faults.mu.Unlock()
	return append([]Call(nil), b.faults.calls...)
}

func (f *faults) decide(m Method, key string) (before, after error) {
	f.mu.Lock()
	c := Call{Method: m, Key: key, N: 1, Total: len(f.calls) + 1}
	for _, past := range f.calls {
		if past.Method == m {
			c.N++
		}
	}
	f.calls = append(f.calls, c)
	hook := f.hook
	f.mu.Unlock()
	if hook == nil {
		return nil, nil
	}
	return hook(c)
}

// do runs a call under the lock, with the faults that the hook wants.
func (b *Bucket) do(ctx context.Context, m Method, key string, call func() error) error {
	if err := ctx.Err(); err != nil {
		return fault.Wrap(err, fault.Unavailable, "storage_failed", "The object storage was not asked.")
	}
	before, after := b.faults.decide(m, key)
	if before != nil {
		return before
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := call(); err != nil {
		return err
	}
	return after
}
