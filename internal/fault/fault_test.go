package fault

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAs(t *testing.T) {
	busy := New(Throttled, "busy", "Not now.")
	for name, c := range map[string]struct {
		err  error
		kind Kind
		code string
	}{
		"itself":                  {busy, Throttled, "busy"},
		"below other words":       {fmt.Errorf("reading: %w", busy), Throttled, "busy"},
		"one of several":          {errors.Join(io.EOF, busy), Throttled, "busy"},
		"the outermost":           {Wrap(busy, Unavailable, "later", "Later."), Unavailable, "later"},
		"an error of nobody's":    {io.ErrUnexpectedEOF, Internal, "internal_error"},
		"the zero Error":          {&Error{}, Internal, ""},
		"a kind without a detail": {New(Irregular, "odd", ""), Irregular, "odd"},
	} {
		t.Run(name, func(t *testing.T) {
			f := As(c.err)
			if f.Kind != c.kind || f.Code != c.code || KindOf(c.err) != c.kind || !Is(c.err, c.kind) {
				t.Errorf("As = %d %s, KindOf = %d, want %d %s", f.Kind, f.Code, KindOf(c.err), c.kind, c.code)
			}
		})
	}
	for kind := range kinds(t) {
		if Is(nil, kind) {
			t.Errorf("no failure is of kind %d", kind)
		}
	}
}

// TestTheCauseIsForLogs: the cause is in the error's text and chain, never in what a caller reads.
func TestTheCauseIsForLogs(t *testing.T) {
	f := Wrap(io.ErrClosedPipe, Unavailable, "storage_failed", "Try again.")
	if got, want := f.Error(), "storage_failed: Try again.: io: read/write on closed pipe"; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
	if !errors.Is(f, io.ErrClosedPipe) || f.Message != "Try again." {
		t.Errorf("the chain lacks its cause, or the message %q has it", f.Message)
	}
	if got, want := Newf(Invalid, "bad", "%d rows", 3).Error(), "bad: 3 rows"; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
	foreign := As(errors.New("password=hunter2"))
	if foreign.Message != "Something went wrong on our side. Try again; if it stays, report the request id." {
		t.Errorf("the message of a foreign error is %q", foreign.Message)
	}
}

// TestWithCopies: a detail goes into the copy; failures that are package variables stay as they are.
func TestWithCopies(t *testing.T) {
	plain := Wrap(io.EOF, Invalid, "validation_failed", "Mend the values.")
	one := plain.With("a", 1)
	two := one.With("b", 2)
	again := one.With("a", 3)
	for i, c := range []struct {
		got  *Error
		want map[string]any
	}{
		{plain, nil},
		{one, map[string]any{"a": 1}},
		{two, map[string]any{"a": 1, "b": 2}},
		{again, map[string]any{"a": 3}},
	} {
		if diff := cmp.Diff(c.want, c.got.Details); diff != "" || c.got.Kind != Invalid || !errors.Is(c.got, io.EOF) {
			t.Errorf("%d: kind %d, details (-want +got):\n%s", i, c.got.Kind, diff)
		}
	}
}
