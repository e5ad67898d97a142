package api

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// MaxWait is how long an answer is held at most, in seconds. API Gateway gives up after 29.
const MaxWait = 20

// waitPreferred is how many seconds the request prefers to wait for its answer (RFC 7240, section 4.3), at most MaxWait.
// Of several such preferences the first counts. ok is false without one, and for one that can't be read: a preference
// that isn't understood is passed over.
func waitPreferred(h http.Header) (seconds int, ok bool) {
	for preference := range quotedSplit(strings.Join(h.Values("Prefer"), ","), ',') {
		word, _, _ := strings.Cut(preference, ";")
		name, value, _ := strings.Cut(word, "=")
		if strings.EqualFold(strings.TrimSpace(name), "wait") {
			return parseWait(strings.TrimSpace(value))
		}
	}
	return 0, false
}

// parseWait reads a whole number of seconds, quoted or not.
func parseWait(value string) (seconds int, ok bool) {
	if n := len(value); n >= 2 && value[0] == '"' && value[n-1] == '"' {
		value = value[1 : n-1]
	}
	if value == "" || strings.Trim(value, "0123456789") != "" {
		return 0, false
	}
	seconds, err := strconv.Atoi(value)
	if err != nil { // too large for a number
		return MaxWait, true
	}
	return min(seconds, MaxWait), true
}

// quotedSplit gives the pieces between separators, but for those that stand in a quoted string.
func quotedSplit(s string, separator byte) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		quoted, from := false, 0
		for i := 0; i < len(s); i++ {
			switch {
			case s[i] == '"':
				quoted = !quoted
			case s[i] == '\\' && quoted:
				i++
			case s[i] == separator && !quoted:
				if !yield(s[from:i]) {
					return
				}
				from = i + 1
			}
		}
		yield(s[from:])
	}
}

// preferenceApplied is the header that says how long an answer was held at most.
func preferenceApplied(h http.Header, seconds int) {
	h.Set("Preference-Applied", "wait="+strconv.Itoa(seconds))
}

// Looks at an export whose answer is held: the first pause, and the longest. A held answer costs some 13 reads.
const (
	firstLook = 250 * time.Millisecond
	longest   = 2 * time.Second
)
