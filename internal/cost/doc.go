// Package cost is a model of what an export takes on AWS: time, state transitions, requests, memory and dollars, and what
// limits it. It counts what the code does, with the state machine's definition and the template's sizes as they are; rates
// that were measured and prices that were published stand in one place each. docs/cost.md is what it computes.
package cost
