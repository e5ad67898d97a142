// Package dependencies holds what the programs of this project are made of besides its own code: docs/dependencies.md
// lists every module with its version, its licence and the programs that contain it. It has no code of its own; its test
// makes the list from what the Go toolchain links and from the licence texts, and fails when the document says otherwise
// or a licence is not among those that the project takes.
package dependencies
