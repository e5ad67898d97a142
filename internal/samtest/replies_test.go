package samtest

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	exports "github.com/videovector/exports"
	"github.com/videovector/exports/internal/localgw"
)

// invocations are the fixtures that each function is invoked with, once. The sweeper comes first: what it restarts is
// nobody else's. What is cancelled comes last.
var invocations = []struct{ function, event string }{
	{"SweepFunction", "sweep.schedule"},
	{"AuthorizeFunction", "authorize.key"},
	{"CreateExportFunction", "create-export.index"},
	{"ReadExportFunction", "read-export.retrieve"},
	{"DownloadExportFunction", "download-export.key"},
	{"ManageConnectorFunction", "manage-connector.test"},
	{"ManageWebhookFunction", "manage-webhook.retrieve"},
	{"SendEventsFunction", "send-events.pipe.gone"},
	{"ManageAutomationFunction", "manage-automation.retrieve"},
	{"RunAutomationsFunction", "run-automations.runs"},
	{"PlanFunction", "plan.download"},
	{"PackageFunction", "package.whole"},
	{"AssembleFunction", "assemble.whole"},
	{"PresignFunction", "presign.link"},
	{"DeliverFunction", "deliver.connector"},
	{"FinishFunction", "finish.download"},
	{"FailFunction", "fail.passing"},
	{"ControlExportFunction", "control-export.cancel"},
	{"RotateSigningKeyFunction", "rotate-signing-key.bad-types"}, // the keys of this world are fixed: any other event is refused for that
}

// TestEveryFunctionIsInvoked finds functions of the template that the other tests leave out.
func TestEveryFunctionIsInvoked(t *testing.T) {
	deployed, err := localgw.TemplateFunctions(exports.Template)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, i := range invocations {
		got = append(got, i.function)
	}
	slices.Sort(got)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(deployed)), got); diff != "" {
		t.Errorf("functions (-template +invoked):\n%s", diff)
	}
}

func eventFile(name string) string { return filepath.Join(root, "events", name+".json") }

// checkReply holds a reply against the stored one of the fixture, which was made over records of another day.
func checkReply(t *testing.T, event string, reply []byte) {
	t.Helper()
	stored, err := os.ReadFile(filepath.Join(root, "events", "replies", event+".json"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(settled(t, stored), settled(t, reply)); diff != "" {
		t.Errorf("the reply differs from events/replies/%s.json (-stored +got):\n%s", event, diff)
	}
}

// unsettled is what differs from day to day and from world to world, and what stands in its place.
var unsettled = []struct {
	pattern *regexp.Regexp
	stands  string
}{
	{regexp.MustCompile(`"json: [^"]*"`), `"json: …"`},
	{regexp.MustCompile(`http://[0-9.]+:(\d+|PORT)/`), "http://HOST/"},
	{regexp.MustCompile(`X-Amz-Credential=([A-Z]+)%2F\w+%2F`), "X-Amz-Credential=$1%2FDATE%2F"},
	{regexp.MustCompile(`X-Amz-Date=\w+`), "X-Amz-Date=DATE"},
	{regexp.MustCompile(`X-Amz-Signature=\w+`), "X-Amz-Signature=SIGNATURE"},
	{regexp.MustCompile(`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z\b`), "TIME"},
	{regexp.MustCompile(`\b[0-9a-f]{64}\b`), "DIGEST"},
	{regexp.MustCompile(`\bexp_(99_new|[0-9a-z]{26})\b`), "exp_NEW"},
}

// settled is a reply as indented JSON, with fixed words in the place of what differs. Fields that are absent, null or
// empty are one.
func settled(t *testing.T, reply []byte) string {
	t.Helper()
	for _, u := range unsettled {
		reply = u.pattern.ReplaceAll(reply, []byte(u.stands))
	}
	var v any
	if err := json.Unmarshal(bytes.TrimSpace(reply), &v); err != nil {
		t.Fatalf("the reply is not JSON: %v: %q", err, reply)
	}
	if m, ok := v.(map[string]any); ok {
		maps.DeleteFunc(m, func(_ string, v any) bool { return v == nil || cmp.Equal(v, []any{}) || cmp.Equal(v, map[string]any{}) })
	}
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
