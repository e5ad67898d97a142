package templatetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	exportsapi "github.com/videovector/exports/internal/api"
	"github.com/videovector/exports/internal/metrics"
	"github.com/videovector/exports/internal/metrics/emftest"
)

const (
	alarmType  = "AWS::CloudWatch::Alarm"
	filterType = "AWS::Logs::MetricFilter"
	namespace  = "VideoVectorExports/${AWS::StackName}"
	handbook   = "../../docs/operations.md"
)

type dimension struct{ Name, Value string }

type metric struct {
	Namespace, MetricName string
	Dimensions            []dimension
}

type alarm struct {
	metric
	AlarmName, AlarmDescription, ComparisonOperator string
	AlarmActions, OKActions                         any
	EvaluationPeriods, DatapointsToAlarm, Period    int
	Threshold                                       float64
	TreatMissingData, Statistic                     string
	Metrics                                         []struct {
		ID         string `json:"Id"`
		Expression string
		ReturnData bool
		MetricStat *struct {
			Metric metric
			Period int
			Stat   string
		}
	}
}

// all are the metrics that the alarm looks at.
func (a alarm) all() (all []metric) {
	if a.MetricName != "" {
		all = append(all, a.metric)
	}
	for _, m := range a.Metrics {
		if m.MetricStat != nil {
			all = append(all, m.MetricStat.Metric)
		}
	}
	return all
}

// alarms are the template's alarms, by their name without "Alarm".
func alarms(t *testing.T, tmpl template) map[string]alarm {
	t.Helper()
	all := map[string]alarm{}
	for _, id := range tmpl.ofType(alarmType) {
		if strings.HasSuffix(id, "RolloutAlarm") { // it tells CodeDeploy, not people: TestRollout
			continue
		}
		all[strings.TrimSuffix(id, "Alarm")] = properties[alarm](t, tmpl, id, alarmType)
	}
	if len(all) < 10 {
		t.Fatalf("%d alarms", len(all))
	}
	return all
}

// id is the metric with the names of its dimensions, and with their values where the code knows few.
func (m metric) id() string {
	var dims []string
	for _, d := range m.Dimensions {
		if m.Namespace == namespace {
			dims = append(dims, d.Name+"="+d.Value)
		} else {
			dims = append(dims, d.Name)
		}
	}
	slices.Sort(dims)
	if dims == nil {
		return m.MetricName
	}
	return m.MetricName + "{" + strings.Join(dims, ",") + "}"
}

// documented are the metrics of AWS that alarms and dashboard use, as their documentation names them and their dimensions.
var documented = map[string][]string{
	"AWS/ApiGateway": {
		"5XXError{ApiName,Stage}", "4XXError{ApiName,Stage}", "Count{ApiName,Stage}", "Latency{ApiName,Stage}",
		"Latency{ApiName,Method,Resource,Stage}", // with detailed metrics
	},
	"AWS/DynamoDB": {
		"ReadThrottleEvents{TableName}", "WriteThrottleEvents{TableName}", "ReadThrottleEvents{GlobalSecondaryIndexName,TableName}",
		"WriteThrottleEvents{GlobalSecondaryIndexName,TableName}", "ConsumedReadCapacityUnits{TableName}", "ConsumedWriteCapacityUnits{TableName}",
	},
	"AWS/SQS":    {"ApproximateNumberOfMessagesVisible{QueueName}"},
	"AWS/Lambda": {"Throttles{FunctionName}", "ConcurrentExecutions{FunctionName}", "Errors{FunctionName}"},
	"AWS/States": {
		"ExecutionsStarted{StateMachineArn}", "ExecutionsSucceeded{StateMachineArn}", "ExecutionsFailed{StateMachineArn}",
		"ExecutionsTimedOut{StateMachineArn}", "ExecutionsAborted{StateMachineArn}",
	},
}

