package connector_test

import (
	"context"
	"errors"
	"iter"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/connector/conntest/memconn"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

func invalid(message string) error { return fault.New(fault.Invalid, "destination_refused", message) }

// of fails the calls of the method, before or after their effect.
func of(method string, before, after error) memconn.Hook {
	return func(c memconn.Call) (error, error) {
		if c.Method == method {
			return before, after
		}
		return nil, nil
	}
}

var probeName = regexp.MustCompile(`videovector-test-[A-Z2-7]{26}\.txt`)

func TestTest(t *testing.T) {
	both, exports, imports := []string{"import", "export"}, []string{"export"}, []string{"import"}
	for name, c := range map[string]struct {
		scopes   []string
		hook     memconn.Hook
		problem  string // "NAME" stands for the probe's name
		leftover bool
	}{
		"works":                   {both, nil, "", false},
		"import works":            {imports, of("Create", invalid("No."), nil), "", false},
		"export needs no listing": {exports, of("List", invalid("No."), nil), "", false},
		"may not write":           {exports, of("Create", invalid("It may not."), nil), "Writing a probe object failed: It may not.", false},
		"may not read":            {exports, of("Open", invalid("It may not."), nil), "Reading the probe object back failed: It may not.", false},
		"may not remove": {exports, of("Remove", invalid("It may not."), nil),
			"Removing the probe object failed: It may not. It is left over: mem://bucket/base/NAME.", true},
		"may not list": {both, of("List", invalid("It may not."), nil), "Listing the bucket failed: It may not.", false},
		"may nothing": {both, func(memconn.Call) (error, error) { return invalid("It may not."), nil },
			"Writing a probe object failed: It may not. Listing the bucket failed: It may not.", false},
		"the reply to the write is lost": {exports, of("Create", nil, memconn.ErrInjected),
			"Writing a probe object failed: The destination did not answer.", false},
		"nothing is heard any more": {exports, func(c memconn.Call) (error, error) {
			if c.Method == "Create" {
				return nil, memconn.ErrInjected
			}
			return memconn.ErrInjected, nil
		}, "Writing a probe object failed: The destination did not answer. A probe may be left over: mem://bucket/base/NAME.", true},
		"written by a repetition inside of the adapter": {exports, of("Create", nil, fault.New(fault.Conflict, "destination_exists", "It stands there.")), "", false},
		"its clock is wrong": {exports, of("Create", fault.New(fault.Unavailable, "clock_skewed", "The clocks differ."), nil),
			"Writing a probe object failed: The clocks differ.", false},
		"throttles": {imports, of("List", fault.New(fault.Throttled, "destination_throttled", "Too much."), nil), "Listing the bucket failed: Too much.", false},
	} {
		t.Run(name, func(t *testing.T) {
			bucket := memconn.New("bucket")
			bucket.Place("a/video.mp4", []byte("v"))
			bucket.SetHook(c.hook)
			problem, err := connector.Test(t.Context(), memconn.Opener{Target: bucket}, store.Connector{Scopes: c.scopes, ExportBasePath: "base"})
			if got := probeName.ReplaceAllString(problem, "NAME"); err != nil || got != c.problem {
				t.Errorf("problem %q, %v; want %q", got, err, c.problem)
			}
			if left := len(bucket.Objects()) > 1; left != c.leftover {
				t.Errorf("left over: %v, want %v", left, c.leftover)
			}
		})
	}
}

// TestOurFailureIsNoResult: what went wrong here says nothing about the connector.
func TestOurFailureIsNoResult(t *testing.T) {
	broken := fault.New(fault.Internal, "internal_error", "Something went wrong.")
	for _, method := range []string{"Create", "Open", "List"} {
		bucket := memconn.New("bucket")
		bucket.SetHook(of(method, broken, nil))
		problem, err := connector.Test(t.Context(), memconn.Opener{Target: bucket}, store.Connector{Scopes: []string{"export", "import"}})
		if !errors.Is(err, broken) || problem != "" || len(bucket.Objects()) > 0 {
			t.Errorf("%s: %q, %v, %d objects left", method, problem, err, len(bucket.Objects()))
		}
	}
	for _, c := range []struct {
		fails   error
		problem string
	}{
		{invalid("There is no such region."), "Opening the connector failed: There is no such region."},
		{fault.New(fault.Unavailable, "key_unavailable", "The key could not be used."), ""},
		{broken, ""},
	} {
		problem, err := connector.Test(t.Context(), unopened{c.fails}, store.Connector{Scopes: []string{"import"}})
		if problem != c.problem || (err == nil) != (problem != "") {
			t.Errorf("opening fails with %v: %q, %v", c.fails, problem, err)
		}
	}
}

type unopened struct{ err error }

func (u unopened) OpenTarget(context.Context, store.Connector) (connector.Target, error) {
	return nil, u.err
}

// silent never answers; it gives up with its caller.
type silent struct{ connector.Target }

func (s silent) OpenTarget(context.Context, store.Connector) (connector.Target, error) { return s, nil }
func (silent) URI(key string) string                                                   { return "mem://" + key }
func (silent) Create(ctx context.Context, _ connector.Object) error                    { return gone(ctx) }
func (silent) Remove(ctx context.Context, _ string) error                              { return gone(ctx) }
func (silent) List(ctx context.Context, _ connector.ListQuery) iter.Seq2[connector.File, error] {
	return func(yield func(connector.File, error) bool) { yield(connector.File{}, gone(ctx)) }
}

func gone(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestTestEndsInTime(t *testing.T) {
	for scope, want := range map[string]string{
		"import": "Listing the bucket failed: the bucket did not answer within 20 seconds.",
		"export": "Writing a probe object failed: the bucket did not answer within 20 seconds. A probe may be left over: mem://videovector-test-",
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			problem, err := connector.Test(t.Context(), silent{}, store.Connector{Scopes: []string{scope}})
			if err != nil || !strings.HasPrefix(problem, want) {
				t.Errorf("problem %q, %v", problem, err)
			}
			if took := time.Since(began); took > 25*time.Second {
				t.Errorf("the test took %s", took)
			}
		})
	}
}

// TestAbandonedTestIsNoResult: a caller who goes learns nothing, and the connector isn't blamed for it.
func TestAbandonedTestIsNoResult(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if problem, err := connector.Test(ctx, silent{}, store.Connector{Scopes: []string{"import"}}); err == nil || problem != "" {
		t.Errorf("problem %q, %v", problem, err)
	}
}
