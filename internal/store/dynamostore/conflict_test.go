package dynamostore_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/dynamostore"
)

// conflicting refuses the next transactions as DynamoDB does when they meet another one; before it does, meanwhile runs.
type conflicting struct {
	dynamostore.API
	left      int
	calls     int
	meanwhile func()
}

func cancelled(codes ...string) error {
	err := &types.TransactionCanceledException{Message: aws.String("Transaction cancelled")}
	for _, c := range codes {
		err.CancellationReasons = append(err.CancellationReasons, types.CancellationReason{Code: aws.String(c)})
	}
	return err
}

func (c *conflicting) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, o ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	c.calls++
	if c.left > 0 {
		c.left--
		if c.meanwhile != nil {
			c.meanwhile()
		}
		return nil, cancelled("TransactionConflict", "None")
	}
	return c.API.TransactWriteItems(ctx, in, o...)
}

func TestConflictWithoutWinnerCreates(t *testing.T) {
	client, name := table(t)
	api := &conflicting{API: client, left: 3}
	s := dynamostore.New(api, name)
	rec, created, err := s.CreateExport(t.Context(), pending("exp_1"), idem(pending("exp_1")), nil)
	if err != nil || !created || rec.ResourceID != "exp_1" || api.calls != 4 {
		t.Errorf("CreateExport = %q, created %v, %v after %d transactions", rec.ResourceID, created, err, api.calls)
	}
}

func TestConflictWithWinnerAnswersWithIt(t *testing.T) {
	client, name := table(t)
	api := &conflicting{API: client, left: 1, meanwhile: func() {
		e := pending("exp_winner")
		if _, created, err := dynamostore.New(client, name).CreateExport(t.Context(), e, idem(e), nil); err != nil || !created {
			t.Errorf("the winner: created %v, %v", created, err)
		}
	}}
	s := dynamostore.New(api, name)
	rec, created, err := s.CreateExport(t.Context(), pending("exp_1"), idem(pending("exp_1")), nil)
	if err != nil || created || rec.ResourceID != "exp_winner" || api.calls != 1 {
		t.Errorf("CreateExport = %q, created %v, %v after %d transactions", rec.ResourceID, created, err, api.calls)
	}
	if _, err := s.Export(t.Context(), "acct", "exp_1"); !fault.Is(err, fault.NotFound) {
		t.Errorf("the loser's export: %v, want not found", err)
	}
}

// empty finds nothing and answers every write with err.
type empty struct {
	dynamostore.API
	err error
}

func (e empty) GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	return &dynamodb.GetItemOutput{}, nil
}

func (e empty) PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	return nil, e.err
}

func (e empty) TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	return nil, e.err
}

func TestConflictThatStaysIsUnavailable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := dynamostore.New(empty{err: cancelled("TransactionConflict", "None")}, "table")
		_, created, err := s.CreateExport(t.Context(), pending("exp_1"), idem(pending("exp_1")), nil)
		if !fault.Is(err, fault.Unavailable) || created {
			t.Errorf("CreateExport = created %v, %v; want unavailable", created, err)
		}
	})
}

// TestConflictOnThePlace: whoever is in the way there is about to move it, so the same write has no use any more.
func TestConflictOnThePlace(t *testing.T) {
	for _, e := range []error{cancelled("None", "None", "TransactionConflict"), cancelled("TransactionConflict", "None", "TransactionConflict")} {
		s := dynamostore.New(empty{err: e}, "table")
		_, created, err := s.CreateExport(t.Context(), pending("exp_1"), idem(pending("exp_1")), &admission.Account{AccountID: "acct"})
		if !errors.Is(err, store.ErrAdmissionMoved) || created {
			t.Errorf("CreateExport = created %v, %v; want %v", created, err, store.ErrAdmissionMoved)
		}
	}
}

