// Package sfnexec starts executions of the export state machine in Step Functions. A generation of an export has one
// execution name, and Step Functions takes a name once: starting twice is starting once.
package sfnexec

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
)

// Client is the one call of the Step Functions SDK that is used.
type Client interface {
	StartExecution(ctx context.Context, in *sfn.StartExecutionInput, opts ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error)
}

// Starter starts executions of one state machine.
type Starter struct {
	client Client
	arn    string
}

// New makes a Starter for the state machine with the ARN.
func New(client Client, stateMachineARN string) *Starter {
	return &Starter{client, stateMachineARN}
}

// input is what an execution starts with: ids only.
type input struct {
	AccountID  string `json:"account_id"`
	ExportID   string `json:"export_id"`
	Generation int    `json:"generation"`
}

// Start asks for the execution of one generation. An execution that exists already is success: an earlier call had
// its effect. A failure is fault.Unavailable or fault.Throttled and may have had its effect too.
func (s *Starter) Start(ctx context.Context, account, exportID string, generation int) error {
	body, err := json.Marshal(input{account, exportID, generation})
	if err != nil {
		return err
	}
	_, err = s.client.StartExecution(ctx, &sfn.StartExecutionInput{
		StateMachineArn: aws.String(s.arn),
		Name:            aws.String(export.ExecutionName(exportID, generation)),
		Input:           aws.String(string(body)),
	})
	var exists *types.ExecutionAlreadyExists
	var limit *types.ExecutionLimitExceeded
	switch {
	case err == nil, errors.As(err, &exists):
		return nil
	case errors.As(err, &limit):
		return fault.Wrap(err, fault.Throttled, "start_throttled", "The state machine takes no further executions just now.")
	}
	return fault.Wrap(err, fault.Unavailable, "start_failed", "The state machine could not be started.")
}
