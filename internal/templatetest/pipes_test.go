package templatetest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/videovector/exports/internal/changes"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store/dynamostore"
)

// pipe is a pipe of the template's.
type pipe struct {
	Name, RoleArn, Source, Target string
	SourceParameters              struct {
		FilterCriteria struct {
			Filters []struct{ Pattern string }
		}
		DynamoDBStreamParameters struct {
			StartingPosition, OnPartialBatchItemFailure                string
			BatchSize, MaximumRetryAttempts, MaximumRecordAgeInSeconds int
			DeadLetterConfig                                           struct{ Arn string }
		}
	}
	TargetParameters struct {
		LambdaFunctionParameters struct{ InvocationType string }
		InputTemplate            string
	}
}

const pipeType = "AWS::Pipes::Pipe"

// TestPipes: each reads the table's stream under a role of its own, tries again for a bounded time, and leaves what it
// gives up in the queue.
func TestPipes(t *testing.T) {
	tmpl := load(t)
	ids := tmpl.ofType(pipeType)
	if len(ids) == 0 || len(ids) > 2 { // DynamoDB's limit on readers of a stream
		t.Fatalf("%d pipes", len(ids))
	}
	for _, id := range ids {
		p := properties[pipe](t, tmpl, id, pipeType)
		d := p.SourceParameters.DynamoDBStreamParameters
		if p.RoleArn != "${"+id+"Role.Arn}" || p.Source != "${Table.StreamArn}" || p.TargetParameters.LambdaFunctionParameters.InvocationType != "REQUEST_RESPONSE" ||
			d.StartingPosition != "TRIM_HORIZON" || d.OnPartialBatchItemFailure != "AUTOMATIC_BISECT" || d.DeadLetterConfig.Arn != "${UntoldChanges.Arn}" ||
			d.BatchSize != 10 || d.MaximumRetryAttempts < 1 || d.MaximumRecordAgeInSeconds < 3600 || d.MaximumRecordAgeInSeconds > 86400 {
			t.Errorf("%s is %+v", id, p)
		}
	}
}

// TestPipesTellWhatTheStoreSays runs each pipe's filter and template over records as they stand in the table's stream: they
// let through and hand on what dynamostore.ChangeOf says, by which the local service goes.
func TestPipesTellWhatTheStoreSays(t *testing.T) {
	tmpl := load(t)
	kinds := map[changes.Kind]bool{}
	for _, id := range tmpl.ofType(pipeType) {
		p := properties[pipe](t, tmpl, id, pipeType)
		var kind changes.Kind
		for name, c := range writes(t) {
			record := streamed(name, c)
			want, told := dynamostore.ChangeOf(c.was, c.image)
			want.ID = name
			let := slices.ContainsFunc(p.SourceParameters.FilterCriteria.Filters, func(f struct{ Pattern string }) bool {
				return matches(t, decoded(t, f.Pattern), record)
			})
			var got changes.Item
			filled := fill(t, p.TargetParameters.InputTemplate, record)
			if err := json.Unmarshal([]byte(filled), &got); err != nil {
				t.Fatalf("%s makes %s of %s: %v", id, filled, name, err)
			}
			kind = got.Kind
			if of := got.Kind == want.Kind; let != (told && of) {
				t.Errorf("%s lets %s through: %v, want %v", id, name, let, told && of)
			}
			if let && cmp.Diff(want, got) != "" {
				t.Errorf("%s of %s (-want +got):\n%s", id, name, cmp.Diff(want, got))
			}
			if strings.Contains(filled, "secret") {
				t.Errorf("%s hands on a link: %s", id, filled)
			}
		}
		if kinds[kind] {
			t.Errorf("two pipes tell of %s", kind)
		}
		kinds[kind] = true
	}
}

// write is a record of the stream; was is nil for an item that is new.
type write struct {
	was, image map[string]types.AttributeValue
}

// writes are those of every image over none, and over every other one of its item and its own.
func writes(t *testing.T) map[string]write {
	t.Helper()
	all := map[string]write{}
	for name, image := range images(t) {
		all[name] = write{nil, image}
		for before, was := range images(t) {
			if cmp.Equal(was["sk"], image["sk"], cmpopts.IgnoreUnexported(types.AttributeValueMemberS{})) {
				all[before+", then "+name] = write{was, image}
			}
		}
	}
	return all
}

