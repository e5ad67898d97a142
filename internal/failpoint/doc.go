// Package failpoint lets tests kill real processes at named places of the code. Built with the tag "failpoints", a process
// that reaches a place which is armed ends there by SIGKILL, with everything that it knew; and its clock can be moved, so
// that leases and graces take no time. Without the tag nothing of it is in a binary: no call, no name of a place.
//
// A place is named VERB.MOMENT or STEP.MOMENT: "assemble.completed" is the moment after Assemble has completed a file.
// internal/kill arms the places and knows what each needs to be reached.
package failpoint
