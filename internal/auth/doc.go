// Package auth says who calls and what they may do: API keys and their scopes, and the three things that the service
// signs for callers to hand back: download tokens, list cursors and the fingerprints of idempotent requests. It knows
// no transport beyond the names of two headers, and keeps no key in clear.
package auth
