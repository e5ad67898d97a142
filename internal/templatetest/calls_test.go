package templatetest

import (
	"context"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/dynamostore"
	"github.com/videovector/exports/internal/tenant"
)

// TestGrantsAreUsed runs every function through its life, the races and absences included, and notes what each asks of
// AWS, on what, and for which account. That is exactly what it may: a grant that nothing uses is as much an error as a
// call that would be refused.
func TestGrantsAreUsed(t *testing.T) {
	l := &ledger{calls: map[string]map[call]bool{}}
	runEverything(t, l)
	items, granted := itemCalls(t), powers(t, load(t))
	for _, folder := range folders(t) {
		used := map[power]bool{}
		for c := range l.calls[folder] {
			asked := []string{c.text}
			if method, isRecord := strings.CutPrefix(c.text, "records:"); isRecord {
				if asked = items[method]; asked == nil {
					t.Errorf("%s calls %s, which this test doesn't know", folder, method)
				}
			}
			for _, text := range asked {
				role := roleOf(t, folder, c.part)
				grants := slices.DeleteFunc(slices.Clone(granted), func(p power) bool { return p.who != role || !p.allows(text, c.account) })
				for _, p := range grants {
					used[p] = true
				}
				if len(grants) == 0 {
					t.Errorf("%s may not, as %s for account %q: %s", folder, role, c.account, text)
				}
			}
		}
		for _, p := range granted {
			name := strings.TrimSuffix(logicalID(folder), "Function")
			idle := strings.HasPrefix(p.action, "logs:") || strings.HasPrefix(p.action, "not ") || p.policy != p.who && p.action != "kms:Decrypt" && p.action != "kms:GenerateDataKey"
			if (p.who == name+"Role" || p.who == name+"AccountRole") && !idle && !used[p] {
				t.Errorf("never used: %s", p)
			}
		}
	}
}

// allows reports whether the call is what the power is about, under a session of the account. A power without conditions
// allows the call whatever else is said of it.
func (p power) allows(text, account string) bool {
	if account == "" && strings.Contains(p.on, "{account}") {
		return false
	}
	text, condition, _ := strings.Cut(text, " if ")
	on, needed, conditional := strings.Cut(strings.ReplaceAll(p.on, "{account}", account), " if ")
	if !glob(p.action+" "+on, text) {
		return false
	}
	if !conditional {
		return true
	}
	operator, values, _ := cutLast(needed, " s3:prefix ")
	for value := range strings.SplitSeq(values, " or ") {
		if glob(operator+" s3:prefix "+value, condition) {
			return true
		}
	}
	return glob(needed, condition)
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// glob matches as IAM does: a star stands for any characters.
func glob(pattern, s string) bool {
	return regexp.MustCompile(`\A` + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, `.*`) + `\z`).MatchString(s)
}

// roleOf is the role under which a function's part works: the account's, if the main names it after boot.PerAccount.
func roleOf(t *testing.T, folder, part string) string {
	named, name := needs(t, folder), strings.TrimSuffix(logicalID(folder), "Function")
	if part == "Results" && !slices.Contains(named, part) {
		part = "Samples"
	}
	at, fence := slices.Index(named, part), slices.Index(named, "PerAccount")
	if at < 0 {
		t.Errorf("%s works with %s, which its main doesn't name", folder, part)
	}
	if fence >= 0 && fence < at {
		return name + "AccountRole"
	}
	return name + "Role"
}

// call is one of a function's: by which part, for which account ("" for none), and what is asked. A call of the record
// store is "records:" and its method.
type call struct{ part, account, text string }

// ledger notes calls by function.
type ledger struct {
	log   *slog.Logger // of the functions; nil discards it
	mu    sync.Mutex
	calls map[string]map[call]bool
}

func (l *ledger) note(ctx context.Context, folder, part, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.calls[folder] == nil {
		l.calls[folder] = map[call]bool{}
	}
	l.calls[folder][call{part, tenant.Account(ctx), text}] = true
}