func TestFailureKinds(t *testing.T) {
	api := func(code string, f smithy.ErrorFault) error {
		return &smithy.OperationError{ServiceID: "DynamoDB", OperationName: "PutItem", Err: &smithy.GenericAPIError{Code: code, Message: "secret detail", Fault: f}}
	}
	for name, c := range map[string]struct {
		err  error
		kind fault.Kind
		code string
	}{
		"throttling":            {api("ThrottlingException", smithy.FaultClient), fault.Throttled, "store_throttled"},
		"throughput":            {&types.ProvisionedThroughputExceededException{}, fault.Throttled, "store_throttled"},
		"request limit":         {api("RequestLimitExceeded", smithy.FaultClient), fault.Throttled, "store_throttled"},
		"throttled transaction": {cancelled("None", "ThrottlingError"), fault.Throttled, "store_throttled"},
		"server error":          {&types.InternalServerError{}, fault.Unavailable, "store_unavailable"},
		"another server error":  {api("ServiceUnavailable", smithy.FaultServer), fault.Unavailable, "store_unavailable"},
		"conflict of one write": {&types.TransactionConflictException{}, fault.Unavailable, "store_unavailable"},
		"time-out":              {context.DeadlineExceeded, fault.Unavailable, "store_unavailable"},
		"no permission":         {api("AccessDeniedException", smithy.FaultClient), fault.Internal, "store_failed"},
		"no table":              {&types.ResourceNotFoundException{}, fault.Internal, "store_failed"},
		"refused item":          {api("ValidationException", smithy.FaultClient), fault.Internal, "store_failed"},
		"refused transaction":   {cancelled("ValidationError", "None"), fault.Internal, "store_failed"},
	} {
		t.Run(name, func(t *testing.T) {
			s := dynamostore.New(empty{err: c.err}, "table")
			_, _, alone := s.CreateExport(t.Context(), pending("exp_1"), nil, nil)
			_, _, under := s.CreateExport(t.Context(), pending("exp_1"), idem(pending("exp_1")), nil)
			saved := func() error {
				_, err := s.SaveExport(t.Context(), pending("exp_1"), pending("exp_1").Fence())
				return err
			}()
			for call, err := range map[string]error{"create alone": alone, "create under key": under, "save": saved} {
				f := fault.As(err)
				if err == nil || f.Kind != c.kind || f.Code != c.code {
					t.Errorf("%s: kind %d, %v; want kind %d, %s", call, f.Kind, err, c.kind, c.code)
				}
			}
		})
	}
}

// stingy processes few keys of a batch at a time, and says which it left out.
type stingy struct {
	dynamostore.API
	give int
}

func (s stingy) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	for name, wanted := range in.RequestItems {
		give := min(s.give, len(wanted.Keys))
		rest := wanted
		rest.Keys = wanted.Keys[give:]
		out := &dynamodb.BatchGetItemOutput{}
		if give > 0 {
			wanted.Keys = wanted.Keys[:give]
			var err error
			if out, err = s.API.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{name: wanted}}, o...); err != nil {
				return nil, err
			}
		}
		if len(rest.Keys) > 0 {
			out.UnprocessedKeys = map[string]types.KeysAndAttributes{name: rest}
		}
		return out, nil
	}
	return nil, nil
}

func TestUnprocessedKeysAreAskedForAgain(t *testing.T) {
	client, name := table(t)
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		if err := dynamostore.New(client, name).PutRun(t.Context(), export.Run{ID: id, AccountID: "acct", IndexID: "idx"}, nil); err != nil {
			t.Fatalf("PutRun: %v", err)
		}
	}
	runs, err := dynamostore.New(stingy{client, 2}, name).RunsOfIndex(t.Context(), "acct", "idx")
	if err != nil || len(runs) != 5 {
		t.Errorf("RunsOfIndex = %d runs, %v; want 5", len(runs), err)
	}
	_, err = dynamostore.New(stingy{client, 0}, name).RunsOfIndex(t.Context(), "acct", "idx")
	if !fault.Is(err, fault.Throttled) {
		t.Errorf("RunsOfIndex of a table that gives nothing: %v, want throttled", err)
	}
}
