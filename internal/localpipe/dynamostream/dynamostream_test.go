package dynamostream_test

import (
	"crypto/rand"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/changes"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/localpipe/dynamostream"
	"github.com/videovector/exports/internal/store/dynamostore"
	"github.com/videovector/exports/internal/store/dynamostore/dynamolocal"
)

var t0 = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// TestStream reads what DynamoDB Local tells of real writes, and goes on where it was.
func TestStream(t *testing.T) {
	endpoint := dynamolocal.Start(t)
	table := "test-" + rand.Text()
	if err := dynamostore.CreateTable(t.Context(), dynamolocal.Client(endpoint), table); err != nil {
		t.Fatal(err)
	}
	records := dynamostore.New(dynamolocal.Client(endpoint), table)
	streams := dynamodbstreams.New(dynamodbstreams.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(endpoint), Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
	file := filepath.Join(t.TempDir(), "streams", "handler.json")
	both := []changes.Kind{changes.KindExport, changes.KindRun}
	open := func() *dynamostream.Source {
		t.Helper()
		s, err := dynamostream.New(streams, table, file)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	read := func(s *dynamostream.Source, kinds []changes.Kind) (items []changes.Item, ids []string) {
		t.Helper()
		items, err := s.Changes(t.Context(), kinds, 10)
		if err != nil {
			t.Fatal(err)
		}
		for n := range items {
			if items[n].ID == "" {
				t.Errorf("%+v has no id", items[n])
			}
			ids = append(ids, items[n].ID)
			items[n].ID = ""
		}
		return items, ids
	}
	check := func(what string, got []changes.Item, want ...changes.Item) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}

	e := export.New("exp_1", "acct", "user", export.Request{Type: export.TypeIndex, TargetID: "idx", Scope: export.ScopeAll}, t0)
	if _, _, err := records.CreateExport(t.Context(), e, nil, nil); err != nil {
		t.Fatal(err)
	}
	s := open()
	first, _ := read(s, both)
	check("before anything ended", first)
	ended, err := records.SaveExport(t.Context(), e.Fail(export.Failure{Message: "no", Permanent: true}, t0), e.Fence())
	if err != nil {
		t.Fatal(err)
	}
	endedItem, _ := changes.OfExport(ended)
	if _, err := records.SaveExport(t.Context(), ended.ClearedUp(), ended.FenceIn(export.StatusFailed)); err != nil { // tells nothing
		t.Fatal(err)
	}
	run := export.Run{ID: "run", AccountID: "acct", IndexID: "idx", Status: export.RunProcessing, ExecutedAt: t0}
	var was export.Run
	for _, status := range []export.RunStatus{export.RunProcessing, export.RunCompletedWithFailures} {
		was, run.Status = run, status
		if err := records.PutRun(t.Context(), run, []export.Part{{Number: 1, Key: "k"}}); err != nil {
			t.Fatal(err)
		}
	}
	runItem, _ := changes.OfRun(was, run)

	got, ids := read(s, both)
	check("both ends", got, endedItem, runItem)
	again, _ := read(s, both)
	check("not forgotten yet", again, endedItem, runItem)
	if err := s.Forget(t.Context(), ids[:1]); err != nil {
		t.Fatal(err)
	}
	rest, _ := read(s, both)
	check("half forgotten", rest, runItem)
	reopened, _ := read(open(), both)
	check("half forgotten and reopened: both again", reopened, endedItem, runItem)
	if err := s.Forget(t.Context(), ids[1:]); err != nil {
		t.Fatal(err)
	}
	none, _ := read(s, both)
	check("all forgotten", none)
	none, _ = read(open(), both)
	check("all forgotten and reopened", none)

	was, run.Rows = run, 7
	if err := records.PutRun(t.Context(), run, nil); err != nil {
		t.Fatal(err)
	}
	ofExports, _ := read(open(), []changes.Kind{changes.KindExport})
	check("of exports", ofExports)
	next, _ := read(open(), both)
	runItem, _ = changes.OfRun(was, run)
	check("written anew", next, runItem)
}

// TestATableMadeAnew: of a table that was removed and made again under the same name, the stream of the present one counts.
func TestATableMadeAnew(t *testing.T) {
	endpoint := dynamolocal.Start(t)
	client, table := dynamolocal.Client(endpoint), "test-"+rand.Text()
	streams := dynamodbstreams.New(dynamodbstreams.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(endpoint), Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
	for n := range 4 {
		if err := dynamostore.CreateTable(t.Context(), client, table); err != nil {
			t.Fatal(err)
		}
		id := fmt.Sprintf("run_%d", n)
		run := export.Run{ID: id, AccountID: "acct", IndexID: "idx", Status: export.RunCompleted, ExecutedAt: t0}
		if err := dynamostore.New(client, table).PutRun(t.Context(), run, nil); err != nil {
			t.Fatal(err)
		}
		s, err := dynamostream.New(streams, table, filepath.Join(t.TempDir(), "handler.json"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Changes(t.Context(), []changes.Kind{changes.KindRun}, 10)
		if err != nil || len(got) != 1 || got[0].RunID != id {
			t.Errorf("table %d tells %+v, %v; want %s", n, got, err, id)
		}
		if _, err := client.DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: aws.String(table)}); err != nil {
			t.Fatal(err)
		}
	}
}
