package templatetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store/dynamostore"
)

func TestTableIsTheStores(t *testing.T) {
	type attribute struct{ AttributeName, AttributeType string }
	type keyPart struct{ AttributeName, KeyType string }
	type index struct {
		IndexName  string
		KeySchema  []keyPart
		Projection struct {
			ProjectionType   string
			NonKeyAttributes []string
		}
	}
	type tableProperties struct {
		BillingMode             string
		AttributeDefinitions    []attribute
		KeySchema               []keyPart
		GlobalSecondaryIndexes  []index
		StreamSpecification     struct{ StreamViewType string }
		TimeToLiveSpecification struct {
			AttributeName string
			Enabled       bool
		}
		PointInTimeRecoverySpecification struct{ PointInTimeRecoveryEnabled bool }
		SSESpecification                 struct{ SSEEnabled bool }
	}
	schema := func(parts []types.KeySchemaElement) (out []keyPart) {
		for _, p := range parts {
			out = append(out, keyPart{aws.ToString(p.AttributeName), string(p.KeyType)})
		}
		return out
	}
	needed := dynamostore.Description("any")
	want := tableProperties{BillingMode: string(needed.BillingMode), KeySchema: schema(needed.KeySchema)}
	for _, a := range needed.AttributeDefinitions {
		want.AttributeDefinitions = append(want.AttributeDefinitions, attribute{aws.ToString(a.AttributeName), string(a.AttributeType)})
	}
	for _, i := range needed.GlobalSecondaryIndexes {
		x := index{IndexName: aws.ToString(i.IndexName), KeySchema: schema(i.KeySchema)}
		x.Projection.ProjectionType, x.Projection.NonKeyAttributes = string(i.Projection.ProjectionType), i.Projection.NonKeyAttributes
		want.GlobalSecondaryIndexes = append(want.GlobalSecondaryIndexes, x)
	}
	want.StreamSpecification.StreamViewType = string(needed.StreamSpecification.StreamViewType)
	want.TimeToLiveSpecification.AttributeName, want.TimeToLiveSpecification.Enabled = dynamostore.TTLAttribute, true
	want.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled = true
	want.SSESpecification.SSEEnabled = true
	if diff := cmp.Diff(want, properties[tableProperties](t, load(t), "Table", "AWS::DynamoDB::Table")); diff != "" {
		t.Errorf("the table (-store's +template's):\n%s", diff)
	}
}

func TestWhatHoldsDataStays(t *testing.T) {
	tmpl := load(t)
	for _, kind := range []string{"AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::SecretsManager::Secret"} {
		ids := tmpl.ofType(kind)
		if len(ids) == 0 {
			t.Errorf("no %s", kind)
		}
		for _, id := range ids {
			if r := tmpl.Resources[id]; r.DeletionPolicy != "Retain" || r.UpdateReplacePolicy != "Retain" {
				t.Errorf("%s goes with the stack, or when it is replaced: %q, %q", id, r.DeletionPolicy, r.UpdateReplacePolicy)
			}
		}
	}
}

type bucketProperties struct {
	PublicAccessBlockConfiguration map[string]bool
	OwnershipControls              struct {
		Rules []struct{ ObjectOwnership string }
	}
	BucketEncryption struct {
		ServerSideEncryptionConfiguration []struct {
			ServerSideEncryptionByDefault struct{ SSEAlgorithm string }
		}
	}
	LifecycleConfiguration struct {
		Rules []struct {
			Status                         string
			Prefix                         string
			TagFilters                     []struct{ Key, Value string }
			ExpirationInDays               int
			AbortIncompleteMultipartUpload struct{ DaysAfterInitiation int }
		}
	}
}