// images are images of records in the stream, by a name.
func images(t *testing.T) map[string]map[string]types.AttributeValue {
	t.Helper()
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	number := func(n int) types.AttributeValue { return &types.AttributeValueMemberN{Value: fmt.Sprint(n)} }
	all := map[string]map[string]types.AttributeValue{}
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	e := export.New("exp_1", "acct", "user", export.Request{Type: export.TypeIndex, TargetID: "idx"}, now)
	e.Link = &export.Link{URL: "https://storage.example.com/?secret"}
	for name, e := range map[string]export.Export{
		"pending": e, "claimed": e.Claim(now), "requeued": e.Claim(now).Fail(export.Failure{Message: "again"}, now),
		"completed": e.Claim(now).Complete(now), "failed": e.Fail(export.Failure{Message: "no", Permanent: true}, now),
	} {
		i := map[string]types.AttributeValue{
			"pk": text("ACCT#acct"), "sk": text("EXP#exp_1"), "account_id": text("acct"), "export_id": text("exp_1"), "status": text(string(e.Status)),
			"generation": number(e.Generation), "link": &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"url": text(e.Link.URL)}},
		}
		if e.EventMark != "" {
			i["event_mark"] = text(e.EventMark)
		}
		all["export "+name] = i
	}
	for _, status := range []export.RunStatus{export.RunPending, export.RunProcessing, export.RunCompleted, export.RunCompletedWithFailures, export.RunFailed, export.RunCancelled} {
		i := map[string]types.AttributeValue{
			"pk": text("ACCT#acct"), "sk": text("RUN#run_1"), "account_id": text("acct"), "run_id": text("run_1"), "index_id": text("idx"),
			"status": text(string(status)), "executed_at": text("2026-05-01T12:00:00Z"), "parts": number(1), "rows": number(20), "bytes": number(300),
		}
		all["run "+string(status)] = i
	}
	all["run of no index"] = map[string]types.AttributeValue{
		"pk": text("ACCT#acct"), "sk": text("RUN#run_1"), "account_id": text("acct"), "run_id": text("run_1"), "status": text("completed"),
	}
	all["run's place in an index"] = map[string]types.AttributeValue{"pk": text("ACCT#acct"), "sk": text("IDXRUN#idx#run_1")}
	all["webhook"] = map[string]types.AttributeValue{"pk": text("ACCT#acct"), "sk": text("HOOK#wh_1"), "status": text("failed"), "event_mark": text("export.ready")}
	all["a part"] = map[string]types.AttributeValue{"pk": text("RUN#acct#run_1"), "sk": text("PART#000001"), "status": text("completed")}
	return all
}

// streamed is the record of the stream, as a pipe has it.
func streamed(id string, w write) map[string]any {
	plain := attributesOf(w.image)
	change := map[string]any{"Keys": map[string]any{"pk": plain["pk"], "sk": plain["sk"]}, "NewImage": plain}
	if w.was == nil {
		return map[string]any{"eventID": id, "eventName": "INSERT", "dynamodb": change}
	}
	change["OldImage"] = attributesOf(w.was)
	return map[string]any{"eventID": id, "eventName": "MODIFY", "dynamodb": change}
}

func attributesOf(image map[string]types.AttributeValue) map[string]any {
	plain := map[string]any{}
	for name, v := range image {
		plain[name] = attributeOf(v)
	}
	return plain
}

func attributeOf(v types.AttributeValue) any {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return map[string]any{"S": v.Value}
	case *types.AttributeValueMemberN:
		return map[string]any{"N": v.Value}
	case *types.AttributeValueMemberM:
		return map[string]any{"M": attributesOf(v.Value)}
	}
	panic(fmt.Sprintf("a %T", v))
}

func decoded(t *testing.T, text string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

// matches is EventBridge's content filtering, as far as the template uses it: equal strings, prefix, anything-but, and a
// leaf that is missing, or whose parent is. Anything else that is missing matches nothing.
func matches(t *testing.T, pattern, value any) bool {
	t.Helper()
	switch p := pattern.(type) {
	case map[string]any:
		m, _ := value.(map[string]any)
		for name, inner := range p {
			if !matches(t, inner, m[name]) {
				return false
			}
		}
		return true
	case []any:
		if value == nil {
			return slices.ContainsFunc(p, func(one any) bool { return cmp.Equal(one, any(map[string]any{"exists": false})) })
		}
		text, ok := value.(string)
		return ok && slices.ContainsFunc(p, func(one any) bool { return matchesOne(t, one, text) })
	}
	t.Fatalf("a pattern like %v", pattern)
	return false
}

func matchesOne(t *testing.T, one any, text string) bool {
	t.Helper()
	switch p := one.(type) {
	case string:
		return p == text
	case map[string]any:
		if prefix, ok := p["prefix"].(string); ok && len(p) == 1 {
			return strings.HasPrefix(text, prefix)
		}
		if exists, ok := p["exists"].(bool); ok && len(p) == 1 {
			return exists
		}
		if but, ok := p["anything-but"].([]any); ok && len(p) == 1 {
			return !slices.Contains(but, any(text))
		}
	}
	t.Fatalf("a pattern like %v", one)
	return false
}

var placeholder = regexp.MustCompile(`"<\$\.([\w.]+)>"`)

// fill puts values into an input template. Each of its paths stands in quotes, so that a missing one is "".
func fill(t *testing.T, template string, record any) string {
	t.Helper()
	if n := strings.Count(template, "<"); n == 0 || n != len(placeholder.FindAllString(template, -1)) {
		t.Fatalf("a path of %s doesn't stand in quotes", template)
	}
	return placeholder.ReplaceAllStringFunc(template, func(path string) string {
		v := record
		for name := range strings.SplitSeq(placeholder.FindStringSubmatch(path)[1], ".") {
			m, _ := v.(map[string]any)
			v = m[name]
		}
		text, _ := v.(string)
		raw, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	})
}
