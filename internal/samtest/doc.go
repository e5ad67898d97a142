// Package samtest runs what sam build made under judges that are not ours: every function once in a container of the SAM
// CLI and once under AWS's Runtime Interface Emulator, and the whole service once as a chain of sam local start-api with
// the authorizer in front, DynamoDB Local, moto's state machine and sam local start-lambda; and the template on moto's
// CloudFormation. It has no code of its own.
package samtest
