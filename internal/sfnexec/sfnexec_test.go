package sfnexec

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/videovector/exports/internal/fault"
)

// answer is a Step Functions that records the request and gives one answer.
type answer struct {
	err error
	got *sfn.StartExecutionInput
}

func (a *answer) StartExecution(_ context.Context, in *sfn.StartExecutionInput, _ ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error) {
	a.got = in
	return &sfn.StartExecutionOutput{}, a.err
}

func TestStart(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		ok   bool
		kind fault.Kind
	}{
		"accepted":           {nil, true, 0},
		"exists already":     {&types.ExecutionAlreadyExists{}, true, 0},
		"too many":           {&types.ExecutionLimitExceeded{}, false, fault.Throttled},
		"the reply was lost": {errors.New("i/o timeout"), false, fault.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			client := &answer{err: c.err}
			err := New(client, "arn:machine").Start(t.Context(), "acct", "exp_1", 2)
			if (err == nil) != c.ok || (err != nil && fault.KindOf(err) != c.kind) {
				t.Errorf("error = %v", err)
			}
			if *client.got.Name != "exp_1-g2" || *client.got.Input != `{"account_id":"acct","export_id":"exp_1","generation":2}` {
				t.Errorf("asked for %s with %s", *client.got.Name, *client.got.Input)
			}
		})
	}
}
