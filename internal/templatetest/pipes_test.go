package templatetest

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/changes"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store/dynamostore"
)

// pipeProperties are what the tests look at of a pipe.
type pipeProperties struct {
	Source, Target   string
	SourceParameters struct {
		DynamoDBStreamParameters struct {
			StartingPosition, OnPartialBatchItemFailure string
			BatchSize, MaximumRetryAttempts             int
			DeadLetterConfig                            struct{ Arn string }
		}
		FilterCriteria struct{ Filters []struct{ Pattern string } }
	}
	TargetParameters struct {
		InputTemplate            string
		LambdaFunctionParameters struct{ InvocationType string }
	}
}

// TestFinishedRunsPipe: the pipe lets through the runs that the code takes as finished, and makes of each what the local
// pipe makes of it.
func TestFinishedRunsPipe(t *testing.T) {
	p := properties[pipeProperties](t, load(t), "FinishedRunsPipe", "AWS::Pipes::Pipe")
	s := p.SourceParameters.DynamoDBStreamParameters
	if p.Source != "${Table.StreamArn}" || p.Target != "${RunAutomationsFunction.Arn}" || p.TargetParameters.LambdaFunctionParameters.InvocationType != "REQUEST_RESPONSE" ||
		s.OnPartialBatchItemFailure != "AUTOMATIC_BISECT" || s.StartingPosition != "TRIM_HORIZON" || s.DeadLetterConfig.Arn != "${UntoldChanges.Arn}" || s.MaximumRetryAttempts < 10 {
		t.Errorf("the pipe is %+v", p)
	}
	var filter struct {
		DynamoDB struct {
			Keys struct {
				SK struct{ S []struct{ Prefix string } } `json:"sk"`
			}
			NewImage struct {
				Status struct{ S []export.RunStatus } `json:"status"`
			}
		} `json:"dynamodb"`
	}
	if err := json.Unmarshal([]byte(p.SourceParameters.FilterCriteria.Filters[0].Pattern), &filter); err != nil {
		t.Fatal(err)
	}
	lets := filter.DynamoDB.NewImage
	for _, status := range []export.RunStatus{export.RunPending, export.RunProcessing, export.RunCompleted, export.RunCompletedWithFailures, export.RunFailed, export.RunCancelled} {
		if slices.Contains(lets.Status.S, status) != status.Finished() {
			t.Errorf("a run that is %s: the filter lets %v through", status, lets.Status.S)
		}
	}
	if sk := filter.DynamoDB.Keys.SK.S; len(sk) != 1 || sk[0].Prefix != "RUN#" {
		t.Errorf("the filter is %+v", filter)
	}
	for _, executed := range []time.Time{t0, {}} {
		image := map[string]types.AttributeValue{}
		for name, value := range map[string]string{
			"pk": "ACCT#acct", "sk": "RUN#run", "account_id": "acct", "run_id": "run", "index_id": "idx", "status": "completed",
			"prompt_name": `"quoted"`, "executed_at": executed.Format(time.RFC3339Nano),
		} {
			if name != "executed_at" || !executed.IsZero() {
				image[name] = &types.AttributeValueMemberS{Value: value}
			}
		}
		want, ok := dynamostore.ChangeOf(image)
		if !ok {
			t.Fatal("the image tells no change")
		}
		want.ID = "event-1"
		var got changes.Item
		if err := json.Unmarshal([]byte(fill(p.TargetParameters.InputTemplate, image)), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("what the pipe makes of it (-local +template):\n%s", diff)
		}
	}
}

var place = regexp.MustCompile(`<\$\.([A-Za-z.]+|dynamodb\.NewImage\.[a-z_]+\.S)>`)

// fill puts values into a pipe's template as EventBridge does: a path that leads nowhere is replaced by nothing.
func fill(template string, image map[string]types.AttributeValue) string {
	return place.ReplaceAllStringFunc(template, func(p string) string {
		path := strings.Trim(p, "<$.>")
		if path == "eventID" {
			return "event-1"
		}
		name := strings.TrimSuffix(strings.TrimPrefix(path, "dynamodb.NewImage."), ".S")
		s, _ := image[name].(*types.AttributeValueMemberS)
		if s == nil {
			return ""
		}
		return s.Value
	})
}