// TestAlarmsLookAtWhatIsWritten: each metric of an alarm is one that functions are seen to write, or that a filter makes of
// the access log, or one that AWS documents.
func TestAlarmsLookAtWhatIsWritten(t *testing.T) {
	tmpl := load(t)
	ours := append(written(t), filtered(t, tmpl)...)
	for name, a := range alarms(t, tmpl) {
		if len(a.all()) == 0 || len(a.all()) > 10 { // CloudWatch's limit on what one alarm's expression refers to
			t.Errorf("%s looks at %d metrics", name, len(a.all()))
		}
		for _, m := range a.all() {
			known := documented[m.Namespace]
			if m.Namespace == namespace {
				known = ours
			}
			if !slices.Contains(known, m.id()) {
				t.Errorf("%s looks at %s of %s, which nobody writes; there are %v", name, m.id(), m.Namespace, known)
			}
		}
	}
}

// written are the metrics that come out when every function goes through its life.
func written(t *testing.T) []string {
	t.Helper()
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	runEverything(t, &ledger{calls: map[string]map[call]bool{}, log: logger})
	values, err := emftest.Read(&log)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, v := range values {
		if v.Namespace != namespace {
			t.Fatalf("%s is written to %s", v.ID(), v.Namespace)
		}
		ids = append(ids, v.ID())
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// filtered are the metrics that filters make of the gateway's access log, which must have the fields that they look at.
func filtered(t *testing.T, tmpl template) (ids []string) {
	t.Helper()
	var api struct{ AccessLogSetting struct{ Format string } }
	if err := json.Unmarshal(tmpl.Resources["Api"].Properties, &api); err != nil {
		t.Fatal(err)
	}
	var line map[string]string
	if err := json.Unmarshal([]byte(api.AccessLogSetting.Format), &line); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"status": "$context.status", "error": "$context.error.responseType"}
	for _, id := range tmpl.ofType(filterType) {
		if strings.HasSuffix(id, "ServerErrors") { // of functions' logs, for rollouts: TestRollout
			continue
		}
		f := properties[struct {
			LogGroupName, FilterPattern string
			MetricTransformations       []struct{ MetricNamespace, MetricName, MetricValue, Unit string }
		}](t, tmpl, id, filterType)
		for _, field := range regexp.MustCompile(`\$\.(\w+)`).FindAllStringSubmatch(f.FilterPattern, -1) {
			if line[field[1]] == "" || line[field[1]] != want[field[1]] {
				t.Errorf("%s looks at %s, which is %q in the access log", id, field[1], line[field[1]])
			}
		}
		for _, m := range f.MetricTransformations {
			if f.LogGroupName != "${ApiLogGroup}" || m.MetricNamespace != namespace || m.MetricValue != "1" || m.MetricName+"Filter" != id {
				t.Errorf("%s makes %+v of %s", id, m, f.LogGroupName)
			}
			ids = append(ids, m.MetricName)
		}
	}
	return ids
}

// TestAlarmsAreComplete: each has a name of the stack, tells the same topic of its beginning and its end, and an
// expression that uses what is fetched for it.
func TestAlarmsAreComplete(t *testing.T) {
	for name, a := range alarms(t, load(t)) {
		if !strings.HasPrefix(a.AlarmName, "${AWS::StackName}-") || !strings.Contains(a.AlarmDescription, " See "+name+" in docs/operations.md.") {
			t.Errorf("%s is %q: %s", name, a.AlarmName, a.AlarmDescription)
		}
		if raw := compact(t, a.AlarmActions); raw != compact(t, a.OKActions) || !strings.Contains(raw, `"${AlarmTopicArn}","${AlarmTopic}"`) {
			t.Errorf("%s tells %s", name, raw)
		}
		if a.EvaluationPeriods < a.DatapointsToAlarm || a.DatapointsToAlarm < 1 || !slices.Contains([]string{"ignore", "breaching", "notBreaching"}, a.TreatMissingData) {
			t.Errorf("%s: %d of %d periods, missing data is %q", name, a.DatapointsToAlarm, a.EvaluationPeriods, a.TreatMissingData)
		}
		returned := 0
		for _, m := range a.Metrics {
			if m.ReturnData {
				returned++
			}
			if m.MetricStat != nil && !regexp.MustCompile(`\b`+m.ID+`\b`).MatchString(a.Metrics[0].Expression) {
				t.Errorf("%s doesn't use %s in %s", name, m.ID, a.Metrics[0].Expression)
			}
		}
		if (len(a.Metrics) > 0) == (a.MetricName != "") || len(a.Metrics) > 0 && returned != 1 {
			t.Errorf("%s returns %d series", name, returned)
		}
	}
}

// TestSilenceIsNoticed: each function that a schedule calls has an alarm that a missing sign of life sets off, within ten
// minutes.
func TestSilenceIsNoticed(t *testing.T) {
	tmpl := load(t)
	signs := map[string]struct{ alarm, metric string }{
		"SweepFunction":          {"SweeperSilent", "SweepRuns"},
		"SendEventsFunction":     {"EventsSilent", "EventRuns"},
		"RunAutomationsFunction": {"AutomationsSilent", "AutomationRuns"},
	}
	var scheduled []string
	for id, f := range functions(t, tmpl) {
		for _, e := range f.Events {
			if e.Type == "Schedule" {
				scheduled = append(scheduled, id)
			}
		}
	}
	slices.Sort(scheduled)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(signs)), scheduled); diff != "" {
		t.Errorf("functions with a sign of life (-watched +scheduled):\n%s", diff)
	}
	for id, sign := range signs {
		a := alarms(t, tmpl)[sign.alarm]
		if a.MetricName != sign.metric || a.Namespace != namespace || a.Statistic != "Sum" || a.ComparisonOperator != "LessThanThreshold" || a.Threshold != 1 ||
			a.TreatMissingData != "breaching" || a.Period*a.EvaluationPeriods > 600 {
			t.Errorf("the silence of %s is noticed by %+v", id, a)
		}
	}
}

