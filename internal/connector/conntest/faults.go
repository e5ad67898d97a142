package conntest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/fault"
)

// faults are the ways in which a request goes wrong.
var faults = []Fault{
	{Name: "reply lost", Lost: true},
	{Name: "upload cut", Cut: true},
	{Name: "409", Status: 409},
	{Name: "412", Status: 412},
	{Name: "429", Status: 429, RetryAfter: 7},
	{Name: "500", Status: 500},
	{Name: "503", Status: 503, RetryAfter: 7},
	{Name: "redirect", Status: 307},
}

// maxRequests is more than a delivery makes.
const maxRequests = 60

// testFault breaks a delivery at its first request, another at its second and so on, until one has no more requests to
// break. Each time nothing partial is seen, and the repeated delivery ends with one equal object.
func testFault(t *testing.T, h Harness, f Fault) {
	for n := 1; n <= maxRequests; n++ {
		prefix := fmt.Sprintf("try-%d", n)
		h.Line.Break(n, f)
		_, err := connector.Deliver(t.Context(), h.Target, delivery(prefix, h.LargeBytes))
		broke := h.Line.Broke()
		h.Line.Mend()
		if !broke {
			if err != nil || n == 1 {
				t.Errorf("the delivery that nothing broke, after %d: %v", n-1, err)
			}
			return
		}
		f.check(t, n, err)
		nothingPartial(t, h.Target, prefix, h.LargeBytes)
		if _, err := connector.Deliver(t.Context(), h.Target, delivery(prefix, h.LargeBytes)); err != nil {
			t.Errorf("request %d: the repeated delivery: %v", n, err)
		}
		delivered(t, h.Target, prefix, h.LargeBytes)
	}
	t.Errorf("a delivery made more than %d requests", maxRequests)
}

// check holds what became of the broken delivery: it failed so that it is tried again, or it got over the fault.
func (f Fault) check(t *testing.T, n int, err error) {
	t.Helper()
	if err == nil {
		return
	}
	want := []fault.Kind{fault.Unavailable}
	if f.RetryAfter > 0 {
		want = []fault.Kind{fault.Throttled}
	}
	known := fault.As(err)
	if !slices.Contains(want, known.Kind) || known.Message == "" {
		t.Errorf("request %d: %v (kind %d), want one of %d", n, err, known.Kind, want)
	}
	if wait := time.Duration(f.RetryAfter) * time.Second; known.Kind == fault.Throttled && known.RetryAfter != wait {
		t.Errorf("request %d: to be tried again after %v, want %v", n, known.RetryAfter, wait)
	}
}
