// Package statemachine holds the export state machine in the Amazon States Language. The template deploys the file,
// the local engine and the tests embed it: there is one definition.
package statemachine

import _ "embed"

// Export is export.asl.json with its ${…FunctionArn} placeholders not yet substituted.
//
//go:embed export.asl.json
var Export []byte

// Functions are the functions that the definition calls, by the placeholder that names each.
var Functions = map[string]string{
	"PlanFunctionArn":     "plan",
	"PackageFunctionArn":  "package",
	"AssembleFunctionArn": "assemble",
	"PresignFunctionArn":  "presign",
	"DeliverFunctionArn":  "deliver",
	"FinishFunctionArn":   "finish",
	"FailFunctionArn":     "fail",
}
