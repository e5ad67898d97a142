package auth

import "github.com/videovector/exports/internal/fault"

// Scope is what a key may do. Scopes are ordered: each includes the ones below it. The zero value allows nothing.
type Scope uint8

// The scopes, weakest first.
const (
	ScopeNone Scope = iota
	ScopeSearch
	ScopeRead
	ScopeWrite
	ScopeAdmin
)

var scopeNames = [...]string{ScopeNone: "none", ScopeSearch: "search", ScopeRead: "read", ScopeWrite: "write", ScopeAdmin: "admin"}

// ParseScope is the scope of the name; an unknown name is ScopeNone and false.
func ParseScope(name string) (Scope, bool) {
	for s := ScopeSearch; s <= ScopeAdmin; s++ {
		if scopeNames[s] == name {
			return s, true
		}
	}
	return ScopeNone, false
}

// String is the scope's name on the wire.
func (s Scope) String() string {
	if int(s) < len(scopeNames) {
		return scopeNames[s]
	}
	return scopeNames[ScopeNone]
}

// Includes reports whether s allows what need allows.
func (s Scope) Includes(need Scope) bool { return s >= need }

// Principal is an authenticated caller.
type Principal struct {
	AccountID string
	UserID    string // "" where the key belongs to no single user
	KeyID     string // public name of the key, for logs
	Scope     Scope
}

// Require fails with fault.Forbidden, naming the scope, unless the principal has it.
func (p Principal) Require(need Scope) error {
	if p.Scope.Includes(need) {
		return nil
	}
	return fault.Newf(fault.Forbidden, "authorization_insufficient_scope",
		"This call needs an API key with the %s scope; the key that was sent has the %s scope.", need, p.Scope).
		With("required_scope", need.String())
}
