package guard

import (
	"net/http"
	"strconv"
	"testing"
	"time"
)

// FuzzRetryAfter: a wait that a reply asks for is of whole seconds, up to an hour; of a text that is neither a number nor a
// date, none.
func FuzzRetryAfter(f *testing.F) {
	for _, v := range []string{"", "5", " 7 ", "-1", "99999999999", "1.5", "Fri, 01 May 2026 12:00:30 GMT", "Friday, 01-May-26 12:00:30 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "0x10"} {
		f.Add(v)
	}
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, value string) {
		h := http.Header{}
		h.Set("Retry-After", value)
		wait := RetryAfter(h, now)
		if wait < 0 || wait > time.Hour || wait%time.Second != 0 {
			t.Errorf("%q is a wait of %v", value, wait)
		}
		seconds := strconv.Itoa(int(wait / time.Second))
		if _, err := http.ParseTime(value); wait > 0 && err != nil && RetryAfter(http.Header{"Retry-After": {seconds}}, now) != wait {
			t.Errorf("%q is a wait of %v, which is not spelt %s", value, wait, seconds)
		}
	})
}