// itemCalls is what each method of the record store asks of DynamoDB.
func itemCalls(t *testing.T) map[string][]string {
	t.Helper()
	ctx, now := t.Context(), time.Now()
	e := export.New("exp_1", "acct", "user", export.Request{Type: export.TypeIndex, TargetID: "idx"}, now)
	idem := store.Idempotency{
		IdempotencyKey: store.IdempotencyKey{AccountID: "acct", Route: "aa", Key: "bb"}, ExpiresAt: now.Add(time.Hour), Now: now,
	}
	place := admission.Account{AccountID: "acct", Running: []string{"exp_1"}}
	calls := map[string]func(*dynamostore.Store) error{
		"APIKey":       func(s *dynamostore.Store) error { _, err := s.APIKey(ctx, "cafe"); return err },
		"CreateExport": func(s *dynamostore.Store) error { _, _, err := s.CreateExport(ctx, e, &idem, &place); return err },
		"Idempotency":  func(s *dynamostore.Store) error { _, err := s.Idempotency(ctx, idem.IdempotencyKey, now); return err },
		"AnyExport":    func(s *dynamostore.Store) error { _, err := s.AnyExport(ctx, "acct", "exp_1"); return err },
		"Export":       func(s *dynamostore.Store) error { _, err := s.Export(ctx, "acct", "exp_1"); return err },
		"SaveExport":   func(s *dynamostore.Store) error { _, err := s.SaveExport(ctx, e, e.Fence()); return err },
		"ListExports": func(s *dynamostore.Store) error {
			_, err := s.ListExports(ctx, "acct", store.ListQuery{Limit: 1})
			return err
		},
		"SaveExportOnce": func(s *dynamostore.Store) error {
			_, _, _, err := s.SaveExportOnce(ctx, e, e.Fence(), &idem, &place)
			return err
		},
		"ClosingExports": func(s *dynamostore.Store) error { _, err := s.ClosingExports(ctx, now, 1); return err },
		"RemoveExport": func(s *dynamostore.Store) error {
			_ = s.RemoveExport(ctx, "acct", "exp_1") // it meets another transaction
			return s.RemoveExport(ctx, "acct", "exp_1")
		},
		"DueExports":    func(s *dynamostore.Store) error { _, err := s.DueExports(ctx, now, 1); return err },
		"Admission":     func(s *dynamostore.Store) error { _, err := s.Admission(ctx, "acct"); return err },
		"SaveAdmission": func(s *dynamostore.Store) error { _, err := s.SaveAdmission(ctx, place); return err },
		"DueAdmissions": func(s *dynamostore.Store) error { _, err := s.DueAdmissions(ctx, now, 1); return err },
		"OpenExports":   func(s *dynamostore.Store) error { _, err := s.OpenExports(ctx); return err },
		"NoteShard": func(s *dynamostore.Store) error {
			return s.NoteShard(ctx, "acct", "exp_1", 1, export.ShardNote{At: now})
		},
		"ShardNotes": func(s *dynamostore.Store) error {
			_, err := s.ShardNotes(ctx, "acct", "exp_1", 1)
			return err
		},
		"Index":       func(s *dynamostore.Store) error { _, err := s.Index(ctx, "acct", "idx"); return err },
		"Run":         func(s *dynamostore.Store) error { _, err := s.Run(ctx, "acct", "run"); return err },
		"RunsOfIndex": func(s *dynamostore.Store) error { _, err := s.RunsOfIndex(ctx, "acct", "idx"); return err },
		"Parts":       func(s *dynamostore.Store) error { _, err := s.Parts(ctx, "acct", "run"); return err },
		"Connector":   func(s *dynamostore.Store) error { _, err := s.Connector(ctx, "acct", "conn"); return err },
		"CreateConnector": func(s *dynamostore.Store) error {
			_, _, err := s.CreateConnector(ctx, store.Connector{ID: "conn", AccountID: "acct"}, &idem)
			return err
		},
		"Automation": func(s *dynamostore.Store) error { _, err := s.Automation(ctx, "acct", "idx"); return err },
		"Ending":     func(s *dynamostore.Store) error { _, err := s.Ending(ctx, "acct", "idx", "run"); return err },
		"SaveAutomation": func(s *dynamostore.Store) error {
			a, noted := export.NewAutomation("acct", "idx", now), &store.Ending{RunID: "run", Text: "completed"}
			_, _ = s.SaveAutomation(ctx, a, 0, noted) // it meets another transaction
			_, err := s.SaveAutomation(ctx, a, 0, noted)
			return err
		},
		"DueAutomations": func(s *dynamostore.Store) error { _, err := s.DueAutomations(ctx, now, 1); return err },
		"ListConnectors": func(s *dynamostore.Store) error { _, err := s.ListConnectors(ctx, "acct"); return err },
		"SaveConnector": func(s *dynamostore.Store) error {
			_, err := s.SaveConnector(ctx, store.Connector{ID: "conn", AccountID: "acct"}, 0)
			return err
		},
		"DeleteConnector": func(s *dynamostore.Store) error {
			_ = s.DeleteConnector(ctx, "acct", "conn") // it meets another transaction
			return s.DeleteConnector(ctx, "acct", "conn")
		},
	}
	hook, delivery := store.Webhook{ID: "wh_1", AccountID: "acct"}, store.Delivery{ID: "dlv_1", AccountID: "acct", WebhookID: "wh_1"}
	maps.Copy(calls, map[string]func(*dynamostore.Store) error{
		"CreateWebhook":  func(s *dynamostore.Store) error { _, _, err := s.CreateWebhook(ctx, hook, &idem); return err },
		"Webhook":        func(s *dynamostore.Store) error { _, err := s.Webhook(ctx, "acct", "wh_1"); return err },
		"ListWebhooks":   func(s *dynamostore.Store) error { _, err := s.ListWebhooks(ctx, "acct"); return err },
		"SaveWebhook":    func(s *dynamostore.Store) error { _, err := s.SaveWebhook(ctx, hook, 0); return err },
		"CreateDelivery": func(s *dynamostore.Store) error { _, err := s.CreateDelivery(ctx, delivery); return err },
		"Delivery":       func(s *dynamostore.Store) error { _, err := s.Delivery(ctx, "acct", "dlv_1"); return err },
		"SaveDelivery":   func(s *dynamostore.Store) error { _, err := s.SaveDelivery(ctx, delivery, 0); return err },
		"DueDeliveries":  func(s *dynamostore.Store) error { _, err := s.DueDeliveries(ctx, now, 1); return err },
		"ListDeliveries": func(s *dynamostore.Store) error {
			_, err := s.ListDeliveries(ctx, "acct", "wh_1", store.DeliveryQuery{Limit: 1})
			return err
		},
		"DeleteWebhook": func(s *dynamostore.Store) error {
			_ = s.DeleteWebhook(ctx, "acct", "wh_1") // it meets another transaction
			return s.DeleteWebhook(ctx, "acct", "wh_1")
		},
	})
	out := map[string][]string{}
	for name, call := range calls {
		table := &asked{lines: map[string]bool{}}
		if err := call(dynamostore.New(table, "table")); err != nil && !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
		out[name] = slices.Sorted(maps.Keys(table.lines))
	}
	return out
}

