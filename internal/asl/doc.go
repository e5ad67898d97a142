// Package asl interprets the JSONPath subset of the Amazon States Language, so that a state machine runs on one
// machine, and in tests, from the very file that is deployed. Load refuses whatever the interpreter does not
// implement, with the state and the field: nothing is skipped at run time. Where Step Functions is known to do
// otherwise than the language says, the interpreter does as Step Functions. An Engine runs executions, keeps each
// one's history in a journal, and takes up after a crash what had not ended.
package asl
