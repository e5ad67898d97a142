// Package simulation plays the service with everything that can go wrong, ten thousand times. It holds tests only.
//
// The create handler, the steps, the sweeper and the interpreter that runs the shipped state machine are the real ones; the
// record store, the buckets, the customer's storage and the API of Step Functions are honest ones in memory. Between the two
// stands one wrapper: whoever makes a call waits there until the schedule lets it go on, and the schedule decides what
// becomes of it. So one seed is one schedule: nothing else decides who goes first, what fails, how long somebody sleeps and
// who dies. Time is a fake clock's, and hours cost nothing.
package simulation
