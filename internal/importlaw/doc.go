// Package importlaw holds the project's import law: which package may not import which, and why. It has no code of
// its own; its test reads every package's imports and fails on a forbidden edge, with the reason.
package importlaw
