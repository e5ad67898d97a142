// Package deadlinks holds the trials of the links between the service's parts. It has no code of its own; its tests run the
// local service, whose every link leads through a proxy that makes it slow, cuts it, lets it fall silent or takes it away,
// over DynamoDB Local, S3 and emulators of the other clouds. docs/reliability.md tells which link meets what.
package deadlinks
