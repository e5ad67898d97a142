// Package client is the Go SDK of VideoVector Exports: it exports an index or a prompt run, waits for the document,
// and downloads it whole or not at all. It needs the standard library only. A call that fails for a passing reason is
// repeated where repeating is safe, and every call that makes something carries an idempotency key, so that a lost
// reply never makes a second one. The key goes to the base URL and nowhere else: redirects are refused. The examples
// are its manual.
package client
