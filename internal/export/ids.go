package export

import (
	"fmt"
	"strings"
)

// MaxIDLength bounds every id that a caller names.
const MaxIDLength = 128

// ValidID reports whether s can be an id: 1 to MaxIDLength characters of [A-Za-z0-9_-]. An id is safe inside a path,
// a key and a header.
func ValidID(s string) bool {
	if s == "" || len(s) > MaxIDLength {
		return false
	}
	return strings.IndexFunc(s, notIDRune) < 0
}

func notIDRune(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '-':
		return false
	}
	return true
}

// ExecutionName is the state machine execution that carries out one generation. Step Functions takes a name once, so
// a repeated start is refused there. It fits the limit of 80 characters for every id of the service's own.
func ExecutionName(id string, generation int) string { return fmt.Sprintf("%s-g%d", id, generation) }

// ParseExecutionName is the inverse of ExecutionName; ok is false for a name that ExecutionName never makes.
func ParseExecutionName(name string) (id string, generation int, ok bool) {
	i := strings.LastIndex(name, "-g")
	if i < 0 {
		return "", 0, false
	}
	id = name[:i]
	if _, err := fmt.Sscanf(name[i+2:], "%d", &generation); err != nil {
		return "", 0, false
	}
	if !ValidID(id) || generation < 1 || ExecutionName(id, generation) != name {
		return "", 0, false
	}
	return id, generation, true
}
