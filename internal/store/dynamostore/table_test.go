package dynamostore_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/dynamostore"
)

func TestCreateTable(t *testing.T) {
	client, name := table(t)
	if err := dynamostore.CreateTable(t.Context(), client, name); err != nil {
		t.Errorf("creating it again: %v", err)
	}
	out, err := client.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String(name)})
	if err != nil {
		t.Fatalf("DescribeTable: %v", err)
	}
	made, want := out.Table, dynamostore.Description(name)
	if len(made.GlobalSecondaryIndexes) != 1 {
		t.Fatalf("%d indexes, want 1", len(made.GlobalSecondaryIndexes))
	}
	index := made.GlobalSecondaryIndexes[0]
	got := &dynamodb.CreateTableInput{
		TableName: made.TableName, BillingMode: made.BillingModeSummary.BillingMode,
		AttributeDefinitions: made.AttributeDefinitions, KeySchema: made.KeySchema,
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{IndexName: index.IndexName, KeySchema: index.KeySchema, Projection: index.Projection}},
		StreamSpecification:    made.StreamSpecification,
	}
	sorted := cmpopts.SortSlices(func(a, b types.AttributeDefinition) bool { return *a.AttributeName < *b.AttributeName })
	if diff := cmp.Diff(want, got, sorted, cmpopts.IgnoreUnexported(dynamodb.CreateTableInput{}, types.AttributeDefinition{},
		types.KeySchemaElement{}, types.GlobalSecondaryIndex{}, types.Projection{}, types.StreamSpecification{})); diff != "" {
		t.Errorf("the table differs from its description (-want +got):\n%s", diff)
	}
	ttl, err := client.DescribeTimeToLive(t.Context(), &dynamodb.DescribeTimeToLiveInput{TableName: aws.String(name)})
	if err != nil || aws.ToString(ttl.TimeToLiveDescription.AttributeName) != dynamostore.TTLAttribute {
		t.Errorf("time to live = %+v, %v", ttl, err)
	}
}