// asked is a table without items, but for one run of every index, that notes what it is asked. Its first transaction
// meets another one.
type asked struct {
	mu         sync.Mutex
	lines      map[string]bool
	conflicted bool
}

func (a *asked) note(action string, pk types.AttributeValue) {
	a.mu.Lock()
	defer a.mu.Unlock()
	text, _ := pk.(*types.AttributeValueMemberS)
	a.lines["dynamodb:"+action+" Table "+text.Value] = true
}

func (a *asked) GetItem(_ context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	a.note("GetItem", in.Key["pk"])
	return &dynamodb.GetItemOutput{}, nil
}

func (a *asked) PutItem(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	a.note("PutItem", in.Item["pk"])
	return &dynamodb.PutItemOutput{}, nil
}

func (a *asked) Query(_ context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	if in.IndexName != nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.lines["dynamodb:Query Table/index/"+*in.IndexName] = true
		return &dynamodb.QueryOutput{}, nil
	}
	a.note("Query", in.ExpressionAttributeValues[":pk"])
	below, _ := in.ExpressionAttributeValues[":sk"].(*types.AttributeValueMemberS)
	if below == nil || !strings.HasPrefix(below.Value, "IDXRUN#") {
		return &dynamodb.QueryOutput{}, nil
	}
	member := map[string]types.AttributeValue{"sk": &types.AttributeValueMemberS{Value: below.Value + "run_1"}}
	return &dynamodb.QueryOutput{Items: []map[string]types.AttributeValue{member}}, nil
}

func (a *asked) BatchGetItem(_ context.Context, in *dynamodb.BatchGetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	for _, keys := range in.RequestItems {
		for _, k := range keys.Keys {
			a.note("BatchGetItem", k["pk"])
		}
	}
	return &dynamodb.BatchGetItemOutput{}, nil
}

func (a *asked) TransactWriteItems(_ context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	for _, w := range in.TransactItems {
		switch { // a transaction needs the permissions of its parts
		case w.Put != nil:
			a.note("PutItem", w.Put.Item["pk"])
		case w.Delete != nil:
			a.note("DeleteItem", w.Delete.Key["pk"])
		case w.Update != nil:
			a.note("UpdateItem", w.Update.Key["pk"])
		case w.ConditionCheck != nil:
			a.note("ConditionCheckItem", w.ConditionCheck.Key["pk"])
		}
	}
	if !a.conflicted {
		a.conflicted = true
		code := "TransactionConflict"
		return nil, &types.TransactionCanceledException{CancellationReasons: []types.CancellationReason{{Code: &code}, {}}}
	}
	return &dynamodb.TransactWriteItemsOutput{}, nil
}
