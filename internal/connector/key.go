package connector

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/videovector/exports/internal/fault"
)

// MaxKeyBytes is the longest key that each of the stores takes.
const MaxKeyBytes = 1024

var errKey = fault.New(fault.Invalid, "destination_key_refused",
	`The object's key can't be used: it must be 1 to 1,024 bytes of UTF-8 without control characters or backslashes, and without empty, "." or ".." segments.`)

// CheckKey refuses a key that one of the stores, or something on the way there, could take for another one. Every
// Target asks it before anything is sent. What looks percent-encoded is taken to the letter: "%2e%2e" names an object of
// that name.
func CheckKey(key string) error {
	bad := key == "" || len(key) > MaxKeyBytes || !utf8.ValidString(key) || strings.ContainsFunc(key, unicode.IsControl) || strings.Contains(key, `\`)
	for segment := range strings.SplitSeq(key, "/") {
		bad = bad || segment == "" || segment == "." || segment == ".."
	}
	if bad {
		return errKey
	}
	return nil
}
