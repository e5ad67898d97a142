// Package hostile holds what docs/reliability.md says of hostile input against the code: every fuzz target stands there with
// what it holds, and every limit names a test that exists. It has no code of its own.
package hostile
