package localsfn_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/smithy-go"

	"github.com/videovector/exports/internal/localsfn"
	"github.com/videovector/exports/internal/sfnexec"
)

const input = `{"account_id":"acct_1","export_id":"exp_1","generation":1}`

func TestStart(t *testing.T) {
	w := newWorld(t, nil)
	before := time.Now()
	out := w.mustStart(t, "exp_1-g1", input)
	if got, want := aws.ToString(out.ExecutionArn), "arn:aws:states:eu-central-1:123456789012:execution:exports:exp_1-g1"; got != want {
		t.Errorf("ARN = %s, want %s", got, want)
	}
	if d := out.StartDate.Sub(before); d < -time.Second || d > 10*time.Second {
		t.Errorf("started at %s, asked at %s", out.StartDate, before)
	}
	x := w.end(t, done(`"well"`))
	if x.Status != "SUCCEEDED" || string(x.Input) != input || string(x.Output) != `{"did":"well"}` {
		t.Errorf("the execution ended as %+v", x)
	}
}

// TestStartAgain: the same name and the same input is the same start, while it runs. Anything else is refused: a name is
// taken once.
func TestStartAgain(t *testing.T) {
	w := newWorld(t, nil)
	first := w.mustStart(t, "exp_1-g1", input)
	for _, same := range []string{input, "{ \"generation\": 1, \"export_id\": \"exp_1\",\n\"account_id\": \"acct\\u005f1\" }"} {
		again := w.mustStart(t, "exp_1-g1", same)
		if *again.ExecutionArn != *first.ExecutionArn || !again.StartDate.Equal(*first.StartDate) {
			t.Errorf("started again as %s at %s, want %s at %s", *again.ExecutionArn, again.StartDate, *first.ExecutionArn, first.StartDate)
		}
	}
	refuses := func(input, when string) {
		t.Helper()
		_, err := w.start(t, "exp_1-g1", input)
		var exists *types.ExecutionAlreadyExists
		if !errors.As(err, &exists) || !strings.Contains(exists.ErrorMessage(), *first.ExecutionArn) {
			t.Errorf("%s: %v, want ExecutionAlreadyExists of %s", when, err, *first.ExecutionArn)
		}
	}
	refuses(strings.Replace(input, "exp_1", "exp_2", 1), "another input")
	w.end(t, done(`1`))
	refuses(input, "after its end")
	select {
	case w.work <- done(`2`):
		t.Error("a second execution runs")
	case <-time.After(50 * time.Millisecond):
	}
}

// TestStartTogether: many starts of one name are one execution, and all are told so.
func TestStartTogether(t *testing.T) {
	w := newWorld(t, nil)
	arns := make([]string, 20)
	var all sync.WaitGroup
	for i := range arns {
		all.Go(func() {
			out, err := w.start(t, "exp_1-g1", input)
			if err != nil {
				t.Error(err)
				return
			}
			arns[i] = *out.ExecutionArn
		})
	}
	all.Wait()
	for _, arn := range arns {
		if arn != localsfn.ExecutionARN(machineARN, "exp_1-g1") {
			t.Errorf("started as %q", arn)
		}
	}
	w.end(t, done(`1`))
	select {
	case x := <-w.ends:
		t.Errorf("a second execution ended: %+v", x)
	case <-time.After(50 * time.Millisecond):
	}
}

// TestStartWithoutName makes a name up, and an input without one is empty.
func TestStartWithoutName(t *testing.T) {
	w := newWorld(t, nil)
	seen := map[string]bool{}
	for range 3 {
		out, err := w.client.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: aws.String(machineARN)})
		if err != nil {
			t.Fatal(err)
		}
		x := w.end(t, done(`1`))
		if *out.ExecutionArn != localsfn.ExecutionARN(machineARN, x.Name) || string(x.Input) != "{}" || seen[x.Name] {
			t.Errorf("started as %s: %+v", *out.ExecutionArn, x)
		}
		seen[x.Name] = true
	}
}

func TestStartRefuses(t *testing.T) {
	w := newWorld(t, nil)
	large := `"` + strings.Repeat("x", 262_143) + `"`
	for name, c := range map[string]struct{ arn, name, input, code string }{
		"no ARN at all":             {"machine", "x", "{}", "InvalidArn"},
		"another machine":           {machineARN + "2", "x", "{}", "StateMachineDoesNotExist"},
		"another account's machine": {strings.Replace(machineARN, "123456789012", "210987654321", 1), "x", "{}", "StateMachineDoesNotExist"},
		"a blank in the name":       {machineARN, "a b", "{}", "InvalidName"},
		"a path for a name":         {machineARN, "../x", "{}", "InvalidName"},
		"a name of 81 letters":      {machineARN, strings.Repeat("x", 81), "{}", "InvalidName"},
		"a name of no letter":       {machineARN, "", "{}", "InvalidName"},
		"a name with a line end":    {machineARN, "x\n", "{}", "InvalidName"},
		"a cut input":               {machineARN, "x", `{"a":`, "InvalidExecutionInput"},
		"two inputs":                {machineARN, "x", `{}{}`, "InvalidExecutionInput"},
		"an input of no text":       {machineARN, "x", ``, "InvalidExecutionInput"},
		"an input beyond the limit": {machineARN, "x", large, "ValidationException"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.client.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: &c.arn, Name: &c.name, Input: &c.input})
			var api smithy.APIError
			if !errors.As(err, &api) || api.ErrorCode() != c.code {
				t.Errorf("error = %v, want %s", err, c.code)
			}
		})
	}
	atLimit := large[1:]
	w.mustStart(t, strings.Repeat("x", 80), `"`+atLimit[1:])
}

// TestStarter is the service's own starter over the API.
func TestStarter(t *testing.T) {
	w := newWorld(t, nil)
	s := sfnexec.New(w.client, machineARN)
	for range 2 {
		if err := s.Start(t.Context(), "acct_1", "exp_1", 1); err != nil {
			t.Fatal(err)
		}
	}
	if x := w.end(t, done(`1`)); x.Name != "exp_1-g1" || string(x.Input) != input {
		t.Errorf("the execution ended as %+v", x)
	}
	if err := s.Start(t.Context(), "acct_1", "exp_1", 1); err != nil {
		t.Errorf("started after its end: %v, want success", err)
	}
}