func TestBucketsArePrivate(t *testing.T) {
	tmpl := load(t)
	ids := tmpl.ofType("AWS::S3::Bucket")
	if diff := cmp.Diff([]string{"ArtifactsBucket", "ResultsBucket"}, ids); diff != "" {
		t.Fatalf("buckets (-want +got):\n%s", diff)
	}
	for _, id := range ids {
		p := properties[bucketProperties](t, tmpl, id, "AWS::S3::Bucket")
		blocked := map[string]bool{"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true}
		if diff := cmp.Diff(blocked, p.PublicAccessBlockConfiguration); diff != "" {
			t.Errorf("%s blocks (-want +got):\n%s", id, diff)
		}
		if o := p.OwnershipControls.Rules; len(o) != 1 || o[0].ObjectOwnership != "BucketOwnerEnforced" {
			t.Errorf("%s: owners %+v", id, o)
		}
		if e := p.BucketEncryption.ServerSideEncryptionConfiguration; len(e) != 1 || e[0].ServerSideEncryptionByDefault.SSEAlgorithm == "" {
			t.Errorf("%s: encryption %+v", id, e)
		}
		checkRefusals(t, tmpl, id)
	}
}

// checkRefusals: nothing without TLS or below 1.2, and nobody of another account. AWS's own services have none, and
// presigned links are signed by roles of ours.
func checkRefusals(t *testing.T, tmpl template, bucket string) {
	t.Helper()
	p := properties[struct {
		Bucket         string
		PolicyDocument document
	}](t, tmpl, bucket+"Policy", "AWS::S3::BucketPolicy")
	want := []map[string]map[string]any{
		{"Bool": {"aws:SecureTransport": "false"}},
		{"NumericLessThan": {"s3:TlsVersion": "1.2"}},
		{"StringNotEquals": {"aws:PrincipalAccount": "${AWS::AccountId}"}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}},
	}
	var got []map[string]map[string]any
	whole := oneOrMore{"${" + bucket + ".Arn}", "${" + bucket + ".Arn}/*"}
	for _, s := range p.PolicyDocument.Statement {
		if s.Effect == "Deny" && s.Principal == "*" && slices.Equal(s.Action, oneOrMore{"s3:*"}) && slices.Equal(s.Resource, whole) {
			got = append(got, s.Condition)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || p.Bucket != "${"+bucket+"}" {
		t.Errorf("what the policy of %s refuses (-want +got):\n%s", p.Bucket, diff)
	}
}

// TestLifecycles: open uploads end after a day, work files and documents once nothing needs them: a document not before
// the record says so, and work files not while an export may still be going on.
func TestLifecycles(t *testing.T) {
	tmpl := load(t)
	expiry := map[string]map[string]int{}
	for _, id := range tmpl.ofType("AWS::S3::Bucket") {
		expiry[id] = map[string]int{}
		aborts := false
		for _, r := range properties[bucketProperties](t, tmpl, id, "AWS::S3::Bucket").LifecycleConfiguration.Rules {
			if r.Status != "Enabled" {
				t.Errorf("a rule of %s is %s", id, r.Status)
			}
			if r.AbortIncompleteMultipartUpload.DaysAfterInitiation == 1 && r.Prefix == "" {
				aborts = true
			}
			if r.ExpirationInDays > 0 {
				expiry[id][r.Prefix+tags(r.TagFilters)] = r.ExpirationInDays
			}
		}
		if !aborts {
			t.Errorf("%s keeps open uploads", id)
		}
	}
	kept := map[string]int{"work/": 3}
	for i, class := range export.KeepClasses {
		rule := fmt.Sprintf("artifacts/ keep-days=%d", class)
		if i == len(export.KeepClasses)-1 { // the last class needs none, and is the bound of everything
			rule = "artifacts/"
		}
		kept[rule] = export.LifecycleDays(class)
	}
	want := map[string]map[string]int{"ResultsBucket": {}, "ArtifactsBucket": kept}
	if diff := cmp.Diff(want, expiry); diff != "" {
		t.Errorf("days until objects go (-want +got):\n%s", diff)
	}
}

// tags are what a rule asks for besides the prefix.
func tags(filters []struct{ Key, Value string }) (text string) {
	for _, f := range filters {
		text += " " + f.Key + "=" + f.Value
	}
	return text
}

func TestWhatCallsTheSweeper(t *testing.T) {
	f := functions(t, load(t))["SweepFunction"]
	got := map[string]string{}
	for name, e := range f.Events {
		got[name] = e.Type + " " + string(e.Properties)
	}
	pattern := map[string]any{
		"source": []string{"aws.states"}, "detail-type": []string{"Step Functions Execution Status Change"},
		"detail": map[string]any{"status": []string{"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"}, "stateMachineArn": []any{"${ExportMachine}", map[string]string{"prefix": "${ExportMachine}:"}}},
	}
	want := map[string]string{
		"EachMinute":     "Schedule " + compact(t, map[string]any{"Schedule": "rate(1 minute)"}),
		"ExecutionEnded": "EventBridgeRule " + compact(t, map[string]any{"Pattern": pattern}),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events of the sweeper (-want +got):\n%s", diff)
	}
	if f.Timeout > int(export.StartGrace.Seconds()) {
		t.Errorf("a sweep may take %d s: the next one begins before it ends", f.Timeout)
	}
}

func compact(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestExecutionLogsHoldNoData: an execution's data names accounts and exports.
func TestExecutionLogsHoldNoData(t *testing.T) {
	p := properties[struct {
		Logging struct {
			Level                string
			IncludeExecutionData *bool
			Destinations         []any
		}
	}](t, load(t), "ExportMachine", machineType)
	l := p.Logging
	if l.IncludeExecutionData == nil || *l.IncludeExecutionData || !slices.Contains([]string{"ERROR", "FATAL", "ALL"}, l.Level) || len(l.Destinations) != 1 {
		t.Errorf("logging %s", fmt.Sprintf("%+v", l))
	}
}
