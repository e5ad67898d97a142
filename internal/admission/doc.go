// Package admission decides which exports of an account are under way at once and which wait for their turn: rules alone,
// without a store or a clock. An account has one record, which stays as small as its limits. It is a note of what the
// exports' own records say, made so that a create needs to read one record and not all of them: who finds the two apart goes
// by the exports'.
package admission