// TestItems pins where every record stands and what its attributes are called: the platform writes some of them, and
// operators look at all.
func TestItems(t *testing.T) {
	client, name := table(t)
	s := dynamostore.New(client, name)
	e := pending("exp_1")
	_, _, err := s.CreateExport(t.Context(), e, idem(e), nil)
	_, _, made := s.CreateConnector(t.Context(), store.Connector{
		ID: "conn_made", AccountID: "acct", ImportMode: "all", Secret: []byte("sealed"), LastTestResult: "success",
	}, &store.Idempotency{
		IdempotencyKey: store.IdempotencyKey{AccountID: "acct", Route: "cc", Key: "dd"},
		ResourceID:     "conn_made", Reply: []byte("{}"), ExpiresAt: t0.Add(time.Hour), Now: t0,
	})
	for _, err := range []error{
		err, made,
		s.PutIndex(t.Context(), export.Index{ID: "idx", AccountID: "acct", CreatedAt: t0}),
		s.PutRun(t.Context(), export.Run{ID: "run", AccountID: "acct", IndexID: "idx", ExecutedAt: t0, Schema: []byte(`{}`)}, []export.Part{{Number: 7}}),
		s.PutConnector(t.Context(), store.Connector{ID: "conn", AccountID: "acct"}),
		s.PutAPIKey(t.Context(), store.APIKey{Hash: "cafe"}),
		s.CreateAPIKey(t.Context(), store.APIKey{Hash: "f00d", KeyID: "key_1", AccountID: "acct", CreatedAt: t0, RevokedAt: t0}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	want := map[string][]string{
		"ACCT#acct EXP#exp_1": {"account_id", "attempts", "available_at", "claimed_generation", "created_at", "due_at", "export_id", "generation",
			"max_attempts", "open_shard", "pk", "progress", "queue_status", "result_scope", "revision", "sk", "status", "target_id", "type", "updated_at", "user_id", "version", "write_token"},
		"ACCT#acct IDEM#aa#bb": {"account_id", "expires_at", "fingerprint", "key", "pk", "resource_id", "route", "sk", "ttl", "version"},
		"ACCT#acct IDX#idx":    {"account_id", "created_at", "index_id", "name", "pk", "sk", "user_id"},
		"ACCT#acct RUN#run": {"account_id", "bytes", "context_type", "executed_at", "executed_by", "index_id", "parts", "pk", "processing_model",
			"prompt_id", "prompt_name", "rows", "run_id", "schema", "sk", "status"},
		"ACCT#acct IDXRUN#idx#run": {"pk", "sk"},
		"RUN#acct#run PART#000007": {"bytes", "key", "number", "pk", "rows", "sha256", "sk"},
		"ACCT#acct IDEM#cc#dd":     {"account_id", "expires_at", "fingerprint", "key", "pk", "reply", "resource_id", "route", "sk", "ttl", "version"},
		"ACCT#acct CONN#conn":      {"account_id", "bucket", "connector_id", "export_base_path", "name", "pk", "provider", "region", "revision", "sk", "status", "version"},
		"ACCT#acct CONN#conn_made": {"account_id", "bucket", "connector_id", "export_base_path", "import_mode", "last_test_result", "name", "pk", "provider",
			"region", "revision", "secret", "sk", "status", "version", "write_token"},
		"KEY#cafe KEY":          {"account_id", "hash", "key_id", "pk", "scope", "sk", "user_id"},
		"KEY#f00d KEY":          {"account_id", "created_at", "hash", "key_id", "pk", "revoked_at", "scope", "sk", "user_id"},
		"KEYID#key_1 KEYID":     {"hash", "pk", "sk"},
		"KEYS#acct KEYOF#key_1": {"hash", "pk", "sk"},
	}
	if diff := cmp.Diff(want, attributes(t, client, name)); diff != "" {
		t.Errorf("items differ (-want +got):\n%s", diff)
	}

	if _, err := s.SaveExport(t.Context(), e.Fail(export.Failure{Message: "no", Permanent: true}, t0), e.Fence()); err != nil {
		t.Fatalf("SaveExport: %v", err)
	}
	ended := attributes(t, client, name)["ACCT#acct EXP#exp_1"]
	if slices.Contains(ended, "open_shard") || slices.Contains(ended, "due_at") {
		t.Errorf("an ended export still has %v", ended)
	}
	if !slices.Contains(ended, dynamostore.TTLAttribute) {
		t.Errorf("DynamoDB would keep an ended export for ever: %v", ended)
	}
}

// TestTimeToLive: DynamoDB may clear an ended export away once it is forgotten, and not a moment before.
func TestTimeToLive(t *testing.T) {
	client, name := table(t)
	s := dynamostore.New(client, name)
	e := pending("exp_1")
	if _, _, err := s.CreateExport(t.Context(), e, nil, nil); err != nil {
		t.Fatal(err)
	}
	e = e.Claim(t0).Complete(t0.Add(999 * time.Millisecond))
	if _, err := s.SaveExport(t.Context(), e, pending("exp_1").Fence()); err != nil {
		t.Fatal(err)
	}
	out, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String(name), Key: map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: "ACCT#acct"}, "sk": &types.AttributeValueMemberS{Value: "EXP#exp_1"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	ttl, _ := out.Item[dynamostore.TTLAttribute].(*types.AttributeValueMemberN)
	if want := fmt.Sprint(e.ForgottenAt().Unix() + 1); ttl == nil || ttl.Value != want || !e.Forgotten(time.Unix(e.ForgottenAt().Unix()+1, 0)) {
		t.Errorf("time to live = %+v, want %s", ttl, want)
	}
}

// TestRecordsOfBefore reads an idempotency record as it was written when exports were all that was created under a key.
func TestRecordsOfBefore(t *testing.T) {
	client, name := table(t)
	s := dynamostore.New(client, name)
	key := store.IdempotencyKey{AccountID: "acct", Route: "aa", Key: "bb"}
	_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(name), Item: map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: "ACCT#acct"}, "sk": &types.AttributeValueMemberS{Value: "IDEM#aa#bb"},
		"account_id": &types.AttributeValueMemberS{Value: "acct"}, "route": &types.AttributeValueMemberS{Value: "aa"}, "key": &types.AttributeValueMemberS{Value: "bb"},
		"fingerprint": &types.AttributeValueMemberS{Value: "fp"}, "export_id": &types.AttributeValueMemberS{Value: "exp_1"},
		"expires_at": &types.AttributeValueMemberN{Value: fmt.Sprint(t0.Add(time.Hour).UnixMilli())},
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := store.Idempotency{IdempotencyKey: key, Fingerprint: "fp", ResourceID: "exp_1", ExpiresAt: t0.Add(time.Hour)}
	got, err := s.Idempotency(t.Context(), key, t0)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}

// TestNewerRecordsAreLeftAlone: what a newer release wrote is neither read nor written over, by whichever call.
func TestNewerRecordsAreLeftAlone(t *testing.T) {
	client, name := table(t)
	s, ctx := dynamostore.New(client, name), t.Context()
	e := pending("exp_1")
	c := store.Connector{ID: "conn", AccountID: "acct", Name: "n"}
	record := idem(e)
	_, _, err := s.CreateExport(ctx, e, record, nil)
	_, _, made := s.CreateConnector(ctx, c, nil)
	if err != nil || made != nil {
		t.Fatal(err, made)
	}
	newer := func(sk string) {
		_, err := client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: &name, Key: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "ACCT#acct"}, "sk": &types.AttributeValueMemberS{Value: sk}},
			UpdateExpression: aws.String("SET version = :v, revision = :r, shiny = :v"),
			ExpressionAttributeValues: map[string]types.AttributeValue{
				":v": &types.AttributeValueMemberN{Value: "2"}, ":r": &types.AttributeValueMemberN{Value: "1"},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	newer("EXP#exp_1")
	newer("CONN#conn")
	newer("IDEM#" + record.Route + "#" + record.Key)
	before := attributes(t, client, name)
	for what, call := range map[string]func() error{
		"read an export":        func() error { _, err := s.Export(ctx, "acct", "exp_1"); return err },
		"list exports":          func() error { _, err := s.ListExports(ctx, "acct", store.ListQuery{Limit: 10}); return err },
		"save an export":        func() error { _, err := s.SaveExport(ctx, e.Claim(t0), e.Fence()); return err },
		"read a connector":      func() error { _, err := s.Connector(ctx, "acct", "conn"); return err },
		"list connectors":       func() error { _, err := s.ListConnectors(ctx, "acct"); return err },
		"read a request's key":  func() error { _, err := s.Idempotency(ctx, record.IdempotencyKey, t0); return err },
		"create under that key": func() error { _, _, err := s.CreateExport(ctx, pending("exp_2"), record, nil); return err },
	} {
		if err := call(); !fault.Is(err, fault.Unavailable) || fault.As(err).Code != "record_too_new" {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := s.SaveConnector(ctx, c, 0); !fault.Is(err, fault.Unavailable) {
		t.Errorf("save a connector: %v", err)
	}
	if diff := cmp.Diff(before, attributes(t, client, name)); diff != "" {
		t.Errorf("the records changed (-before +after):\n%s", diff)
	}
}

// attributes is the names of every item's attributes, by its key.
func attributes(t *testing.T, client *dynamodb.Client, table string) map[string][]string {
	t.Helper()
	out, err := client.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(table), ConsistentRead: aws.Bool(true)})
	if err != nil {
		t.Fatalf("Scan: %v", err)
	}
	all := map[string][]string{}
	for _, i := range out.Items {
		var names []string
		for name := range i {
			names = append(names, name)
		}
		slices.Sort(names)
		all[i["pk"].(*types.AttributeValueMemberS).Value+" "+i["sk"].(*types.AttributeValueMemberS).Value] = names
	}
	return all
}

// TestDueIsSpread makes sure that open exports don't share one partition of the index.
func TestDueIsSpread(t *testing.T) {
	client, name := table(t)
	s := dynamostore.New(client, name)
	for n := range 40 {
		if _, _, err := s.CreateExport(t.Context(), pending(fmt.Sprintf("exp_%d", n)), nil, nil); err != nil {
			t.Fatalf("CreateExport: %v", err)
		}
	}
	out, err := client.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(name), IndexName: aws.String(dynamostore.DueIndex)})
	if err != nil {
		t.Fatalf("Scan: %v", err)
	}
	shards := map[string]int{}
	for _, i := range out.Items {
		shards[i["open_shard"].(*types.AttributeValueMemberS).Value]++
	}
	if len(out.Items) != 40 || len(shards) < 6 {
		t.Errorf("%d open exports in %d partitions, want 40 in 6 or more", len(out.Items), len(shards))
	}
}