// TestFailedRotationIsNoticed: whatever Secrets Manager calls to rotate the signing keys has an alarm on its first error.
func TestFailedRotationIsNoticed(t *testing.T) {
	tmpl := load(t)
	rotation := properties[struct {
		SecretID string `json:"SecretId"`
		Called   string `json:"RotationLambdaARN"`
	}](t, tmpl, "SigningKeysRotation", "AWS::SecretsManager::RotationSchedule")
	want := []dimension{{"FunctionName", strings.Replace(rotation.Called, ".Arn}", "}", 1)}}
	a := alarms(t, tmpl)["KeyRotationFailed"]
	if rotation.SecretID != "${SigningKeys}" || a.Namespace != "AWS/Lambda" || a.MetricName != "Errors" || !slices.Equal(a.Dimensions, want) ||
		a.Statistic != "Sum" || a.ComparisonOperator != "GreaterThanOrEqualToThreshold" || a.Threshold != 1 || a.EvaluationPeriods != 1 {
		t.Errorf("a rotation by %s that fails is noticed by %+v", rotation.Called, a)
	}
}

// TestThrottlesCoverEveryFunction that requests, executions and the schedule call.
func TestThrottlesCoverEveryFunction(t *testing.T) {
	tmpl := load(t)
	want := append(steps(t), "SweepFunction", "SendEventsFunction", "AuthorizeFunction")
	operations(t, func(_ string, op operation) { want = append(want, op.integrated()) })
	slices.Sort(want)
	want = slices.Compact(want)
	var got []string
	for _, name := range []string{"ApiFunctionsThrottled", "StepFunctionsThrottled"} {
		for _, m := range alarms(t, tmpl)[name].all() {
			got = append(got, strings.Trim(m.Dimensions[0].Value, "${}"))
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("functions whose throttles are watched (-called +watched):\n%s", diff)
	}
}

// TestLatencyIsOfRoutes: the gateway gives metrics of each route, and those that are watched exist, stream nothing and hold
// no answer.
func TestLatencyIsOfRoutes(t *testing.T) {
	tmpl := load(t)
	api := properties[struct {
		Name           string
		MethodSettings []struct{ MetricsEnabled bool }
	}](t, tmpl, "Api", "AWS::Serverless::Api")
	if api.Name != "${AWS::StackName}" || len(api.MethodSettings) == 0 || !api.MethodSettings[0].MetricsEnabled {
		t.Errorf("the API is %+v", api)
	}
	paths := loadDescription(t).Paths
	for _, m := range alarms(t, tmpl)["ApiLatency"].all() {
		got := map[string]string{}
		for _, d := range m.Dimensions {
			got[d.Name] = d.Value
		}
		op, ok := paths[got["Resource"]][strings.ToLower(got["Method"])]
		if !ok || op.Integration.ResponseTransferMode == "STREAM" || op.holds() || got["ApiName"] != "${AWS::StackName}" || got["Stage"] != "${Api.Stage}" {
			t.Errorf("the latency of %v is watched", got)
		}
	}
}

// TestHeldAnswersEndInTime: within the function's limit, which is within the gateway's, and with some seconds to spare.
func TestHeldAnswersEndInTime(t *testing.T) {
	const gateways = 29
	held := 0
	for path, methods := range loadDescription(t).Paths {
		for method, op := range methods {
			if !op.holds() {
				continue
			}
			held++
			if limit := functions(t, load(t))["ReadExportFunction"].Timeout; !strings.Contains(op.Integration.URI, "ReadExportFunction") || limit > gateways || limit < exportsapi.MaxWait+5 {
				t.Errorf("%s %s is held for %d s by a function with %d s", method, path, exportsapi.MaxWait, limit)
			}
		}
	}
	if held != 1 {
		t.Errorf("%d routes hold their answers, want 1", held)
	}
}

// TestDashboard: its body is JSON, and shows every alarm and every metric of ours.
func TestDashboard(t *testing.T) {
	tmpl := load(t)
	p := properties[struct{ DashboardName, DashboardBody string }](t, tmpl, "Dashboard", "AWS::CloudWatch::Dashboard")
	var body struct {
		Widgets []struct {
			Type                string
			X, Y, Width, Height int
			Properties          struct {
				Title, Region, Stat string
				Alarms              []string
				Metrics             [][]any
			}
		}
	}
	if err := json.Unmarshal([]byte(p.DashboardBody), &body); err != nil {
		t.Fatalf("the body is not JSON: %v", err)
	}
	shown, listed := map[string]bool{}, []string{}
	for _, w := range body.Widgets {
		if w.X+w.Width > 24 || w.Height < 1 || w.Type == "metric" && (w.Properties.Region != "${AWS::Region}" || w.Properties.Title == "" || w.Properties.Stat == "") {
			t.Errorf("a widget like %+v", w)
		}
		listed = append(listed, w.Properties.Alarms...)
		for _, m := range w.Properties.Metrics {
			shown[shows(t, m)] = true
		}
	}
	var want []string
	for _, id := range tmpl.ofType(alarmType) {
		want = append(want, "${"+id+".Arn}")
	}
	slices.Sort(listed)
	if diff := cmp.Diff(want, listed); diff != "" {
		t.Errorf("alarms (-template +dashboard):\n%s", diff)
	}
	want = filtered(t, tmpl)
	for _, m := range metrics.All {
		if m.Total {
			want = append(want, m.Name)
		}
		if m.By != "" {
			want = append(want, m.Name+" by "+m.By)
		}
	}
	for _, known := range documented {
		want = append(want, known...)
	}
	for _, name := range want {
		if !shown[name] && !strings.Contains(name, "Method,") && !strings.Contains(name, "GlobalSecondaryIndexName") {
			t.Errorf("the dashboard doesn't show %s", name)
		}
		delete(shown, name)
	}
	if len(shown) > 0 {
		t.Errorf("the dashboard shows what nobody writes: %v", slices.Sorted(maps.Keys(shown)))
	}
}

var searched = regexp.MustCompile(`\ASEARCH\('\{"` + regexp.QuoteMeta(namespace) + `",(\w+)\} MetricName="(\w+)"', 'Sum', 300\)\z`)

// shows is what a line of a widget shows: a metric as id gives it, or one by its dimension.
func shows(t *testing.T, line []any) string {
	t.Helper()
	if options, ok := line[0].(map[string]any); ok {
		m := searched.FindStringSubmatch(fmt.Sprint(options["expression"]))
		if m == nil {
			t.Errorf("an expression like %v", options)
			return ""
		}
		return m[2] + " by " + m[1]
	}
	if _, ok := line[len(line)-1].(map[string]any); ok {
		line = line[:len(line)-1]
	}
	m := metric{Namespace: fmt.Sprint(line[0]), MetricName: fmt.Sprint(line[1])}
	for i := 2; i+1 < len(line); i += 2 {
		m.Dimensions = append(m.Dimensions, dimension{fmt.Sprint(line[i]), fmt.Sprint(line[i+1])})
	}
	return m.id()
}

// TestTracing: what is traced follows one parameter, and the grants for it are in one place and on every function.
func TestTracing(t *testing.T) {
	tmpl := load(t)
	traced := properties[struct{ Roles []string }](t, tmpl, "TracingPolicy", "AWS::IAM::ManagedPolicy")
	var want []string
	for _, f := range functions(t, tmpl) {
		if called := f.Role; !slices.Contains(want, called) {
			want = append(want, strings.TrimSuffix(called, ".Arn}")+"}")
		}
	}
	slices.Sort(want)
	slices.Sort(traced.Roles)
	if diff := cmp.Diff(want, traced.Roles); diff != "" {
		t.Errorf("roles that may send traces (-functions +policy):\n%s", diff)
	}
	for id, line := range map[string]string{"Api": `"TracingEnabled":`, "ExportMachine": `"Tracing":{"Enabled":`} {
		if want := line + `{"Fn::If":["TracesActively",true,false]}`; !strings.Contains(string(tmpl.Resources[id].Properties), want) {
			t.Errorf("%s has no %s", id, want)
		}
	}
	if p := tmpl.Parameters["Tracing"]; tmpl.Globals.Function.Tracing != "${Tracing}" || p.Default != "Disabled" {
		t.Errorf("functions are traced by %q, which is %+v", tmpl.Globals.Function.Tracing, p)
	}
	for policy, condition := range map[string][2]string{
		"TracingPolicy":        {"MayTrace", `{"Fn::Not":[{"Fn::Equals":["${Tracing}","Disabled"]}]}`},
		"MachineTracingPolicy": {"TracesActively", `{"Fn::Equals":["${Tracing}","Active"]}`},
	} {
		if got := tmpl.Resources[policy].Condition; got != condition[0] || string(tmpl.Conditions[got]) != condition[1] {
			t.Errorf("%s is there if %s, which is %s", policy, got, tmpl.Conditions[got])
		}
	}
}

// TestRunbooks: every alarm has an entry in the handbook with what it means, what to look at, what to do and when to call
// for help, and every entry its alarm.
func TestRunbooks(t *testing.T) {
	text, err := os.ReadFile(handbook)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "\n## Runbooks\n")
	if !ok {
		t.Fatal("the handbook has no runbooks")
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	entries := map[string]string{}
	for _, entry := range strings.Split(rest, "\n### ")[1:] {
		name, body, _ := strings.Cut(entry, "\n")
		entries[name] = body
	}
	all := alarms(t, load(t))
	if diff := cmp.Diff(slices.Sorted(maps.Keys(all)), slices.Sorted(maps.Keys(entries))); diff != "" {
		t.Errorf("entries (-alarms +handbook):\n%s", diff)
	}
	for name, body := range entries {
		for _, part := range []string{"**Means.**", "**Look.**", "**Do.**", "**Escalate**"} {
			if strings.Count(body, part) != 1 {
				t.Errorf("%s has no %s", name, part)
			}
		}
		if !strings.Contains(body, "```") {
			t.Errorf("%s has nothing to paste", name)
		}
	}
}

// TestMetricsTable: the handbook's table is what is listed in the code.
func TestMetricsTable(t *testing.T) {
	text, err := os.ReadFile(handbook)
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	want.WriteString("| Metric | Unit | By | When it is written |\n| --- | --- | --- | --- |\n")
	for _, m := range metrics.All {
		by := "–"
		switch {
		case m.By != "" && m.Total:
			by = "in all, and `" + m.By + "`"
		case m.By != "":
			by = "`" + m.By + "`"
		}
		fmt.Fprintf(&want, "| `%s` | %s | %s | %s |\n", m.Name, m.Unit, by, m.When)
	}
	if !strings.Contains(string(text), want.String()) {
		t.Errorf("%s lacks the table\n%s", handbook, want.String())
	}
}

// TestEveryMetricIsWritten: none is listed that no function writes.
func TestEveryMetricIsWritten(t *testing.T) {
	got := map[string]bool{}
	for _, id := range written(t) {
		name, _, _ := strings.Cut(id, "{")
		got[name] = true
	}
	for _, m := range metrics.All {
		if !got[m.Name] {
			t.Errorf("%s is never written", m.Name)
		}
	}
}
