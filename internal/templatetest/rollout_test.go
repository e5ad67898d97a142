package templatetest

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// behindTheAPI are the functions that the API calls.
func behindTheAPI(t *testing.T) []string {
	t.Helper()
	ids := []string{"AuthorizeFunction"}
	operations(t, func(_ string, op operation) { ids = append(ids, op.integrated()) })
	slices.Sort(ids)
	return slices.Compact(ids)
}

type alarmProperties struct {
	ComparisonOperator, TreatMissingData string
	Namespace, MetricName                string
	Threshold, EvaluationPeriods         int
	Dimensions                           []dimension
	Metrics                              []metricQuery
}

type metricQuery struct {
	Id, Expression string
	ReturnData     *bool
	MetricStat     struct {
		Metric struct {
			Namespace, MetricName string
			Dimensions            []dimension
		}
		Period int
		Stat   string
	}
}

// TestRollout: each function behind the API is called by its alias, which moves to a new version as the parameter says,
// and back on its alarm. No other function has one: what calls those wants them as they are.
func TestRollout(t *testing.T) {
	tmpl := load(t)
	var shifted []string
	for id, f := range functions(t, tmpl) {
		p := properties[struct {
			AutoPublishAlias              string
			AutoPublishAliasAllProperties bool
			DeploymentPreference          struct {
				Type   string
				Alarms []string
			}
		}](t, tmpl, id, functionType)
		if p.AutoPublishAlias == "" {
			continue
		}
		shifted = append(shifted, id)
		name := strings.TrimSuffix(id, "Function")
		if p.AutoPublishAlias != "live" || !p.AutoPublishAliasAllProperties || p.DeploymentPreference.Type != "${Rollout}" ||
			!slices.Equal(p.DeploymentPreference.Alarms, []string{"${" + name + "RolloutAlarm}"}) {
			t.Errorf("%s is rolled out as %+v", id, p)
		}
		checkRolloutAlarm(t, tmpl, name, dashedName(f.FunctionName))
	}
	slices.Sort(shifted)
	if diff := cmp.Diff(behindTheAPI(t), shifted); diff != "" {
		t.Errorf("functions with an alias (-behind the API +template):\n%s", diff)
	}
}

func dashedName(functionName string) string {
	return strings.TrimPrefix(functionName, "${AWS::StackName}-")
}

// checkRolloutAlarm: it counts failures of the alias and, of a function that answers requests, replies of 500 or more.
func checkRolloutAlarm(t *testing.T, tmpl template, name, folder string) {
	t.Helper()
	a := properties[alarmProperties](t, tmpl, name+"RolloutAlarm", "AWS::CloudWatch::Alarm")
	if a.ComparisonOperator != "GreaterThanThreshold" || a.Threshold != 5 || a.TreatMissingData != "notBreaching" || a.EvaluationPeriods != 1 {
		t.Errorf("%sRolloutAlarm is %+v", name, a)
	}
	alias := []dimension{{"FunctionName", "${" + name + "Function}"}, {"Resource", "${" + name + "Function}:live"}}
	var returned []string
	sources := map[string]string{}
	for _, m := range a.Metrics {
		if m.ReturnData == nil || *m.ReturnData {
			returned = append(returned, m.Expression)
		}
		metric := m.MetricStat.Metric
		if metric.MetricName != "" {
			sources[m.Id] = metric.Namespace + " " + metric.MetricName
		}
		if metric.Namespace == "AWS/Lambda" && !slices.Equal(metric.Dimensions, alias) {
			t.Errorf("%sRolloutAlarm looks at %v", name, metric.Dimensions)
		}
	}
	want := map[string]string{"failed": "AWS/Lambda Errors", "calls": "AWS/Lambda Invocations"}
	if folder != "authorize" {
		want["refused"] = "${AWS::StackName}/rollout " + folder
		checkServerErrors(t, tmpl, name, folder)
	}
	if diff := cmp.Diff(want, sources); diff != "" || !slices.Equal(returned, []string{"IF(bad >= 3, 100 * bad / calls, 0)"}) {
		t.Errorf("%sRolloutAlarm returns %q of (-want +got):\n%s", name, returned, diff)
	}
}

// checkServerErrors: the filter reads the line that every request leaves in the function's log.
func checkServerErrors(t *testing.T, tmpl template, name, folder string) {
	t.Helper()
	p := properties[struct {
		LogGroupName, FilterPattern string
		MetricTransformations       []struct{ MetricNamespace, MetricName, MetricValue string }
	}](t, tmpl, name+"ServerErrors", "AWS::Logs::MetricFilter")
	const line = "request answered"
	if p.LogGroupName != "${"+name+"LogGroup}" || p.FilterPattern != `{ $.msg = "`+line+`" && $.status >= 500 }` ||
		len(p.MetricTransformations) != 1 || p.MetricTransformations[0].MetricName != folder || p.MetricTransformations[0].MetricValue != "1" {
		t.Errorf("%sServerErrors is %+v", name, p)
	}
	edge, err := os.ReadFile("../api/edge.go")
	if err != nil || !strings.Contains(string(edge), `"`+line+`", attrs`) || !strings.Contains(string(edge), `slog.Int("status", status)`) {
		t.Errorf("requests don't leave the line %q with a status (%v)", line, err)
	}
}

// TestMachineRollout: executions start by the alias, which moves like the functions'; the rule on executions that ended badly
// knows an execution by machine and by alias.
func TestMachineRollout(t *testing.T) {
	tmpl := load(t)
	p := properties[struct {
		AutoPublishAlias     string
		DeploymentPreference map[string]any
	}](t, tmpl, "ExportMachine", machineType)
	gradually := func(then, otherwise any) any {
		return map[string]any{"Fn::If": []any{"RollsOutGradually", then, otherwise}}
	}
	want := map[string]any{
		"Type": gradually("CANARY", "ALL_AT_ONCE"), "Percentage": gradually(10.0, "${AWS::NoValue}"), "Interval": gradually(5.0, "${AWS::NoValue}"),
		"Alarms": []any{"${ExportMachineRolloutAlarm}"},
	}
	if diff := cmp.Diff(want, p.DeploymentPreference); diff != "" || p.AutoPublishAlias != "live" {
		t.Errorf("the machine's alias %q moves (-want +got):\n%s", p.AutoPublishAlias, diff)
	}
	const machine = "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:${AWS::StackName}-export"
	a := properties[alarmProperties](t, tmpl, "ExportMachineRolloutAlarm", "AWS::CloudWatch::Alarm")
	if a.Namespace != "AWS/States" || a.MetricName != "ExecutionsFailed" || !slices.Equal(a.Dimensions, []dimension{{"StateMachineArn", machine}}) {
		t.Errorf("ExportMachineRolloutAlarm is %+v", a)
	}
	starters := 0
	for id, f := range functions(t, tmpl) {
		if arn, ok := f.Environment.Variables["STATE_MACHINE_ARN"]; ok {
			starters++
			if arn != machine+":live" {
				t.Errorf("%s starts %v", id, arn)
			}
		}
	}
	if starters != 4 {
		t.Errorf("%d functions start executions, want create-export, control-export, sweep and run-automations", starters)
	}
}
