// Command bench runs `vvx pack` and what people would use in its place on the same results, one after the other and
// again, and prints what each took of the processor and of memory. It is a report: it fails only when something can't
// be run at all.
//
// What is counted is the processor time of whole processes, user and system, as the system tells it at their ends:
// start-up, collector and kernel included. The clock counts only where the question is what a second processor gains.
package main
