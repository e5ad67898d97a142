// Package kill plays the deployed service as real processes, and kills them. It holds tests only.
//
// The local service and the functions' bootstraps are built with the tag "failpoints" and run over DynamoDB Local, the
// versity gateway, fake-gcs-server and Azurite. One seed is one schedule: which exports are made, what their owner does to
// them, at which place of the code which process gets SIGKILL, and at which passage through that place. The service is
// started again as often as it dies, the clock is moved on to whatever it waits for, and at the end everything that was
// promised must hold.
package kill
