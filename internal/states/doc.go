// Package states makes the diagrams and tables of docs/states.md out of what they are about: the record's out of the
// transitions of internal/export, which it carries out on every record that can come about, and of the functions that call
// them; the state machine's out of its definition. Its test fails when the document differs; with -update it writes it.
package states
