package steps_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/metrics"
	"github.com/videovector/exports/internal/steps"
	"github.com/videovector/exports/internal/store"
)

// asked are records that hold nothing, and remember who was asked for.
type asked struct {
	steps.SweepRecords
	refs     []store.Ref
	accounts []string
}

func (a *asked) Export(_ context.Context, account, id string) (export.Export, error) {
	a.refs = append(a.refs, store.Ref{AccountID: account, ExportID: id})
	return export.Export{}, store.ErrExportNotFound
}

func (a *asked) Admission(_ context.Context, account string) (admission.Account, error) {
	a.accounts = append(a.accounts, account)
	return admission.Account{AccountID: account}, nil
}

func (a *asked) SaveAdmission(_ context.Context, next admission.Account) (admission.Account, error) {
	return next, nil
}

// FuzzSweepEvent: an execution's end leads to the one export that its name and its input agree on, or to none; an event that
// isn't so is refused.
func FuzzSweepEvent(f *testing.F) {
	input := `"{\"account_id\":\"acct\",\"export_id\":\"exp_1\",\"generation\":1}"`
	for _, detail := range []string{
		`{"name":"exp_1-g1","status":"FAILED","input":` + input + `}`, `{"name":"exp_1-g1","status":"SUCCEEDED","input":` + input + `}`,
		`{"name":"exp_1-g2","status":"ABORTED","input":` + input + `}`, `{"name":"exp_1-g1","status":"FAILED","input":"{}{}"}`,
		`{"name":"exp_1-g1","status":"FAILED","input":"{\"account_id\":\"acct\",\"export_id\":\"exp_1\",\"generation\":1,\"generation\":1}"}`, `{}`, `null`,
	} {
		f.Add([]byte(detail))
	}
	f.Fuzz(func(t *testing.T, detail []byte) {
		in := steps.SweepIn{DetailType: "Step Functions Execution Status Change"}
		if json.Unmarshal(detail, &in.Detail) != nil {
			return
		}
		records := &asked{}
		log := slog.New(slog.DiscardHandler)
		s := steps.Sweep{Records: records, Metrics: metrics.New(log, "n", time.Now), Clock: time.Now, Log: log}
		out, err := s.Handle(t.Context(), in)
		id, generation, ok := export.ParseExecutionName(in.Detail.Name)
		if err == nil && !ok || out.Started+out.DeadLettered+out.Admitted > 0 {
			t.Errorf("%q gives %+v, %v", detail, out, err)
		}
		var job steps.Job
		for _, account := range records.accounts {
			if !export.ValidID(account) {
				t.Errorf("%q leads to the account %q", detail, account)
			}
		}
		for _, ref := range records.refs {
			if json.Unmarshal([]byte(in.Detail.Input), &job) != nil || ref.ExportID != id || job.ExportID != id || job.Generation != generation || ref.AccountID != job.AccountID {
				t.Errorf("%q leads to %+v", detail, ref)
			}
		}
	})
}
