// Package templatetest holds what is deployed against what the code needs: the template's roles, timeouts, tables and
// buckets, the description of the HTTP surface, and the state machine, each against the others and against the code. It
// has no code of its own.
package templatetest
